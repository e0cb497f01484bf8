"""What a process that trains many runs keeps from one to the next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nnrun.config.components import uses_own_code
from nnrun.config.split import Split
from nnrun.config.writer import experiment_to_yaml

if TYPE_CHECKING:
    from nnrun.config.components import Component
    from nnrun.config.schema import Experiment
    from nnrun.data.load import Frames
    from nnrun.experiments.prepared import Prepared

MOST_MODELS = 4
"""How many models are kept, each with its programs."""

_WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "TerminateOnNaN")
"""Callbacks that leave nothing behind in a model but the values of its variables."""
_RATE = "learning_rate"


@dataclass
class Kept:
    """What a process that trains many runs keeps from one to the next.

    Attributes:
        models: Models that may be trained again, by what determines their programs; the last is the
            one used last.
        frames: The rows of the source that was read last.
    """

    models: dict[str, Any] = field(default_factory=dict)
    frames: Frames = field(default_factory=dict)

    def keep_model(self, key: str, model: Any) -> None:
        """Keep a model, and let go of the one that was used longest ago if there are many."""
        self.models[key] = model
        while len(self.models) > MOST_MODELS:
            del self.models[next(iter(self.models))]

    def knows(self, prepared: Prepared) -> bool:
        """Whether a model with the same programs is kept, which has shown that all fits together."""
        return programs_key(prepared) in self.models


def programs_key(prepared: Prepared) -> str | None:
    """What determines the programs of a training; None if a model can't be trained twice.

    A program has the values of all settings in it, but not those of variables: the weights, the
    seeds of dropout, a learning rate that is not scheduled. Nor has it the rows.
    """
    experiment = prepared.experiment
    if not _leaves_nothing(experiment) or prepared.base is not None:
        return None
    signature = prepared.signature.to_json()
    within = [one.to_json() for one in prepared.transforms if not one.turns_rows]
    for spec in signature["inputs"].values():
        del spec["greatest"]
    facts = {
        "experiment": experiment_to_yaml(_without_variables(experiment)),
        "signature": {**signature, "transforms": within},
        "rows": {name: part.rows for name, part in prepared.splits.parts.items()},
    }
    return json.dumps(facts, sort_keys=True, default=str)


def _leaves_nothing(experiment: Experiment) -> bool:
    """Whether a training leaves nothing behind in a model but the values of its variables."""
    return (
        experiment.training.fine_tune is None
        and experiment.runtime.strategy == "none"
        and experiment.runtime.rows != "streaming"
        and not uses_own_code(experiment)
        and all(callback.name in _WATCHING for callback in experiment.callbacks)
    )


def _without_variables(experiment: Experiment) -> Experiment:
    return replace(
        experiment,
        name="",
        seed=0,
        expect={},
        callbacks=(),
        dataset=replace(experiment.dataset, split=Split()),
        optimizer=experiment.optimizer
        if experiment.schedule is not None
        else _without_rate(experiment.optimizer),
    )


def _without_rate(optimizer: Component) -> Component:
    arguments = {name: value for name, value in optimizer.arguments.items() if name != _RATE}
    is_variable = isinstance(optimizer.arguments.get(_RATE), float)
    return replace(optimizer, arguments=arguments) if is_variable else optimizer
