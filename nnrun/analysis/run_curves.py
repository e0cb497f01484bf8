"""The losses of a run, and what they show together."""

import dataclasses
import functools
import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from nnrun.analysis.evidence import Evidence
from nnrun.analysis.guessing import Guess
from nnrun.analysis.trends import LossCurve, Movement

IMPROVING = 0.05
"""What the last quarter of the epochs improves a loss by, as a share, before it matters."""
_MATTERS = 0.01
_MATTERS_BY_GUESSING = 0.005
"""A loss below this share of its first figure has nowhere to go that matters, nor does a fall by less
than this share of the way from guessing to perfect."""
_STEADY = 0.1
"""Steps up, as a share of those down, of a loss that falls steadily."""
_LINEAR = 0.6
"""The speed of the last third, as a share of that of the first, of a loss that is no slower."""
_CREEPS = 0.1
_CREEPS_ABOVE = 0.25
"""A loss that creeps has fallen by no more than this share; more while it is above guessing."""
_IDLE_SHARE = 0.4
_IDLE_EPOCHS = 5
"""The epochs that a loss at rest has not moved for: a share of all, and so many at least."""
_SETTLED = 0.01
_MOVED = 0.05
_CALM = 0.05
"""What a loss at rest is above its lowest as it comes to rest, has moved since, and its noise."""
_ALL_RIGHT = 0.9995
_RAN_OUT = 0.01
"""The last learning rate, as a share of the highest, that is as good as none."""
_RISES = 1.01
_LATE_POINTS = 5


@dataclasses.dataclass(frozen=True)
class RunCurves:
    """The curves that the rules look at.

    Attributes:
        loss: The training loss.
        validation: The validation loss; None where there is none.
        accuracies: The accuracies of the validation rows, or of the training rows where there are
            none; empty where there is none.
        rates: The learning rates; empty where nobody tells.
        guess: The loss that the model is trained with beside guessing; None where that is not known.
    """

    loss: LossCurve
    validation: LossCurve | None
    accuracies: Sequence[float]
    rates: Sequence[float]
    guess: Guess | None

    @classmethod
    def of(cls, evidence: Evidence) -> "RunCurves | None":
        """The curves from the first epoch to be judged; None without a loss."""
        names = ("loss", "val_loss", "learning_rate")
        loss, validation, rates = (_finite(evidence, name) for name in names)
        if not loss:
            return None
        guess = next((one for one in evidence.guesses if one.is_of_all), None)
        perfect = guess.perfect if guess else 0.0
        return cls(
            LossCurve.of(loss, evidence.first, perfect),
            LossCurve.of(validation, evidence.first, perfect) if validation else None,
            _finite(evidence, "val_accuracy" if validation else "accuracy"),
            rates,
            guess,
        )

    @property
    def watched(self) -> tuple[str, LossCurve]:
        """The loss that counts and its name: the validation's if there is one."""
        return ("loss", self.loss) if self.validation is None else ("val_loss", self.validation)

    @property
    def late(self) -> Sequence[float]:
        """The second half of the training loss, 5 points at least."""
        points = self.loss.points
        return points[min(len(points) // 2, len(points) - _LATE_POINTS) :]

    @property
    def level(self) -> float:
        """The median of the second half."""
        return statistics.median(self.late)

    @property
    def steps(self) -> Movement:
        """The steps of the second half."""
        return Movement.of(self.late)

    @property
    def jumps(self) -> bool:
        """Whether the training loss goes up about as much as down in its second half."""
        return self.steps.up > self.steps.down / 2

    @property
    def all_right(self) -> bool:
        """Whether practically all rows are right at the end."""
        return bool(self.accuracies) and self.accuracies[-1] >= _ALL_RIGHT

    @property
    def rate_ran_out(self) -> bool:
        """Whether the learning rate has practically dropped to zero."""
        return bool(self.rates) and self.rates[-1] < _RAN_OUT * max(self.rates)

    @property
    def rate_rises(self) -> bool:
        """Whether the learning rate rises after the first third, so that jumps are intended."""
        late = self.rates[len(self.rates) // 3 :]
        return any(after > _RISES * before for before, after in pairwise(late))

    @functools.cached_property
    def creeps(self) -> bool:
        """Whether the training loss falls steadily, as fast at the end, but has not fallen far.

        It may have come further, and be much faster at the end, as long as it is above guessing.
        """
        loss, points = self.loss, self.loss.points
        third, steps = max(1, (len(points) - 1) // 3), Movement.of(points)
        early, late = points[0] - points[third], points[-1 - third] - points[-1]
        above = self.guess is not None and points[-1] > self.guess.guess
        most = _CREEPS_ABOVE if above else _CREEPS
        return (
            early > 0
            and _LINEAR * early <= late
            and (above or late <= early / _LINEAR)
            and steps.up <= _STEADY * steps.down
            and points[0] - points[-1] < most * loss.height(points[0])
            and late > 2 * loss.noise
            and not self.rate_rises
        )

    @functools.cached_property
    def improvement(self) -> tuple[int, int] | None:
        """The epochs of the watched loss's minimum before and within its last part.

        None where it does not clearly improve: the training loss has to fall with it.
        """
        (_, curve), loss = self.watched, self.loss
        count = max(2, len(curve.figures) // 4)
        before, lowest = LossCurve.of(curve.figures[:-count], curve.first).lowest, curve.lowest
        height, late = curve.height(curve.at(before)), curve.before_end - curve.end
        fall = min(late, curve.at(before) - curve.at(lowest))
        trained = loss.before_end - loss.end
        clear = curve.is_clear(late) and trained > 0 and loss.is_clear(trained, 1)
        matters = height > _MATTERS * curve.height(curve.at(curve.first))
        if self.guess is not None:
            matters = matters and fall > _MATTERS_BY_GUESSING * self.guess.way
        recent = lowest >= curve.last - count // 2
        return (
            (before, lowest) if recent and matters and clear and fall > IMPROVING * height else None
        )

    def at_rest_since(self) -> int | None:
        """The epoch since which the watched loss has not moved; None if it has."""
        _, curve = self.watched
        lowest, height = curve.at(curve.lowest), curve.height(curve.at(curve.lowest))
        near = lowest + max(_SETTLED * height, 2 * curve.noise)
        since = next(n for n, value in enumerate(curve.figures, curve.first) if value <= near)
        idle = curve.last - since >= max(_IDLE_EPOCHS, _IDLE_SHARE * len(curve.figures))
        moves = (curve.around(since) - curve.end, curve.before_end - curve.end)
        moved = max(*map(abs, moves), (curve.end - lowest) / 2)
        stays = moved <= max(_MOVED * height, curve.noise)
        return since if idle and stays and curve.noise <= _CALM * height else None

    def more_are_right_since(self, epoch: int) -> bool:
        """Whether clearly more rows are right at the end than around this epoch."""
        if not self.accuracies:
            return False
        wrong = LossCurve.of([1 - value for value in self.accuracies], self.loss.first)
        fall = wrong.around(epoch) - wrong.end
        return fall > 0.002 and wrong.is_clear(fall, 2)  # noqa: PLR2004 - two rows of a thousand


def _finite(evidence: Evidence, name: str) -> list[float]:
    """A column for the epochs to be judged; empty if it is missing or has values that aren't finite."""
    history = evidence.history
    values = history.column(name)[evidence.first - 1 :] if name in history.columns else []
    return values if all(map(math.isfinite, values)) else []
