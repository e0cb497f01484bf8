"""What the curves of a run say about it, in a sentence or two, and what to try.

Every rule looks at smoothed curves and asks for more than their noise; of a few epochs nothing is
said. The first of the rules about the curves that holds is told, and beside it what the layers and
the classes say.
"""

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence

from nnrun.reports.findings import FEW, Finding
from nnrun.reports.layer_health import LayerHealth, diagnose_layers
from nnrun.reports.trends import Curve, Steps
from nnrun.runs.history import History

FEW_EPOCHS = 5
"""Fewer epochs than this say nothing about a curve."""

_FLAT = 0.02
"""A loss that falls by less than this share has not moved."""
_OVERFIT = 0.1
_OVERFIT_STOPPED = 0.25
"""What val_loss climbs by, as a share of its lowest, before it is called overfitting; more where
EarlyStopping has ended the training for it: some epochs without improvement are its price."""
_STILL_FALLS = 0.05
_IMPROVING = 0.02
_STEADY = 0.1
_LINEAR = 0.5
_HIGH = 0.5
"""The share of the first loss above which little was learned."""
_ROUGH_STEP = 0.1
_ROUGH_SHARE = 0.02
_ROUGH_GUESSING = 0.01
"""The typical step of a loss that jumps, as a share of its level and of the first epoch's; a smaller
one of its level where the model does no better than to guess."""
_FEW_ROWS = 20
"""Of so few rows as those of a truth table the loss jumps where they cannot be learned, too."""
_FEW = 0.15
_CHANCE = 0.1
_CLIMBS = 1.5
_SETTLED = 0.01
_IDLE_SHARE = 0.4
_FIT = 0.05
_ALL_RIGHT = 0.9995
_RARE = 0.5
_FOUND = 0.2
_KNOWN = 0.8
_ENOUGH_ROWS = 5


