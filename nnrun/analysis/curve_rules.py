"""Rules about the curves of a run; the first that applies is reported.

A rule says something only where the curves show more than their noise, and tells only figures that
an epoch had. Where none holds, nothing stands out.
"""

from collections.abc import Callable

from nnrun.analysis.evidence import Evidence
from nnrun.analysis.findings import NOTHING, Finding
from nnrun.analysis.guessing import Guess
from nnrun.analysis.run_curves import RunCurves
from nnrun.analysis.trends import LossCurve

_CLIMB = 0.2
"""A training loss that climbs by this share of its lowest, and of all it had fallen, gets worse."""
_OVERFIT = 0.1
_OVERFIT_STOPPED = 0.25
"""What val_loss climbs by, as a share of its lowest, before it is called overfitting; more where
EarlyStopping has ended the training for it: some epochs without improvement are its price."""
_FEW_VALIDATION_ROWS = 20
"""Of fewer rows val_loss has to climb by twice as much."""
_MATTERS = 0.001
"""The least climb that matters, as a share of the way from guessing to perfect: a loss that is as
good as 0 can climb to many times its lowest and be as good as 0."""
_STILL_FALLS = 0.05
_LEARNS_ON = 0.3
"""The shares by which the training loss falls while val_loss climbs, or is at rest."""
_ROUGH = 0.15
_ROUGH_AT_RANDOM = 0.4
"""The typical step of a loss that jumps, as a share of its level and of all it has fallen; more
where layers draw random numbers, which alone make a loss of few rows jump."""
_ROUGH_GUESSING = 0.03
_ABOVE_GUESSING = 1.05
"""The typical step of the loss of a model that guesses, and the level of one that is held up above
guessing, as shares, where the rate is too high."""
_LEARNED = 0.7
"""A training loss below this share of that of guessing has learned something."""
_FEW_ROWS = 20
"""Of so few rows as those of a truth table the loss jumps where they cannot be learned, too."""
_SKILLED = 0.8
_NEAR = 0.03
"""How far from guessing to perfect a model is with which all is well, and what its loss may still
move, as a share of that way."""


def judge_curves(curves: RunCurves, evidence: Evidence) -> Finding:
    """The finding about the curves.

    Args:
        curves: The curves, of a few epochs at least.
        evidence: All that is known of the run.
    """
    found = (rule(curves, evidence) for rule in _RULES)
    return next((finding for finding in found if finding), _nothing(curves, evidence))


