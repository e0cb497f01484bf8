"""The lines of a script that divide the rows as nnrun does, and prepare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.data.splitting import DRAW
from nnrun.scripting.expressions import Atom, Expression, call, identifier, literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.data.prepared import Prepared
    from nnrun.scripting.copying import Copies

_ROWS_OF = """\
def rows_of(arrays, rows):
    return {name: array[rows] for name, array in arrays.items()}"""
_SHORT = {"test": "test", "validation": "valid"}


def splitting_lines(prepared: Prepared, imports: set[str], copies: Copies) -> Iterator[str]:
    """Lines after which `X_train`, `y_train` and so on hold the rows of each part.

    Args:
        prepared: The experiment with its data.
        imports: Where the import statements that they need are added.
        copies: Where the functions of nnrun's that they need are added.
    """
    split, parts = prepared.experiment.dataset.split, prepared.splits.parts
    counts = {
        short: parts[part].rows
        for part, short in _SHORT.items()
        if isinstance(getattr(split, part), int | float)
    }
    splits = prepared.splits
    named = {"X": len(splits.inputs) > 1, "y": len(splits.targets) > 1}
    if splits.train.weights is not None:
        named["sample_weight"] = False
    if any(target.input for target in splits.targets.values()):
        del named["y"]  # the targets are made of the inputs
    if not counts:
        yield f"{', '.join(f'{one}_train' for one in named)} = {', '.join(named)}"
    elif not any(named.values()) and not split.shuffle and not split.stratify:
        yield from _unshuffled_lines(counts, [*named], imports)
    else:
        imports.add("import numpy as np")
        if split.stratify:
            copies.add("nnrun.data.splitting", "_take")
        yield from _order_lines(prepared, sum(counts.values()) + splits.train.rows, named["X"])
        yield from _stratified_lines(counts, prepared) if split.stratify else _drawn_lines(counts)
        yield from _part_lines(["train", *reversed(counts)], named)
    yield from _one_hot_lines(prepared)


def part_names(prepared: Prepared) -> list[str]:
    """What the parts are called in the script: `train`, `valid`, `test`."""
    return [{"validation": "valid"}.get(name, name) for name in prepared.splits.parts]


def _unshuffled_lines(
    counts: dict[str, int], arrays: Sequence[str], imports: set[str]
) -> Iterator[str]:
    if len(counts) == 1:
        ((name, count),) = counts.items()
        for array in arrays:
            yield f"{array}_{name}, {array}_train = {array}[:{count}], {array}[{count}:]"
        return
    imports.add("import numpy as np")
    ends = np.cumsum(list(counts.values())).tolist()
    for array in arrays:
        made = ", ".join(f"{array}_{name}" for name in (*counts, "train"))
        yield f"{made} = np.split({array}, {ends})"


def _drawn_lines(counts: dict[str, int]) -> Iterator[str]:
    ends = np.cumsum(list(counts.values())).tolist()
    names = ", ".join((*counts, "train"))
    yield f"{names} = (np.sort(rows) for rows in np.split(order, {ends}))"


def _order_lines(prepared: Prepared, rows: int, by_name: bool) -> Iterator[str]:
    """The order from which the parts take their rows."""
    split, seed = prepared.experiment.dataset.split, prepared.experiment.seed
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
        made = ", ".join(f"{array}_{part}" for part in parts)
        rows = (f"rows_of({array}, {part})" if by_name else f"{array}[{part}]" for part in parts)
        yield f"{made} = {', '.join(rows)}"


def _labels(prepared: Prepared) -> str:
    """The labels by which the classes are kept in their shares."""
    targets = prepared.splits.targets
    name = next(name for name, target in targets.items() if target.classes)
    return f"y[{quoted(name)}]" if len(targets) > 1 else "y"


def _one_hot_lines(prepared: Prepared) -> Iterator[str]:
    targets = prepared.splits.targets
    for name, target in targets.items():
        if target.one_hot:
            for part in part_names(prepared):
                labels = f"y_{part}[{quoted(name)}]" if len(targets) > 1 else f"y_{part}"
                yield f"{labels} = keras.utils.to_categorical({labels}, {target.width})"


def autoencoder_lines(prepared: Prepared) -> Iterator[str]:
    """Lines that make the prepared inputs the targets, where these are to be given back."""
    if not any(target.input for target in prepared.splits.targets.values()):
        return
    preprocess = prepared.experiment.dataset.preprocess
    for part in part_names(prepared):
        rows = f"X_{part}"
        if preprocess.scale is not None:
            rows = f"{rows} / {preprocess.scale:.15g}"
        if preprocess.standardize:
            rows = f"({rows} - mean) / np.sqrt(variance)"
        elif preprocess.minmax:
            rows = f"({rows} - low) / (high - low)"
        yield f"y_{part} = {rows}"


def preprocessing(
    prepared: Prepared, imports: set[str], name: str
) -> tuple[list[str], list[Expression]]:
    """The lines that measure the training rows of an input, and the layers that prepare every row."""
    preprocess = prepared.experiment.dataset.preprocess
    spec = prepared.splits.inputs[name]
    several = len(prepared.splits.inputs) > 1
    X = f"X_train[{quoted(name)}]" if several else "X_train"  # noqa: N806 as in the script
    of = f"_of_{identifier(name)}" if several else ""
    lines: list[str] = []
    layers: list[Expression] = []
    scale = None if preprocess.scale is None else f"{preprocess.scale:.15g}"
    # Raw values do not fit into half of float32, whatever the layers behind reckon in.
    mixed = prepared.experiment.runtime.precision != "float32"
    exact = {"dtype": literal("float32")} if mixed else {}
    if scale:
        layers.append(call("keras.layers.Rescaling", f"1 / {scale}", **exact))
    if not (preprocess.standardize or preprocess.minmax):
        return lines, layers
    table = len(spec.shape) == 1
    rows = prepared.splits.train.inputs[name]
    constant = table and bool((rows.min(axis=0) == rows.max(axis=0)).any())
    axis = "axis=0" if table else ""
    over, squared = (f" / {scale}", f" / {scale}**2") if scale else ("", "")
    if preprocess.standardize:
        mean, variance = f"mean{of}", f"variance{of}"
        lines += [
            f"{mean} = {X}.mean({axis}){over}",
            f"{variance} = {X}.var({axis}){squared}",
        ]
        named: dict[str, Expression | str] = {} if table else {"axis": Atom("None")}
        if constant:
            imports.add("import numpy as np")
            lines.append(f"{variance} = np.where(np.ptp({X}, axis=0) > 0, {variance}, 1)")
        named |= {"mean": mean, "variance": variance, **exact}
        layers.append(call("keras.layers.Normalization", **named))
    else:
        low, high, width = f"low{of}", f"high{of}", f"width{of}"
        lines.append(f"{low}, {high} = {X}.min({axis}){over}, {X}.max({axis}){over}")
        divisor = f"({high} - {low})"
        if constant:
            imports.add("import numpy as np")
            lines.append(f"{width} = np.where({high} > {low}, {high} - {low}, 1)")
            divisor = width
        layers.append(
            call("keras.layers.Rescaling", f"1 / {divisor}", offset=f"-{low} / {divisor}", **exact)
        )
    return lines, layers
