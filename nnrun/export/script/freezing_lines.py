"""The lines of a script that freeze and unfreeze layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.export.script.expressions import double_quoted, layout, literal
from nnrun.models.freezing import leaves

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


def freezing_lines(model: Any, *, written: Collection[str] = ()) -> Iterator[str]:
    """Lines that freeze the layers that are frozen in nnrun's own model.

    Args:
        model: The model as its training begins.
        written: The names of layers that are frozen where they are made.
    """
    frozen = {id(layer) for layer in _frozen(model) if layer.name not in written}
    yield from _freezing(model, "model", frozen)


def unfreezing_lines(model: Any, chosen: Sequence[Any]) -> Iterator[str]:
    """Lines that unfreeze layers; others in the same nested model stay frozen.

    Args:
        model: nnrun's own model as its training begins.
        chosen: The frozen layers that learn from now on.
    """
    learning = {id(layer) for layer in chosen}
    stay = {id(layer) for layer in _frozen(model)} - learning
    yield from _learning(model, "model", learning, stay)


def _frozen(model: Any) -> list[Any]:
    return [leaf for leaf in leaves(model) if leaf.weights and not leaf.trainable]


def _freezing(holder: Any, called: str, frozen: Collection[int]) -> Iterator[str]:
    """Lines that freeze some layers of a model; nested models as a whole if possible."""
    whole = []
    for index, layer in enumerate(holder.layers):
        inner = [id(leaf) in frozen for leaf in leaves(layer) if leaf.weights]
        if inner and all(inner):
            whole.append(index)
        elif any(inner):
            yield from _freezing(layer, _layer(holder, called, index), frozen)
    yield from _setting(holder, called, whole, trainable=False)


def _learning(
    holder: Any, called: str, learning: Collection[int], stay: Collection[int]
) -> Iterator[str]:
    """Lines that unfreeze some layers of a model but not others."""
    whole: list[int] = []
    for index, layer in enumerate(holder.layers):
        inner = {id(leaf) for leaf in leaves(layer)}
        if not inner.intersection(learning):
            continue
        if layer.trainable:  # setting it again would not reach the layers in it
            yield from _learning(layer, _layer(holder, called, index), learning, stay)
        elif not inner.intersection(stay):
            whole.append(index)
        else:
            yield from _setting(holder, called, [index], trainable=True)
            yield from _freezing(layer, _layer(holder, called, index), stay)
    yield from _setting(holder, called, whole, trainable=True)


def _setting(holder: Any, called: str, indices: Sequence[int], *, trainable: bool) -> Iterator[str]:
    """Lines that set `trainable` of some layers of a model."""
    if not indices:
        return
    if len(indices) == 1:
        yield f"{_layer(holder, called, indices[0])}.trainable = {trainable}"
    elif _has_names(holder, called):
        names = layout(literal([holder.layers[index].name for index in indices]))
        yield f"for name in {names}:\n    {called}.get_layer(name).trainable = {trainable}"
    else:
        chosen = _chosen(holder, called, indices)
        yield f"for layer in {chosen}:\n    layer.trainable = {trainable}"


def _chosen(holder: Any, called: str, indices: Sequence[int]) -> str:
    """Some layers of a model as a slice or one by one; layers without weights don't matter."""
    layers = holder.layers
    weighted = [index for index, layer in enumerate(layers) if layer.weights]
    first, last = indices[0], indices[-1]
    if [index for index in weighted if first <= index <= last] != list(indices):
        return f"[{', '.join(f'{called}.layers[{index}]' for index in indices)}]"
    begin = "" if weighted[0] == first else str(first)
    after = len(layers) - 1 - last
    end = "" if weighted[-1] == last else str(-after if after <= last else last + 1)
    return f"{called}.layers[{begin}:{end}]" if begin or end else f"{called}.layers"


def _layer(holder: Any, called: str, index: int) -> str:
    if _has_names(holder, called):
        return f"{called}.get_layer({double_quoted(holder.layers[index].name)})"
    return f"{called}.layers[{index}]"


def _has_names(holder: Any, called: str) -> bool:
    """Whether the layers go by the names of the config: those of a graph itself do."""
    import keras

    return called == "model" and not isinstance(holder, keras.Sequential)