@dataclasses.dataclass(frozen=True)
class ClassFound:
    """How a model does on the validation rows of one class.

    Attributes:
        name: The class.
        rows: Its rows.
        found: How many of them are given their class.
    """

    name: str
    rows: int
    found: int


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a diagnosis looks at.

    Attributes:
        history: The epochs.
        status: How the run ended: `finished`, `interrupted` or `diverged`.
        stopped: Whether a callback ended it.
        best_epoch: The epoch whose weights were saved.
        epochs: The last epoch that was planned.
        rows: The training rows; None where nobody tells.
        rate: The key of the config that sets the learning rate.
        weighted: Whether the classes or the rows are weighted.
        classes: Each class of the validation rows, where these are predicted.
        layers: What a `LayerMonitor` saw.
    """

    history: History
    status: str
    stopped: bool = False
    best_epoch: int | None = None
    epochs: int = 0
    rows: int | None = None
    rate: str = "optimizer"
    weighted: bool = False
    classes: Sequence[ClassFound] = ()
    layers: Sequence[LayerHealth] = ()


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """What a run shows, the most important first; never nothing.

    Args:
        evidence: The run.
    """
    if evidence.status == "diverged":
        return (_diverged(evidence), *diagnose_layers(evidence.layers))
    beside = [*diagnose_layers(evidence.layers), *_ignored_classes(evidence)]
    curve = _first_of_curves(evidence)
    if curve.kind == "fine" and beside:
        return tuple(beside)
    return (curve, *beside)


def _first_of_curves(evidence: Evidence) -> Finding:
    count = len(evidence.history)
    if count < FEW_EPOCHS:
        told = "1 epoch says" if count == 1 else f"{count} epochs say"
        return Finding(FEW, f"{told} too little about the curves to judge them.")
    curves = _Curves.of(evidence.history)
    if curves is None:
        return Finding("unknown", "The history holds no loss to judge.")
    return next(filter(None, (rule(curves, evidence) for rule in _RULES)))


@dataclasses.dataclass(frozen=True)
class _Curves:
    """The curves that the rules look at.

    Attributes:
        loss: The training loss.
        validation: The validation loss; None where there is none.
        raw: The training loss, epoch by epoch.
        accuracies: The accuracies of the validation rows, or of the training rows where there are
            none; empty where there is none.
    """

    loss: Curve
    validation: Curve | None
    raw: Sequence[float]
    accuracies: Sequence[float]

    @classmethod
    def of(cls, history: History) -> "_Curves | None":
        loss, validation = (_finite(history, name) for name in ("loss", "val_loss"))
        if not loss:
            return None
        accuracies = _finite(history, "val_accuracy" if validation else "accuracy")
        return cls(Curve.of(loss), Curve.of(validation) if validation else None, loss, accuracies)

    @property
    def watched(self) -> tuple[str, Curve]:
        """The loss that counts, and its name: that of the validation rows, where there are any."""
        return ("loss", self.loss) if self.validation is None else ("val_loss", self.validation)


def _finite(history: History, name: str) -> list[float]:
    """A column; empty where it is missing, or not finite anywhere."""
    values = history.column(name) if name in history.columns else []
    return values if all(map(math.isfinite, values)) else []


def _diverged(evidence: Evidence) -> Finding:
    return Finding(
        "diverged",
        f"The training diverged in epoch {len(evidence.history) + 1}: its numbers grew until they "
        "were not finite.",
        f"Try a tenth of {evidence.rate}, `nnrun lr-find`, or regularization.clip: {{norm: 1.0}}.",
    )


def _rate_too_high(curves: _Curves, evidence: Evidence) -> Finding | None:
    """The training loss jumps about at a height where it should still fall, or climbs."""
    if evidence.rows is not None and evidence.rows < _FEW_ROWS:
        return None
    advice = f"Try a third or a tenth of {evidence.rate}; `nnrun lr-find` measures one."
    loss, first = curves.loss, curves.loss.values[0]
    end, best = loss.smooth[-1], loss.smooth[loss.best]
    if end > _CLIMBS * best and end > _HIGH * first:
        epoch = loss.epochs[loss.best]
        text = f"The training loss itself climbs, from {best:.3g} in epoch {epoch} to {end:.3g}"
        return Finding("rate_too_high", f"{text}: the learning rate looks too high.", advice)
    late = curves.raw[len(curves.raw) // 2 :]
    steps, level = Steps.of(late), statistics.median(late)
    guesses = _guesses(curves, evidence)
    rough = steps.typical > max(_ROUGH_STEP * level, _ROUGH_SHARE * first)
    rough = rough or (guesses and steps.typical > _ROUGH_GUESSING * level)
    if first > _CLIMBS * level and guesses and loss.fall(1, -1) < _FEW * level:
        text = (
            f"The first epoch threw the model out, to a loss of {first:.3g}, and it has not learned "
            "since: the learning rate looks too high."
        )
        return Finding("rate_too_high", text, advice)
    if rough and steps.up > _HIGH * steps.down:
        text = (
            f"The training loss jumps up and down around {level:.3g}, by {steps.typical:.2g} from "
            "epoch to epoch: the learning rate looks too high."
        )
        return Finding("rate_too_high", text, advice)
    return None


def _guesses(curves: _Curves, evidence: Evidence) -> bool:
    """Whether no more rows are right than with one class for all of them."""
    share = _largest_share(evidence.classes)
    return bool(share and curves.accuracies) and max(curves.accuracies) <= share + _CHANCE


def _rate_too_low(curves: _Curves, evidence: Evidence) -> Finding | None:
    """The training loss falls steadily, hardly slower at the end, and has not come far."""
    loss = curves.loss
    third, first, end = len(loss) // 3, loss.smooth[0], loss.smooth[-1]
    steps = Steps.of(loss.smooth)
    steady = steps.down > 0 and steps.up <= _STEADY * steps.down
    early, late = loss.fall(0, third), loss.fall(len(loss) - 1 - third, len(loss) - 1)
    if not steady or end < _HIGH * first or late < _LINEAR * early or late <= 2 * loss.noise:
        return None
    return Finding(
        "rate_too_low",
        f"The training loss creeps: from {first:.3g} to {end:.3g} in {loss.epochs[-1]:,} epochs, and "
        "as fast at the end as at the beginning. The learning rate looks too low.",
        f"Try three or ten times {evidence.rate}; `nnrun lr-find` measures one.",
    )


def _not_learning(curves: _Curves, evidence: Evidence) -> Finding | None:
    """Nothing has moved, and the classes are not told apart."""
    loss = curves.loss
    if loss.fall(0, loss.best) > _FLAT * abs(loss.smooth[0]):
        return None
    if not _guesses(curves, evidence):
        return None
    share = _largest_share(evidence.classes)
    return Finding(
        "not_learning",
        f"Nothing is learned: the training loss stays at {loss.smooth[-1]:.3g}, and no more rows "
        f"are right than with one class for all of them ({100 * share:.0f} %).",
        f"Try `nnrun lr-find` for {evidence.rate}, and callbacks: [LayerMonitor] to see whether "
        "gradients reach the first layers; equal initial weights (zeros, ones) never part.",
    )


def _overfitting(curves: _Curves, evidence: Evidence) -> Finding | None:
    """From its lowest on, val_loss climbs while the training loss goes on falling."""
    validation, loss = curves.validation, curves.loss
    if validation is None:
        return None
    best = validation.best
    lowest, rise = validation.smooth[best], -validation.fall(best, len(validation) - 1)
    share = _OVERFIT_STOPPED if evidence.stopped else _OVERFIT
    clear = rise > max(share * abs(lowest), 3 * validation.noise)
    learns = loss.fall(best, len(loss) - 1) > _STILL_FALLS * abs(loss.smooth[best])
    if not clear or not learns or len(validation) - best <= 3:  # noqa: PLR2004 - a few points
        return None
    epoch = validation.epochs[best]
    climbs = f"val_loss climbs from {lowest:.3g} to {validation.smooth[-1]:.3g}"
    if _still_more_right(curves.accuracies, epoch):
        return Finding(
            "overconfident",
            f"Since epoch {epoch:,} {climbs}, but val_accuracy still grows: the model gets surer of "
            "itself, not worse.",
            "Where probabilities matter, try label_smoothing in the loss; to keep the epoch with "
            "most rows right, training.monitor: val_accuracy.",
        )
    kept = f"; the saved model is of epoch {evidence.best_epoch:,}" if evidence.best_epoch else ""
    return Finding(
        "overfitting",
        f"Overfitting since epoch {epoch:,}: {climbs} while the training loss falls{kept}.",
        "Try regularization.dropout or regularization.l2, fewer units, more rows; EarlyStopping "
        "saves the time.",
    )


def _still_more_right(accuracies: Sequence[float], epoch: int) -> bool:
    """Whether clearly more rows are right at the end than around an epoch."""
    if len(accuracies) < FEW_EPOCHS:
        return False
    risen = Curve.of([-value for value in accuracies])
    point = next(place for place, last in enumerate(risen.epochs) if last >= epoch)
    return risen.fall(point, len(risen) - 1) > max(2 * risen.noise, 0.002)


def _improving(curves: _Curves, evidence: Evidence) -> Finding | None:
    """At the end the watched loss still falls, by more than its noise."""
    name, curve = curves.watched
    if evidence.stopped or (curves.accuracies and curves.accuracies[-1] >= _ALL_RIGHT):
        return None
    span = max(3, len(curve) // 4)
    before, end = curve.smooth[-span - 1], curve.smooth[-1]
    fall = before - end
    if fall <= max(_IMPROVING * abs(before), 2 * curve.noise) or len(curve) - curve.best > span:
        return None
    since = curve.epochs[-1] - curve.epochs[-span - 1]
    way = f"by {100 * fall / before:.2g} %" if before > 0 else f"from {before:.3g} to {end:.3g}"
    more = 2 * max(evidence.epochs, curve.epochs[-1])
    return Finding(
        "improving",
        f"Still improving: {name} fell {way} in the last {since:,} epochs.",
        f"Try more epochs: training.epochs: {more}, or `nnrun resume RUN --epochs {more}`; or raise "
        f"{evidence.rate}.",
    )


def _plateau(curves: _Curves, evidence: Evidence) -> Finding | None:
    """For a good part of the epochs nothing has improved, and the training rows are not fitted."""
    name, curve = curves.watched
    if evidence.stopped or (curves.accuracies and curves.accuracies[-1] >= _ALL_RIGHT):
        return None
    lowest = curve.smooth[curve.best]
    since = curve.epochs[curve.since_best(max(_SETTLED * abs(lowest), curve.noise))]
    idle = curve.epochs[-1] - since
    if idle < max(FEW_EPOCHS, _IDLE_SHARE * curve.epochs[-1]):
        return None
    if curves.loss.smooth[-1] <= _FIT * abs(curves.loss.smooth[0]):
        return None
    return Finding(
        "plateau",
        f"A plateau since epoch {since:,}: {name} stays at {lowest:.3g}.",
        "Try callbacks: [ReduceLROnPlateau] or a schedule, more units or layers in architecture; or "
        "fewer epochs, if that is what there is to learn.",
    )


def _fine(curves: _Curves, evidence: Evidence) -> Finding:
    name, curve = curves.watched
    if not evidence.stopped:
        lowest = curve.smooth[curve.best]
        return Finding("fine", f"All is well: {name} has come to rest at {lowest:.3g}.")
    text = "All is well: it ended when there was nothing more to gain"
    if evidence.best_epoch:
        # Not the level of the curve, but what the saved model has: the table above says it as well.
        figure = evidence.history.column(name)[evidence.best_epoch - 1]
        text += f"; {name} is {figure:.3g} in the best epoch, {evidence.best_epoch:,}"
    return Finding("fine", f"{text}.")


_RULES: tuple[Callable[[_Curves, Evidence], Finding | None], ...] = (
    _rate_too_high,
    _rate_too_low,
    _not_learning,
    _overfitting,
    _improving,
    _plateau,
    _fine,
)
"""The rules about the curves; the first that holds is told, and the last always does."""


def _largest_share(classes: Sequence[ClassFound]) -> float:
    """The share of the rows that the most frequent class has; 0 where there is none."""
    rows = sum(one.rows for one in classes)
    return max((one.rows for one in classes), default=0) / rows if rows else 0.0


def _ignored_classes(evidence: Evidence) -> list[Finding]:
    """Rare classes that are hardly ever predicted, while frequent ones are."""
    rows = sum(one.rows for one in evidence.classes)
    fair = _RARE * rows / max(1, len(evidence.classes))
    seen = [one for one in evidence.classes if one.rows >= _ENOUGH_ROWS]
    rare = [one for one in seen if one.rows <= fair and one.found < _FOUND * one.rows]
    known = any(one.found >= _KNOWN * one.rows for one in seen if one.rows > fair)
    if not rare or not known:
        return []
    told = ", ".join(f"{one.found} of the {one.rows} rows of {one.name!r}" for one in rare[:3])
    advice = (
        "The classes are weighted already: gather more rows of the rare ones."
        if evidence.weighted
        else "Try training.class_weight: balanced, and judge by the recall that `nnrun eval` gives "
        "for each class."
    )
    text = f"Class imbalance is ignored: of the validation rows, {told} are found."
    return [Finding("imbalance_ignored", text, advice)]
