"""A script's arrays by the names of a model's inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.roles import roles_of
from nnrun.export.script.expressions import Atom, assign, dictionary, double_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.expressions import Expression
    from nnrun.sources.named import NamedDataset
    from nnrun.tasks.targets import TargetSpec


def targets_of_rows(prepared: Prepared) -> dict[str, TargetSpec]:
    """The targets that are in the data; an autoencoder's are made from its input."""
    return {name: target for name, target in prepared.splits.targets.items() if not target.input}


def has_several(prepared: Prepared) -> dict[str, bool]:
    """Whether `X` and `y` are arrays by name; without `y` if all targets are made from the inputs."""
    several = {"X": len(prepared.splits.inputs) > 1}
    if targets_of_rows(prepared):
        several["y"] = len(prepared.splits.targets) > 1
    return several


def labels_in(prepared: Prepared, part: str, name: str) -> str:
    """The labels of a target in a part: `y_train`, or `y_train["size"]` where there are several."""
    several = len(prepared.splits.targets) > 1
    return f"y_{part}[{double_quoted(name)}]" if several else f"y_{part}"


def rows_in(prepared: Prepared, part: str, name: str) -> str:
    """The rows of an input in a part: `X_train`, or `X_train["wide"]` where there are several."""
    several = len(prepared.splits.inputs) > 1
    return f"X_{part}[{double_quoted(name)}]" if several else f"X_{part}"


def arrays_of(
    prepared: Prepared, inputs: Mapping[str, Expression], targets: Mapping[str, Expression]
) -> dict[str, Expression]:
    """The values of `X` and `y`: an array each, or arrays by name.

    Args:
        prepared: The experiment with its data.
        inputs: The arrays of the inputs.
        targets: Those of the targets that stand in the data.
    """
    named = {"X": inputs, "y": targets}
    return {key: _by_name(named[key], several) for key, several in has_several(prepared).items()}


def dealing_lines(prepared: Prepared, named: NamedDataset, suffix: str) -> Iterator[str]:
    """Lines that distribute `X` and `y` of a named data set to the inputs and outputs.

    Args:
        prepared: The experiment with its data.
        named: The data set.
        suffix: What the names of the two arrays end in: `_test` for published test rows.
    """

    def columns(names: Sequence[str]) -> Expression:
        if tuple(names) == named.features:
            return Atom(f"X{suffix}")
        numbers = [named.features.index(name) for name in names]
        return Atom(f"X{suffix}[:, {numbers}]", comment=", ".join(names))

    aims = roles_of(prepared.experiment).aims
    targets = {
        name: Atom(f"y{suffix}")
        if aims[name].columns in ((), (named.target,))
        else columns(aims[name].columns)
        for name in targets_of_rows(prepared)
    }
    inputs = {name: columns(spec.features) for name, spec in prepared.splits.inputs.items()}
    arrays = arrays_of(prepared, inputs, targets)
    for name in sorted(arrays, reverse=True):  # y first, which may be columns of X
        if arrays[name] != Atom(name + suffix):
            yield assign(name + suffix, arrays[name])


def _by_name(arrays: Mapping[str, Expression], several: bool) -> Expression:
    if not several:
        return next(iter(arrays.values()))
    return dictionary(arrays)
