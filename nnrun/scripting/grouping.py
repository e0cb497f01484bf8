"""The lines of a script that divide columns among the inputs and the outputs of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.roles import roles_of
from nnrun.data.sources.finding import named_dataset
from nnrun.errors import UserError
from nnrun.scripting.expressions import Atom, Bracketed, Item, assign, layout, literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.data.prepared import Prepared
    from nnrun.data.splits import TargetSpec


def is_grouped(prepared: Prepared) -> bool:
    """Whether the arrays are others than one of inputs and one of the data set's own target."""
    splits, name = prepared.splits, prepared.experiment.dataset.name
    aims = roles_of(prepared.experiment).aims.values()
    own = name is None or all(aim.columns in ((), (named_dataset(name).target,)) for aim in aims)
    return len(splits.inputs) > 1 or len(splits.targets) > 1 or not own


def named_lines(prepared: Prepared) -> Iterator[str]:
    """Lines that turn `X` and `y` of a named data set into the inputs and targets by name."""
    named = named_dataset(str(prepared.experiment.dataset.name))
    if not named.features:
        raise UserError("several outputs of pictures cannot be written as plain Keras yet")

    def columns(names: Sequence[str]) -> str:
        return f"X[:, {[named.features.index(name) for name in names]}]"

    targets = {}
    for name, aim in roles_of(prepared.experiment).aims.items():
        if aim.input:
            raise UserError(
                "an autoencoder with other outputs cannot be written as plain Keras yet"
            )
        own = aim.columns in ((), (named.target,))
        targets[name] = "y" if own else columns(aim.columns)
    inputs = {name: columns(spec.features) for name, spec in prepared.splits.inputs.items()}
    yield _by_name("y", targets)
    yield _by_name("X", inputs)


def csv_lines(prepared: Prepared) -> Iterator[str]:
    """Lines after which `X` and `y` hold the columns of the table `rows`, by name."""
    aims = roles_of(prepared.experiment).aims
    targets = {
        name: _target(spec, aims[name].columns) for name, spec in prepared.splits.targets.items()
    }
    inputs = {
        name: f'rows[{layout(literal(list(spec.features)))}].to_numpy("float32")'
        for name, spec in prepared.splits.inputs.items()
    }
    yield _by_name("y", targets)
    yield _by_name("X", inputs)


def _target(spec: TargetSpec, columns: Sequence[str]) -> str:
    names = layout(literal(list(columns)))
    if spec.classes:
        return f"np.unique(rows[{quoted(columns[0])}], return_inverse=True)[1]"
    if any(column.values and set(column.values) - {"0", "1"} for column in spec.columns):
        raise UserError("labels in words, of several outputs, cannot be written as plain Keras yet")
    return f'rows[{names}].to_numpy("float32")'


def _by_name(variable: str, arrays: Mapping[str, str]) -> str:
    if len(arrays) == 1:
        return f"{variable} = {next(iter(arrays.values()))}"
    items = tuple(Item(Atom(array), f"{quoted(name)}: ") for name, array in arrays.items())
    return assign(variable, Bracketed("{", items, "}"))
