"""Changing a value in the text of a config, keeping comments, order and style."""

import dataclasses
from pathlib import Path

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.config.loading import load_experiment
from nnrun.config.merging import read_text
from nnrun.config.rates import PERFORMANCE, WARMUP
from nnrun.config.schema import Experiment
from nnrun.config.text_editing import with_value_at
from nnrun.errors import ConfigError, UserError

_RATE = "learning_rate"
_STARTING_RATES = ("initial_learning_rate", "warmup_target")


def with_learning_rate(config: Path, target: Path, rate: float) -> str:
    """The text of a config with another learning rate, to be written to `target`.

    The rate is set for the optimizer in the config or a file it extends, by default Adam. The new
    text is read again to verify it: it declares the same experiment except for the rate (and the
    name, if that is the file's).

    Args:
        config: The config file.
        target: The file for the text; paths in it are relative to that.
        rate: The new learning rate.

    Raises:
        ConfigError: If the config has mistakes.
        UserError: If the rate cannot be set this way, with how to set it by hand.
    """
    text = read_text(config)
    experiment = load_experiment(config)
    _check_rate_is_the_optimizers(experiment)
    wanted = _with_rate(experiment, rate)
    names = dict.fromkeys((_written_name(experiment.optimizer), experiment.optimizer.name))
    texts = [with_value_at(text, ["optimizer", name, _RATE], rate) for name in names]
    for edited in texts:
        if _declares(edited, target, wanted):
            return edited
    if any(_declares(edited, config, wanted) for edited in texts):
        message = f"{config} names files relative to its own folder, and {target} is in another one"
        raise UserError(message, hint=f"write it into the folder of {config}")
    raise UserError(
        f"the learning rate cannot be changed in place in {config}",
        hint=f"set it by hand: `optimizer: {{{experiment.optimizer.name}: {{{_RATE}: {rate!r}}}}}`",
    )


def _check_rate_is_the_optimizers(experiment: Experiment) -> None:
    """Refuse a rate that is set by a schedule instead of the optimizer."""
    schedule = experiment.schedule
    rate = experiment.optimizer.arguments.get(_RATE)
    if isinstance(rate, Component):
        message = f"the optimizer's {_RATE} is the schedule {rate.name}, not a number"
    elif schedule is not None and not _starts_from_the_optimizers(schedule):
        message = f"the schedule {schedule.name} names its own rates, not the optimizer's"
    else:
        return
    raise UserError(message, hint="write the recommended rate into the schedule by hand")


def _starts_from_the_optimizers(schedule: Component) -> bool:
    if schedule.name == PERFORMANCE:
        return True
    if schedule.name == WARMUP:
        then = schedule.arguments.get("then")
        return then is None or (isinstance(then, Component) and _starts_from_the_optimizers(then))
    entry = load_catalogue().find("schedules", schedule.name)
    takes_it = entry is not None and _STARTING_RATES[0] in entry.arguments
    return takes_it and not any(schedule.arguments.get(name) for name in _STARTING_RATES)


def _with_rate(experiment: Experiment, rate: float) -> Experiment:
    arguments = {**experiment.optimizer.arguments, _RATE: rate}
    optimizer = dataclasses.replace(experiment.optimizer, arguments=arguments)
    return dataclasses.replace(experiment, optimizer=optimizer)


def _written_name(component: Component) -> str:
    """The class as written in the config, which may be an alias (`adam`)."""
    place = component.place
    if place is None or place.is_override:
        return component.name
    written = place.text[place.column - 1 : place.column - 1 + place.length]
    return written.strip("'\"") or component.name


def _declares(text: str, target: Path, wanted: Experiment) -> bool:
    try:
        experiment = load_experiment(target, text=text)
    except ConfigError:
        return False
    return dataclasses.replace(experiment, name=wanted.name) == wanted
