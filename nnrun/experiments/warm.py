"""Models that were trained before, kept with what was compiled for them.

Tracing and compiling takes most of a short training. Models whose programs are the same (those of
another seed, or another learning rate) need it once: the kept model is brought to the state that
the new one has, bit for bit, and trained in its place.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnrun.config.components import uses_own_code
from nnrun.config.split import Split
from nnrun.config.writer import experiment_to_yaml
from nnrun.experiments.setup import begin_again, compile_parts
from nnrun.training.choosing import engine_of
from nnrun.training.engines import CompiledEvaluation, make_resident
from nnrun.training.placing import make_evaluation
from nnrun.training.state import capture_state, restore_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.components import Component
    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Part
    from nnrun.experiments.prepared import Prepared
    from nnrun.training.choosing import Engine
    from nnrun.training.loop import Programs
    from nnrun.training.placing import AnyEvaluation

MOST_KEPT = 4
"""How many models are kept, each with its programs."""

_WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "TerminateOnNaN")
"""Callbacks that leave nothing behind in a model but the values of its variables."""
_RATE = "learning_rate"


Kept = dict[str, "WarmModel"]
"""Models that may be trained again, by what decides their programs."""


class WarmModel:
    """A model that is trained, with what is compiled for it, which serves its next training too.

    Args:
        model: The compiled Keras model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._engine: Engine | None = None
        self._programs: Programs | None = None
        self._made_for: tuple[object, ...] = ()
        self._test: AnyEvaluation | None = None

    def engine(self, prepared: Prepared) -> Engine:
        """What runs its steps."""
        if self._engine is None:
            self._engine = engine_of(prepared.experiment, self.model, prepared.splits.train)
        return self._engine

    def programs(
        self,
        prepared: Prepared,
        callbacks: Sequence[Any],
        *,
        engine: str,
        rows: str,
        many_epochs: bool,
    ) -> Programs:
        """The compiled parts of its training; see `compile_parts`."""
        made_for = (engine, rows, many_epochs)
        is_same = made_for == self._made_for
        if self._programs is None or not (is_same and begin_again(self._programs, prepared)):
            self._made_for = made_for
            self._programs = compile_parts(
                prepared, self.model, callbacks, engine=engine, rows=rows, many_epochs=many_epochs
            )
        return self._programs

    def test(self, part: Part, *, engine: str, rows: str) -> AnyEvaluation:
        """The compiled evaluation of its test rows."""
        if isinstance(self._test, CompiledEvaluation):
            self._test.take_rows(make_resident(part))
        else:
            self._test = make_evaluation(self.model, part, engine, rows)
        return self._test


def warm_model(kept: Kept | None, prepared: Prepared, fresh: Any) -> WarmModel:
    """The model to train: a kept one with the same programs, brought to the state of a new one.

    Args:
        kept: The models that may be trained again, of which this one is then another; None where
            none are kept.
        prepared: The experiment and its data.
        fresh: The new model, which is trained itself where there is no other.
    """
    key = None if kept is None else _programs_key(prepared)
    if kept is None or key is None:
        return WarmModel(fresh)
    warm = kept.pop(key, None)
    if warm is None:
        warm = WarmModel(fresh)
    else:
        restore_state(warm.model, capture_state(fresh))
        warm.model.reset_metrics()
    kept[key] = warm  # the last of them is the one used last
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
    return warm


def _programs_key(prepared: Prepared) -> str | None:
    """What decides the programs of a training; None where a model cannot be trained twice.

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
