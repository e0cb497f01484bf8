"""The lines of a script that split the rows as nnrun does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.data.splitting import DRAW
from nnrun.export.script.expressions import double_quoted
from nnrun.export.script.grouping import has_several, labels_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.copying import Copies

_ROWS_OF = """\
def rows_of(arrays, rows):
    return {name: array[rows] for name, array in arrays.items()}"""
_SHORT = {"test": "test", "validation": "valid"}


def splitting_lines(prepared: Prepared, copies: Copies) -> Iterator[str]:
    """Lines after which `X_train`, `y_train` and so on hold the rows of each part.

    Args:
        prepared: The experiment with its data.
        copies: Where the functions of nnrun's that they need are added.
    """
    split, parts = prepared.experiment.dataset.split, prepared.splits.parts
    counts = {
        short: parts[part].rows
        for part, short in _SHORT.items()
        if isinstance(getattr(split, part), int | float)
    }
    named = has_several(prepared)
    if parts["train"].weights is not None:
        named["sample_weight"] = False
    if not counts:
        yield f"{', '.join(f'{array}_train' for array in named)} = {', '.join(named)}"
    elif not any(named.values()) and not split.shuffle and not split.stratify:
        yield from _unshuffled_lines(counts, [*named])
    else:
        if split.stratify:
            copies.add("nnrun.data.splitting", "_take")
        yield from _order_lines(prepared, sum(counts.values()) + parts["train"].rows, named["X"])
        yield from _stratified_lines(counts, prepared) if split.stratify else _drawn_lines(counts)
        yield from _part_lines(["train", *reversed(counts)], named)
    yield from _one_hot_lines(prepared)


def part_names(prepared: Prepared) -> list[str]:
    """The names of the parts in the script: `train`, `valid`, `test`."""
    return [{"validation": "valid"}.get(name, name) for name in prepared.splits.parts]


def _unshuffled_lines(counts: dict[str, int], arrays: Sequence[str]) -> Iterator[str]:
    if len(counts) == 1:
        ((name, count),) = counts.items()
        for array in arrays:
            yield f"{array}_{name}, {array}_train = {array}[:{count}], {array}[{count}:]"
        return
    ends = np.cumsum(list(counts.values())).tolist()
    for array in arrays:
        names = ", ".join(f"{array}_{name}" for name in (*counts, "train"))
        yield f"{names} = np.split({array}, {ends})"


def _drawn_lines(counts: dict[str, int]) -> Iterator[str]:
    ends = np.cumsum(list(counts.values())).tolist()
    names = ", ".join((*counts, "train"))
    yield f"{names} = (np.sort(rows) for rows in np.split(order, {ends}))"


def _order_lines(prepared: Prepared, rows: int, by_name: bool) -> Iterator[str]:
    """The order in which the parts take their rows."""
    split, seed = prepared.experiment.dataset.split, prepared.experiment.split_seed
    count = str(rows) if by_name else "len(X)"
    drawn = f"drawn by the seed {seed}" if split.shuffle else "in their order"
    yield f"# The rows of the parts, {drawn}{', each class in its share' if split.stratify else ''}"
    if split.shuffle:
        yield f"order = np.random.default_rng([{seed}, {DRAW:#x}]).permutation({count})"
    else:
        yield f"order = np.arange({count})"


def _stratified_lines(counts: dict[str, int], prepared: Prepared) -> Iterator[str]:
    for name, count in counts.items():
        yield f"taken = _take(order, {_labels(prepared)}[order], {count})"
        yield f"{name}, order = np.sort(order[taken]), order[~taken]"
    yield "train = np.sort(order)"


def _part_lines(parts: Sequence[str], named: Mapping[str, bool]) -> Iterator[str]:
    """The rows of the parts, of arrays and of arrays by name."""
    if any(named.values()):
        yield _ROWS_OF
    for array, by_name in named.items():
        names = ", ".join(f"{array}_{part}" for part in parts)
        rows = (f"rows_of({array}, {part})" if by_name else f"{array}[{part}]" for part in parts)
        yield f"{names} = {', '.join(rows)}"


def _labels(prepared: Prepared) -> str:
    """The labels to stratify by."""
    targets = prepared.splits.targets
    name = next(name for name, target in targets.items() if target.classes)
    return f"y[{double_quoted(name)}]" if len(targets) > 1 else "y"


def _one_hot_lines(prepared: Prepared) -> Iterator[str]:
    for name, target in prepared.splits.targets.items():
        if target.one_hot:
            for part in part_names(prepared):
                labels = labels_in(prepared, part, name)
                yield f"{labels} = keras.utils.to_categorical({labels}, {target.width})"
