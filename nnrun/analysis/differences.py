"""The differences between two configs: settings by path, layers as an aligned sequence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import as_component
from nnrun.config.defaults import is_default_argument, without_defaults
from nnrun.config.tasks import AUTO, TASKS
from nnrun.runs.settings import describe_scalar

Kind = Literal["changed", "added", "gone"]
_MISSING: Any = object()


@dataclass(frozen=True)
class Difference:
    """One difference between two configs.

    Attributes:
        path: Where, as in `training.epochs` or `architecture[1].Dense.units`; a position counts in
            the first config's list, that of something added in the second's.
        kind: `changed`, `added` or `gone`.
        before: The first config's value; None where it was added.
        after: The second config's value; None where it is gone.
    """

    path: str
    kind: Kind
    before: Any
    after: Any


def find_differences(
    before: Mapping[str, Any], after: Mapping[str, Any], *, without: Sequence[str] = ()
) -> list[Difference]:
    """All differences between two configs as plain values.

    Lists of components (layers, callbacks, metrics) are aligned, so that a layer put in between
    is one difference and not a change of all layers after it.

    Args:
        before: The first config.
        after: The second config.
        without: Keys of the config that do not count.

    >>> find_differences({"seed": 1, "optimizer": "SGD"}, {"seed": 2, "optimizer": "SGD"})
    [Difference(path='seed', kind='changed', before=1, after=2)]
    """
    first, second = (
        {key: value for key, value in tree.items() if key not in without}
        for tree in (before, after)
    )
    _fill_in(first, second)
    return list(_compare_mappings("", first, second))


def _fill_in(*trees: dict[str, Any]) -> None:
    """Fill in implied settings that only the other config spells out."""
    for tree, other in (trees, trees[::-1]):
        if "metrics" in other and "metrics" not in tree and (usual := _usual_metrics(tree)):
            tree["metrics"] = usual
    unsaid = [tree for tree in trees if "monitor" not in (tree.get("training") or {})]
    if len(unsaid) == 1:
        (tree,) = unsaid
        tree["training"] = {**(tree.get("training") or {}), "monitor": _monitored(tree)}


def _usual_metrics(tree: Mapping[str, Any]) -> list[str]:
    """The metrics by default; empty if they depend on the rows."""
    dataset, architecture = tree.get("dataset") or {}, tree.get("architecture")
    task = dataset.get("task", AUTO)
    named = load_catalogue().dataset(str(dataset.get("name")))
    if task == AUTO and named is not None:
        task = named.facts.task
    several = isinstance(architecture, Mapping) and "outputs" in architecture
    return [] if several or task not in TASKS else [TASKS[task].metric]


def _monitored(tree: Mapping[str, Any]) -> str:
    callbacks = filter(None, map(as_component, tree.get("callbacks") or ()))
    split = (tree.get("dataset") or {}).get("split") or {}
    has_validation = split.get("validation") is not None
    return monitored_figure(None, callbacks, {}, has_validation=has_validation)[0]


def describe_value(value: Any) -> str:
    """A value of a config on one line, as it would be written there.

    >>> describe_value({"Dense": {"units": 30, "activation": "relu"}})
    'Dense: {units: 30, activation: relu}'
    """
    component = as_component(value)
    if component and isinstance(value, Mapping):
        return f"{component[0]}: {_flow(component[1])}"
    return _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return describe_scalar(value)


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if _same(without_defaults(before), without_defaults(after)):
        return
    if before is _MISSING:
        yield Difference(path, "added", None, after)
        return
    if after is _MISSING:
        yield Difference(path, "gone", before, None)
        return
    first, second = as_component(before), as_component(after)
    if first and second and first[0] == second[0]:
        yield from _compare_mappings(f"{path}.{first[0]}", first[1], second[1])
    elif _is_section(before) and _is_section(after):
        yield from _compare_mappings(path, before, after)
    elif _holds_components(before) and _holds_components(after):
        yield from _compare_sequences(path, before, after)
    else:
        yield Difference(path, "changed", before, after)


def _compare_mappings(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    owner = path.rpartition(".")[2]
    for key in dict.fromkeys((*before, *after)):
        first, second = before.get(key, _MISSING), after.get(key, _MISSING)
        if second is _MISSING and is_default_argument(owner, key, first):
            continue
        if first is _MISSING and is_default_argument(owner, key, second):
            continue
        yield from _compare(_join(path, key), first, second)


def _compare_sequences(
    path: str, before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Difference]:
    """Match equal items first and then, in the gaps, items of the same class."""
    for gap in _gaps(before, after, lambda item: repr(without_defaults(item))):
        for first, second in _align(before, after, gap):
            place = f"{path}[{second if first is None else first}]"
            yield from _compare(
                place,
                _MISSING if first is None else before[first],
                _MISSING if second is None else after[second],
            )


_Gap = tuple[range, range]


def _gaps(before: Sequence[Any], after: Sequence[Any], key: Callable[[Any], str]) -> Iterator[_Gap]:
    matcher = SequenceMatcher(None, [*map(key, before)], [*map(key, after)], autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "equal":
            yield range(start, end), range(other_start, other_end)


def _align(
    before: Sequence[Any], after: Sequence[Any], gap: _Gap
) -> Iterator[tuple[int | None, int | None]]:
    """Pairs of positions within a gap; None for an item without a counterpart."""
    names = [_class_name(before[place]) for place in gap[0]]
    other_names = [_class_name(after[place]) for place in gap[1]]
    matcher = SequenceMatcher(None, names, other_names, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        firsts, seconds = gap[0][start:end], gap[1][other_start:other_end]
        if tag == "equal":
            yield from zip(firsts, seconds, strict=True)
        else:
            yield from ((place, None) for place in firsts)
            yield from ((None, place) for place in seconds)


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) and as_component(value) is None


def _holds_components(value: Any) -> bool:
    # An empty list holds whatever the other side's does.
    return isinstance(value, list) and all(
        as_component(item) or isinstance(item, str) for item in value
    )


def _class_name(item: Any) -> str:
    component = as_component(item)
    return component[0] if component else str(item)


def _same(before: Any, after: Any) -> bool:
    return bool(before == after) or repr(before) == repr(after)  # NaN differs from itself


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
