"""The conclusion from a range test and its trials: the rate to recommend, and why."""

from dataclasses import replace

from nnrun.analysis.lr_curve import RangeCurve
from nnrun.analysis.lr_measures import RateTrial
from nnrun.analysis.lr_suggestions import LEAST_FALL, Advice, start_of
from nnrun.analysis.lr_trials import TrialResults


def conclude(advice: Advice, curve: RangeCurve, outcome: TrialResults, epochs: int) -> Advice:
    """The advice after trials, which overrule the range test.

    Args:
        advice: What the curve alone advises.
        curve: What the range test measured.
        outcome: What came of the trials.
        epochs: Epochs of one training.

    Returns:
        The advice with the rate of the best trial; with none where no trial went well, or it has
        not lowered the loss.
    """
    best, trials = outcome.best, outcome.trials
    if not trials:
        return advice
    rates = f"{trials[0].rate:g} to {trials[-1].rate:g}"
    if best is None:
        why = f"the loss climbed or diverged in every trial, from {rates}: a lower --min would tell more"
        return replace(advice, recommended=None, why=why)
    start = start_of(curve) if curve.untrained is None else curve.untrained
    if start - min(best.losses) <= LEAST_FALL * abs(start):
        why = f"nothing is learned at {rates}: the loss of the best trial fell by less than {LEAST_FALL:.0%}"
        return replace(advice, recommended=None, why=why)
    return replace(advice, recommended=best.rate, why=_why(outcome, best, epochs))


def _why(outcome: TrialResults, best: RateTrial, epochs: int) -> str:
    """How the best rate was found, and how certain it is."""
    most, trials, near = len(best.epochs), outcome.trials, outcome.as_well
    length = _epochs(most) if most == epochs else f"{most:,} of {_epochs(epochs)}"
    longest = [trial for trial in trials if len(trial.epochs) == most]
    if len(trials) == 1:
        return f"the only rate that was tried, for {length}"
    if len(near) == len(trials):
        return (
            f"all {len(near)} rates that were tried, {near[0]:g} to {near[-1]:g}, did as well in "
            f"trials of {length}, so any of them will do"
        )
    how = f"the best of {len(trials)} rates"
    how += (
        f" in trials of {length}"
        if len(longest) == len(trials)
        else f", {len(longest)} of them tried for {length}"
    )
    return f"{how}; {_how_sure(near)}"


def _how_sure(near: tuple[float, ...]) -> str:
    match near:
        case (_,):
            return "no other did as well"
        case (first, second):
            return f"of these, {first:g} and {second:g} did as well"
    return f"of these, {near[0]:g} to {near[-1]:g} did as well"


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count:,} epochs"
