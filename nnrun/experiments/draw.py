"""Turns a Keras model into a graph to draw, including shared layers and nested models."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras

from nnrun.analysis.model_plot import LayerBox, ModelGraph, draw_model
from nnrun.config.roles import roles_of
from nnrun.models.shapes import applied_to, layer_shapes
from nnrun.models.stand_ins import classes_of_stand_ins
from nnrun.runs.atomic import write_with

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnrun.config.schema import Experiment

MOST_INNER = 12
"""Nested models with more layers than this are drawn as one box."""
NAMED = 6
"""The most inner layers that the box of a user's own class names."""

Sources = list[str]
_Tensor = tuple[int, int, int]


def picture(model: Any, path: Path, experiment: Experiment) -> None:
    """Draw a built model into a file, in the format of its suffix.

    Args:
        model: The model.
        path: The file.
        experiment: The config that it was built from.

    Raises:
        RunError: The file cannot be written.
    """
    graph, form = graph_of(model), path.suffix.lower().removeprefix(".")
    _tell_text(graph, experiment)
    write_with(path, lambda file: draw_model(graph, file, title=experiment.name, form=form))


def _tell_text(graph: ModelGraph, experiment: Experiment) -> None:
    """Label text inputs, and the layers that read them."""
    classes = classes_of_stand_ins(experiment.outline)
    texts = roles_of(experiment).texts
    for index, box in enumerate(graph.boxes):
        if box.state == "input" and box.key in texts:
            graph.boxes[index] = dataclasses.replace(box, lines=("text",))
        elif box.key in classes:
            lines = (classes[box.key], *box.lines[1:])
            graph.boxes[index] = dataclasses.replace(box, lines=lines)


def graph_of(model: Any) -> ModelGraph:
    """The layers of a built model with their connections.

    A layer that is called several times is one box. Layers within a user's own class are named in
    its box, since only its code knows how they are connected.
    """
    graph = ModelGraph()
    functional = _functional(model)
    if functional is None:
        graph.boxes.append(LayerBox("input", "inputs", (), "input"))
        _add_box(graph, model, "model", "")
        graph.lines.append(("input", "model"))
    else:
        _walk(graph, functional, "", "", None)
    return graph


def _functional(model: Any) -> Any:
    """The model as a Keras graph; None for a class with its own `call`."""
    inner = getattr(model, "_functional", model)
    return inner if hasattr(inner, "_nodes_by_depth") else None


def _walk(
    graph: ModelGraph, functional: Any, prefix: str, group: str, given: Sequence[Sources] | None
) -> list[Sources]:
    """Add the layers of a model; for a nested one, `given` has the sources of its inputs.

    Returns:
        The boxes that its outputs come from.
    """
    made: dict[_Tensor, Sources] = {}
    if given is not None:
        for tensor, sources in zip(functional.inputs, given, strict=True):
            made[_tensor(tensor)] = sources
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for node in functional._nodes_by_depth[depth]:
            layer = node.operation
            outputs = [_tensor(tensor) for tensor in node.output_tensors]
            if isinstance(layer, keras.layers.InputLayer):
                if given is None:
                    key = f"{prefix}{layer.name}"
                    lines = (_shape(_outputs_of(layer)),)
                    graph.boxes.append(LayerBox(key, layer.name, lines, "input", group))
                    made[outputs[0]] = [key]
                continue
            came = [made[_tensor(tensor)] for tensor in applied_to(node)]
            if not isinstance(layer, keras.Layer):  # a mask, or a sum that code has written with +
                passed = [source for sources in came for source in sources]
                made |= dict.fromkeys(outputs, passed)
                continue
            ends = _add_layer(graph, layer, f"{prefix}{layer.name}", group, came)
            made |= zip(outputs, ends * len(outputs) if len(ends) == 1 else ends, strict=False)
    return [made[_tensor(tensor)] for tensor in functional.outputs]


def _add_layer(
    graph: ModelGraph, layer: Any, key: str, group: str, sources: Sequence[Sources]
) -> list[Sources]:
    """Add a layer, or a nested model layer by layer; returns the boxes of its outputs."""
    inner = _functional(layer) if isinstance(layer, keras.Model) else None
    known = any(box.key == key or box.group == layer.name for box in graph.boxes)
    if inner is not None and len(layer.layers) <= MOST_INNER and not known:
        return _walk(graph, inner, f"{key}/", layer.name, sources)
    if not any(box.key == key for box in graph.boxes):
        _add_box(graph, layer, key, group)
    graph.lines += [(source, key) for came in sources for source in came]
    return [[key]]


def _add_box(graph: ModelGraph, layer: Any, key: str, group: str) -> None:
    lines = [type(layer).__name__, _shape(_outputs_of(layer))]
    if layer.count_params():
        lines.append(f"{layer.count_params():,} parameters")
    if isinstance(layer, keras.Model):
        if _functional(layer) is not None:
            lines.append(f"{len(layer.layers)} layers")
        else:
            names = [inner.name for inner in layer.layers]
            lines += [*names[:NAMED], *(["…"] if len(names) > NAMED else [])]
    state = "plain"
    if layer.weights:
        state = "learns" if layer.trainable_variables else "frozen"
    if state == "frozen" and layer.trainable:
        state = "plain"  # such as the means and variances of the preprocessing
    lines[0] = ", ".join(filter(None, (lines[0], _activation(layer))))
    if state == "frozen":
        lines[0] += ", frozen"
    graph.boxes.append(LayerBox(key, layer.name, tuple(filter(None, lines)), state, group))


def _activation(layer: Any) -> str:
    """The name of a layer's activation; empty for none and for the identity."""
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", type(activation).__name__)
    return "" if activation is None or name == "linear" else name


def _outputs_of(layer: Any) -> list[tuple[int | None, ...]]:
    """The known shapes of a layer's outputs."""
    return layer_shapes(layer)


def _shape(shapes: Sequence[tuple[int | None, ...]]) -> str:
    return ", ".join(
        " x ".join("?" if size is None else str(size) for size in one) for one in shapes
    )


def _tensor(tensor: Any) -> _Tensor:
    """The identity of a tensor in a graph."""
    history = tensor._keras_history
    return id(history.operation), history.node_index, history.tensor_index
