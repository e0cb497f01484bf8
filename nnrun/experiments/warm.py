"""Models that were trained before, kept with what was compiled for them.

Tracing and compiling takes most of a short training. Models whose programs are the same (those of
another seed, or another learning rate) need it once: the kept model is brought to the state that
the new one has, bit for bit, and trained in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.experiments.kept import programs_key
from nnrun.experiments.setup import begin_again, compile_parts
from nnrun.training.choosing import engine_of
from nnrun.training.engines import CompiledEvaluation, make_resident
from nnrun.training.placing import make_evaluation
from nnrun.training.state import capture_state, restore_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.data.splits import Part
    from nnrun.experiments.kept import Kept
    from nnrun.experiments.prepared import Prepared
    from nnrun.training.choosing import Engine
    from nnrun.training.loop import Programs
    from nnrun.training.placing import AnyEvaluation


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
        kept: What was kept, of which this model is then a part; None if nothing is kept.
        prepared: The experiment and its data.
        fresh: The new model, which is trained itself if there is no other.
    """
    key = None if kept is None else programs_key(prepared)
    if kept is None or key is None:
        return WarmModel(fresh)
    warm: WarmModel | None = kept.models.pop(key, None)
    if warm is None:
        warm = WarmModel(fresh)
    else:
        restore_state(warm.model, capture_state(fresh))
        warm.model.reset_metrics()
    kept.keep_model(key, warm)
    return warm