def _no_better_than_guessing(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The saved model is no better than one constant answer for every row."""
    guess = next((item for item in evidence.guesses if item.is_no_better), None)
    if guess is None or curves.creeps or curves.improvement:
        return None
    loss, beside = curves.loss, guess.in_words()
    if guess.is_of_all and loss.height(loss.end) < _LEARNED * loss.height(guess.guess):
        return Finding(
            "overfitting",
            f"The training loss falls to {loss.at(loss.last):.3g}, but {beside}. What is learned of "
            "the training rows does not carry over to others.",
            "Try regularization.dropout or regularization.l2, fewer units, more rows; or the "
            "features do not tell what is asked.",
        )
    learned = "Hardly anything" if guess.skill > 0 else "Nothing"
    if _is_held_up(curves, guess, evidence):
        return Finding(
            "rate_too_high",
            f"{learned} is learned: {beside}. The learning rate looks too high.",
            f"Try a tenth or a hundredth of {evidence.rate}; and, if the features are in different "
            "units, dataset.preprocess.standardize: true.",
        )
    return Finding(
        "not_learning",
        f"{learned} is learned: {beside}.",
        f"Try another {evidence.rate} (`nnrun lr-find` measures one); "
        "dataset.preprocess.standardize: true if the features are in different units; callbacks: "
        "[LayerMonitor] to see whether gradients reach the first layers. Or the features do not "
        "tell what is asked.",
    )


def _is_held_up(curves: RunCurves, guess: Guess, evidence: Evidence) -> bool:
    """Whether the training loss of a guessing model jumps, or stays above the loss of guessing."""
    few = evidence.rows is not None and evidence.rows < _FEW_ROWS
    if few or evidence.random or guess.answers is None or not guess.is_of_all or not curves.jumps:
        return False
    height = curves.loss.height(curves.level)
    rough = curves.steps.typical > _ROUGH_GUESSING * height
    return rough or height > _ABOVE_GUESSING * curves.loss.height(guess.guess)


def _rate_too_high(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The training loss climbs, or jumps around while it should still be falling."""
    few = evidence.rows is not None and evidence.rows < _FEW_ROWS
    if few or curves.rate_rises:
        return None
    loss, advice = curves.loss, f"Try a third or a tenth of {evidence.rate}."
    rise = loss.end - loss.around(loss.lowest)
    fallen = loss.at(loss.first) - loss.at(loss.lowest)
    worse = rise > _CLIMB * max(fallen, loss.height(loss.at(loss.lowest)))
    if worse and loss.is_clear(rise, 4) and loss.last - loss.lowest >= loss.window:
        text = f"The training loss {_climb(loss)}: the learning rate looks too high."
        return Finding("rate_too_high", text, advice)
    least = _ROUGH_AT_RANDOM if evidence.random else _ROUGH
    fallen, step = loss.at(loss.first) - curves.level, curves.steps.typical
    if curves.jumps and step > least * max(loss.height(curves.level), fallen):
        late = loss.figures[len(loss.figures) // 2 :]
        low, high = min(late), max(late)
        text = (
            f"The training loss jumps up and down between {low:.3g} and {high:.3g}: the learning "
            "rate looks too high."
        )
        return Finding("rate_too_high", text, advice)
    return None


def _climb(curve: LossCurve) -> str:
    return (
        f"climbs from {curve.at(curve.lowest):.3g} in epoch {curve.lowest:,} to "
        f"{curve.at(curve.last):.3g} in epoch {curve.last:,}"
    )


def _rate_too_low(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The training loss falls steadily, as fast at the end, but has not fallen far."""
    loss = curves.loss
    if not curves.creeps or curves.rate_ran_out:
        return None
    target = "dataset.preprocess.target: standardize, or " if evidence.unscaled else ""
    return Finding(
        "rate_too_low",
        f"The training loss creeps from {loss.at(loss.first):.3g} in epoch {loss.first:,} to "
        f"{loss.at(loss.last):.3g} in epoch {loss.last:,}, no slower at the end than at the "
        "beginning: the learning rate looks too low.",
        f"Try {target}three or ten times {evidence.rate}.",
    )


def _overfitting(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """After its minimum val_loss climbs, whether or not the training loss falls."""
    validation, loss = curves.validation, curves.loss
    if validation is None or validation.last - validation.lowest < validation.window:
        return None
    best = validation.lowest
    rise = validation.end - validation.around(best)
    share = _OVERFIT_STOPPED if evidence.stopped else _OVERFIT
    share *= 2 if 0 < evidence.validation_rows < _FEW_VALIDATION_ROWS else 1
    height = validation.height(validation.around(best))
    if rise < share * height or not _matters(rise, validation, curves.guess):
        return None
    fall = loss.around(best) - loss.end
    if fall < _STILL_FALLS * loss.height(loss.around(best)):
        return _worsening(validation, evidence) if rise > 2 * share * height else None
    if not loss.is_clear(fall, 2) or loss.end > validation.end:
        return None
    if curves.more_are_right_since(best):
        return Finding(
            "overconfident",
            f"val_loss {_climb(validation)}, but val_accuracy still grows: the model gets surer of "
            "itself, not worse.",
            "Where probabilities matter, try label_smoothing in the loss; to keep the epoch with "
            "most rows right, training.monitor: val_accuracy.",
        )
    kept = f"; the saved model is of epoch {evidence.best_epoch:,}" if evidence.best_epoch else ""
    return Finding(
        "overfitting",
        f"Overfitting: val_loss {_climb(validation)}, while the training loss falls{kept}.",
        "Try regularization.dropout or regularization.l2, fewer units, more rows; EarlyStopping "
        "saves the time.",
    )


def _matters(rise: float, curve: LossCurve, guess: Guess | None) -> bool:
    """Whether a climb is larger than the noise, and matters compared with guessing."""
    return curve.is_clear(rise) and (guess is None or rise >= _MATTERS * guess.way)


def _worsening(validation: LossCurve, evidence: Evidence) -> Finding:
    return Finding(
        "worsening",
        f"It gets worse: val_loss {_climb(validation)}, and the training loss hardly falls "
        "meanwhile.",
        f"Try a third or a tenth of {evidence.rate}.",
    )


def _improving(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The watched loss is still falling at the end, by more than its noise."""
    found = curves.improvement
    if found is None or curves.all_right:
        return None
    name, curve = curves.watched
    before, lowest = (f"{curve.at(epoch):.3g} in epoch {epoch:,}" for epoch in found)
    text = f"Still improving: {name} fell from {before} to {lowest}"
    guess = next((item for item in evidence.guesses if item.is_no_better), None)
    if guess is not None:
        text += f", though that is no better yet than guessing ({guess.guess:.3g})"
    more = f"training.epochs: {2 * max(evidence.epochs, curve.last)}"
    if evidence.stopped:
        text += ", when a callback ended the training"
        advice = "If that was not meant, give EarlyStopping more patience, or another monitor."
    elif curves.rate_ran_out:
        text += ", but the learning rate has run out"
        advice = f"Try {more}, with a schedule that lasts as long."
    else:
        resume = f"`nnrun resume RUN --epochs {more.rpartition(' ')[2]}`"
        advice = f"Try more epochs: {more}, or {resume}; or raise {evidence.rate}."
    return Finding("improving", f"{text}.", advice)


def _fine(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The saved model is much better than guessing, and the curve ends near its best."""
    (_, curve), guess = curves.watched, curves.guess
    skill = min((loss.skill for loss in evidence.guesses), default=0.0)
    if not skill >= _SKILLED:
        return None
    if evidence.stopped:
        ended = "it ended when there was nothing more to gain"
        return Finding("fine", f"All is well: {ended}; {_of_best_epoch(curves, evidence)}.")
    if guess is None:
        return None
    moves = (curve.noise, curve.before_end - curve.end, curve.end - curve.at(curve.lowest))
    rise = curve.end - curve.around(curve.lowest)
    later = curve.last - curve.lowest >= curve.window
    high = rise > _OVERFIT / 2 * curve.height(curve.end)
    climbs = later and high and _matters(rise, curve, guess)
    if climbs or max(moves) > _NEAR * guess.way:
        return None
    best = _of_best_epoch(curves, evidence)
    return Finding("fine", f"All is well: {best}; guessing would give {guess.guess:.3g}.")


def _plateau(curves: RunCurves, evidence: Evidence) -> Finding | None:
    """The watched loss has not moved for a large part of the epochs."""
    (name, curve), loss = curves.watched, curves.loss
    since = curves.at_rest_since()
    if since is None or evidence.stopped or curves.all_right:
        return None
    text = f"A plateau: {name} has hardly moved since epoch {since:,}, when it was {curve.at(since):.3g}"
    if loss.around(since) - loss.end > _LEARNS_ON * loss.height(loss.around(since)):
        text += ", though the training loss keeps falling"
        advice = "try regularization or more rows: more epochs or units would only overfit."
    elif curves.rate_ran_out:
        text += "; the learning rate has run out"
        advice = "try a schedule that falls more slowly, or more units or layers."
    else:
        advice = (
            "try callbacks: [ReduceLROnPlateau] or a schedule, more units or layers, or other "
            "features."
        )
    return Finding(
        "plateau", f"{text}.", f"If that is good enough, fewer epochs will do; if not, {advice}"
    )


def _nothing(curves: RunCurves, evidence: Evidence) -> Finding:
    return Finding(NOTHING, f"Nothing stands out: {_of_best_epoch(curves, evidence)}.")


def _of_best_epoch(curves: RunCurves, evidence: Evidence) -> str:
    # Of the saved model, as the table above has it, which may be best by another figure.
    (name, curve), best = curves.watched, evidence.best_epoch
    if best is None or best < curve.first:
        return f"the lowest {name} is {curve.at(curve.lowest):.3g}, in epoch {curve.lowest:,}"
    return f"{name} is {curve.at(best):.3g} in the best epoch, {best:,}"


_RULES: tuple[Callable[[RunCurves, Evidence], Finding | None], ...] = (
    _no_better_than_guessing,
    _rate_too_high,
    _rate_too_low,
    _overfitting,
    _improving,
    _fine,
    _plateau,
)
