"""The lines of a script that divide the rows as nnrun does, and prepare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.data.splitting import DRAW
from nnrun.scripting.expressions import Atom, Expression, call, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.data.prepared import Prepared
    from nnrun.scripting.copying import Copies

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
    if not counts:
        yield "X_train, y_train = X, y"
    elif not split.shuffle and not split.stratify:
        yield from _unshuffled_lines(counts, imports)
    else:
        imports.add("import numpy as np")
        order = (
            f"np.random.default_rng([{prepared.experiment.seed}, {DRAW:#x}]).permutation(len(X))"
        )
        yield f"order = {order if split.shuffle else 'np.arange(len(X))'}"
        if split.stratify:
            copies.add("nnrun.data.splitting", "_take")
            yield from _stratified_lines(counts)
        else:
            yield from _drawn_lines(counts)
        names = ["train", *reversed(counts)]
        for array in ("X", "y"):
            made = ", ".join(f"{array}_{name}" for name in names)
            yield f"{made} = {', '.join(f'{array}[{name}]' for name in names)}"
    yield from _one_hot_lines(prepared)


def part_names(prepared: Prepared) -> list[str]:
    """What the parts are called in the script: `train`, `valid`, `test`."""
    return [{"validation": "valid"}.get(name, name) for name in prepared.splits.parts]


def _unshuffled_lines(counts: dict[str, int], imports: set[str]) -> Iterator[str]:
    if len(counts) == 1:
        ((name, count),) = counts.items()
        for array in ("X", "y"):
            yield f"{array}_{name}, {array}_train = {array}[:{count}], {array}[{count}:]"
        return
    imports.add("import numpy as np")
    ends = np.cumsum(list(counts.values())).tolist()
    for array in ("X", "y"):
        made = ", ".join(f"{array}_{name}" for name in (*counts, "train"))
        yield f"{made} = np.split({array}, {ends})"


def _drawn_lines(counts: dict[str, int]) -> Iterator[str]:
    ends = np.cumsum(list(counts.values())).tolist()
    names = ", ".join((*counts, "train"))
    yield f"{names} = (np.sort(rows) for rows in np.split(order, {ends}))"


def _stratified_lines(counts: dict[str, int]) -> Iterator[str]:
    for name, count in counts.items():
        yield f"taken = _take(order, y[order], {count})"
        yield f"{name}, order = np.sort(order[taken]), order[~taken]"
    yield "train = np.sort(order)"


def _one_hot_lines(prepared: Prepared) -> Iterator[str]:
    (target,) = prepared.splits.targets.values()
    if target.one_hot:
        for part in part_names(prepared):
            yield f"y_{part} = keras.utils.to_categorical(y_{part}, {target.width})"


def preprocessing(prepared: Prepared, imports: set[str]) -> tuple[list[str], list[Expression]]:
    """The lines that measure the training rows, and the layers that prepare every row."""
    preprocess = prepared.experiment.dataset.preprocess
    ((name, spec),) = prepared.splits.inputs.items()
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
        lines += [f"mean = X_train.mean({axis}){over}", f"variance = X_train.var({axis}){squared}"]
        named: dict[str, Expression | str] = {} if table else {"axis": Atom("None")}
        if constant:
            imports.add("import numpy as np")
            lines.append("variance = np.where(np.ptp(X_train, axis=0) > 0, variance, 1)")
        named |= {"mean": "mean", "variance": "variance", **exact}
        layers.append(call("keras.layers.Normalization", **named))
    else:
        lines.append(f"low, high = X_train.min({axis}){over}, X_train.max({axis}){over}")
        width = "high - low"
        if constant:
            imports.add("import numpy as np")
            lines.append("width = np.where(high > low, high - low, 1)")
            width = "width"
        bracketed = width if constant else f"({width})"
        layers.append(
            call(
                "keras.layers.Rescaling", f"1 / {bracketed}", offset=f"-low / {bracketed}", **exact
            )
        )
    return lines, layers
