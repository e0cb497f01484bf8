"""The lines of a script that prepare the rows: measurements, and the first layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnrun.data.splits import EXACT
from nnrun.data.transforms.scaling import ScaledInputs, Standardizing
from nnrun.export.script.expressions import Atom, Expression, call, identifier, literal
from nnrun.export.script.grouping import labels_in, rows_in
from nnrun.export.script.splitting_lines import part_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.experiments.prepared import Prepared


@dataclass
class Preparation:
    """How the rows of an input are prepared.

    Attributes:
        measured: Lines that measure the training rows.
        layers: The layers that prepare every row.
        formula: The same in NumPy, of `{rows}`.
    """

    measured: list[str] = field(default_factory=list)
    layers: list[Expression] = field(default_factory=list)
    formula: str = "{rows}"


def preprocessing(prepared: Prepared, name: str) -> Preparation:
    """How a script prepares the rows of an input as `dataset.preprocess` says."""
    preprocess = prepared.experiment.dataset.preprocess
    made = Preparation()
    if prepared.splits.inputs[name].text:
        return made
    exact = exact_dtype(prepared)
    scale = "" if preprocess.scale is None else f"{preprocess.scale:.15g}"
    if scale:
        made.layers.append(call("keras.layers.Rescaling", f"1 / {scale}", **exact))
        made.formula = f"{{rows}} / {scale}"
    if preprocess.standardize:
        _standardize(made, prepared, name, scale, exact)
    elif preprocess.minmax:
        _bring_into_range(made, prepared, name, scale, exact)
    if prepared.splits.inputs[name].dtype == EXACT:
        _scale_before(made, prepared, name)
    return made


def _scale_before(made: Preparation, prepared: Prepared, name: str) -> None:
    """Scale the rows with NumPy in float64, which Keras's `fit` would convert to float32."""
    made.measured.append(
        "# In float64, before Keras makes the rows float32, which cannot hold them"
    )
    for part in part_names(prepared):
        rows = rows_in(prepared, part, name)
        made.measured.append(f'{rows} = ({made.formula.format(rows=rows)}).astype("float32")')
    made.layers, made.formula = [], "{rows}"


def exact_dtype(prepared: Prepared) -> dict[str, Expression | str]:
    """The dtype argument of a layer with raw values, which half precision cannot hold."""
    mixed = prepared.experiment.runtime.precision != "float32"
    return {"dtype": literal("float32")} if mixed else {}


def _standardize(
    made: Preparation,
    prepared: Prepared,
    name: str,
    scale: str,
    exact: dict[str, Expression | str],
) -> None:
    rows, of = rows_in(prepared, "train", name), _suffix(prepared, name)
    mean, variance = f"mean{of}", f"variance{of}"
    table = _is_table(prepared, name)
    scaled = prepared.transforms.of(ScaledInputs)
    steps = () if scaled is None else scaled.steps[name]
    normalized = any(isinstance(step, Standardizing) for step in steps)
    options = ["axis=0"] * table + ['dtype="float64"'] * (not normalized)
    over, squared = (f" / {scale}", f" / {scale}**2") if scale else ("", "")
    made.measured += [f"{mean} = {rows}.mean({', '.join(options)}){over}"]
    made.measured += [f"{variance} = {rows}.var({', '.join(options)}){squared}"]
    if _has_constant_column(prepared, name):
        made.measured.append(f"{variance} = np.where(np.ptp({rows}, axis=0) > 0, {variance}, 1)")
    if normalized:
        named = {} if table else {"axis": Atom("None")}
        named |= {"mean": Atom(mean), "variance": Atom(variance)}
        made.layers.append(call("keras.layers.Normalization", **named, **exact))
    else:  # Normalization would divide by 1e-7, or keep the variance in float32
        made.layers += [
            call("keras.layers.Rescaling", "1.0", offset=f"-{mean}", **exact),
            call("keras.layers.Rescaling", f"1 / np.sqrt({variance})", **exact),
        ]
    made.formula = f"({made.formula} - {mean}) / np.sqrt({variance})"


def _bring_into_range(
    made: Preparation,
    prepared: Prepared,
    name: str,
    scale: str,
    exact: dict[str, Expression | str],
) -> None:
    rows, of = rows_in(prepared, "train", name), _suffix(prepared, name)
    low, high, width = f"low{of}", f"high{of}", f"width{of}"
    axis = "axis=0" if _is_table(prepared, name) else ""
    over = f" / {scale}" if scale else ""
    made.measured.append(f"{low}, {high} = {rows}.min({axis}){over}, {rows}.max({axis}){over}")
    divisor = f"({high} - {low})"
    if _has_constant_column(prepared, name):
        made.measured.append(f"{width} = np.where({high} > {low}, {high} - {low}, 1)")
        divisor = width
    offset = f"-{low} / {divisor}"
    made.layers.append(call("keras.layers.Rescaling", f"1 / {divisor}", offset=offset, **exact))
    made.formula = f"({made.formula} - {low}) / {divisor}"


def _is_table(prepared: Prepared, name: str) -> bool:
    return len(prepared.splits.inputs[name].shape) == 1


def _has_constant_column(prepared: Prepared, name: str) -> bool:
    rows = prepared.splits.train.inputs[name]
    return _is_table(prepared, name) and bool((rows.min(axis=0) == rows.max(axis=0)).any())


def _suffix(prepared: Prepared, name: str) -> str:
    """A suffix that distinguishes the measurements of different inputs."""
    return f"_of_{identifier(name)}" if len(prepared.splits.inputs) > 1 else ""


def autoencoder_lines(prepared: Prepared) -> Iterator[str]:
    """Lines that make the prepared inputs the targets of an autoencoder."""
    targets = prepared.splits.targets
    formulas = {
        name: (target.input, preprocessing(prepared, target.input).formula)
        for name, target in targets.items()
        if target.input
    }
    for part in part_names(prepared) if formulas else ():
        if len(formulas) == len(targets) > 1:
            yield f"y_{part} = {{}}"
        for name, (own, formula) in formulas.items():
            made = labels_in(prepared, part, name)
            yield f"{made} = {formula.format(rows=rows_in(prepared, part, own))}"
