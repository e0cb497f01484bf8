"""The lines of a script that reuse the first layers of a run's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.errors import ConfigError, Problem, RunError
from nnrun.export.script.expressions import Atom, assign, call, double_quoted, literal, shown_path
from nnrun.models.network import Network
from nnrun.runs.checksums import check_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.config.components import Component
    from nnrun.config.from_run import FromRun
    from nnrun.experiments.base import Base
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components
    from nnrun.export.script.expressions import Expression


def take_over(
    prepared: Prepared, declared: FromRun, components: Components, model: Any
) -> tuple[list[str], list[Expression]]:
    """The lines that load the run's model, and the layers that the new model begins with.

    Args:
        prepared: The experiment with its data and the run that it builds on.
        declared: Its architecture.
        components: Where the classes are noted that the run's model is made of.
        model: nnrun's own new model.

    Raises:
        ConfigError: The run reckons in another precision, which is part of its layers, or its rows
            were turned by code of the user's own.
        RunError: It has no model to load.
    """
    base = prepared.base
    assert base is not None  # noqa: S101 found when the config was read
    assert base.weights is not None  # noqa: S101 only the bases of bases have none
    _check_precision(prepared, base)
    _check_transforms(prepared, base)
    file = base.weights.directory.model
    if not file.is_file():
        raise RunError(f"{base.weights.directory.name} has no {file.name} that a script could load")
    check_file(file)
    for layer in _layers_of(base):
        components.note(layer)
    path = double_quoted(shown_path(file))
    lines = [
        "# What the run has learnt",
        assign("base", call("keras.models.load_model", path, compile="False")),
    ]
    ((name, spec),) = base.signature.inputs.items()
    steps = [layer.name for layer in base.signature.transforms.layers_within(name, spec)]
    if base.experiment.outline.names_nodes:
        cut, taken = _cut(steps, declared, model)
        return [*lines, cut], taken
    first = 0 if declared.keep_preprocessing else len(steps)
    # A layer that brings scaled labels into their own units is left behind, too.
    last = declared.drop_last + any(target.scale for target in base.signature.targets.values())
    left_out = ["its preprocessing"] if first else []
    left_out += [f"its last {f'{last} layers' if last > 1 else 'layer'}"] if last else []
    comment = f"without {' and '.join(left_out)}" if left_out else ""
    return lines, [Atom(f"*base.layers{_slice(first, -last)}", comment)]


def _slice(first: int, last: int) -> str:
    """A slice of the layers, with its end counted from the last layer.

    >>> _slice(0, 0), _slice(1, 0), _slice(0, -2), _slice(1, -1)
    ('', '[1:]', '[:-2]', '[1:-1]')
    """
    return f"[{first or ''}:{last or ''}]" if first or last else ""


def _cut(steps: list[str], declared: FromRun, model: Any) -> tuple[str, list[Expression]]:
    """The line that cuts the kept layers out of a graph, and what the new model begins with."""
    kept = [Atom(f"base.get_layer({double_quoted(name)})") for name in steps]
    taken = model.get_layer("taken_over")
    end = taken.output._keras_history.operation.name
    begin = f"{kept[-1].text}.output" if kept else "base.input"
    made = call(
        "keras.Model",
        begin,
        f"base.get_layer({double_quoted(end)}).output",
        name=literal(taken.name),
    )
    own = kept if declared.keep_preprocessing else []
    return assign("taken", made), [*own, Atom("taken")]


def _layers_of(base: Base) -> Iterator[Component]:
    """The layers of a run's model, including those that it reused itself."""
    yield from Network.of(base.experiment, base.signature.inputs, base.signature.targets).components
    if base.base is not None:
        yield from _layers_of(base.base)


def _check_transforms(prepared: Prepared, base: Base) -> None:
    if base.transforms:
        path, names = "architecture.from_run", ", ".join(one.name for one in base.transforms)
        message = f"a script cannot take over layers of a run whose rows {names} has turned"
        place = prepared.experiment.place_of(path)
        raise ConfigError([Problem(message, place, path, "train with `nnrun train`")])


def _check_precision(prepared: Prepared, base: Base) -> None:
    was, now = base.experiment.runtime.precision, prepared.experiment.runtime.precision
    if was != now:
        path = "runtime.precision"
        message = f"a script that takes over layers in {was} cannot have them compute in {now}"
        place = prepared.experiment.place_of(path)
        raise ConfigError([Problem(message, place, path, f"write `precision: {was}`")])
