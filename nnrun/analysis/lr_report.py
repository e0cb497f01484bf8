"""What `nnrun lr-find` tells: what the rules say, what the trials came to, the rate and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnrun.analysis.lr_curve import RangeCurve
from nnrun.analysis.lr_measures import RateTrial
from nnrun.analysis.lr_suggestions import Advice
from nnrun.analysis.lr_trials import TrialResults
from nnrun.analysis.run_summary import stored_picture
from nnrun.pages.document import Block, Cell, Document, Facts, Lines, Sheet
from nnrun.pages.numbers import format_figure, format_seconds
from nnrun.runs.history import NOT_METRICS

SEARCH_FORMAT = 1
_MOST_FIGURES = 3

_ENDS = {
    "range": "to the end of the range",
    "exploded": "until the loss exploded at {rate:.3g}",
    "not finite": "until the loss was not finite, after {rate:.3g}",
}


@dataclass(frozen=True)
class SearchReport:
    """How a search for a learning rate came out.

    Attributes:
        name: The experiment's name.
        optimizer: The optimizer's class.
        curve: What the range test measured.
        advice: What follows from it and from the trials.
        outcome: What the trials came to; None where there were none.
        epochs: Epochs of one training, which no trial exceeds.
        notes: What else is to be known, a sentence each.
        plot: The picture of the curve.
        csv: The curve as a table.
        seconds: What range test and trials took.
        engine: The engine's name and why it was chosen.
        warnings: What is doubtful about the data, in words.
        applied: The config that was written with the recommended rate; None where none was.
    """

    name: str
    optimizer: str
    curve: RangeCurve
    advice: Advice
    outcome: TrialResults | None
    epochs: int
    notes: Sequence[str]
    plot: str
    csv: str
    seconds: float
    engine: Mapping[str, str]
    warnings: Sequence[str]
    applied: str | None = None

    @property
    def exit_code(self) -> int:
        """0; 1 where no rate is recommended."""
        return 0 if self.advice.recommended is not None else 1

    @property
    def trials(self) -> Sequence[RateTrial]:
        """The trials, by their rates."""
        return self.outcome.trials if self.outcome else ()

    def verdict(self, trial: RateTrial) -> str:
        """What came of a trial, in words; empty where there is nothing to say."""
        assert self.outcome is not None  # noqa: S101 there are trials
        if fault := self.outcome.criterion.fault(trial):
            return fault
        if trial is self.outcome.best:
            return "the best"
        return "as well" if trial.rate in self.outcome.as_well else ""

    def _told(self, trial: RateTrial) -> dict[str, Any]:
        assert self.outcome is not None  # noqa: S101 there are trials
        criterion = self.outcome.criterion
        figures = {
            name: value
            for name, value in criterion.reached(trial).items()
            if name not in NOT_METRICS
        }
        return {
            "rate": trial.rate,
            "epochs": len(trial.epochs),
            "best_epoch": criterion.best_epoch(trial),
            "figures": figures,
            "verdict": self.verdict(trial),
        }

    def to_json(self) -> dict[str, Any]:
        """The report as `nnrun lr-find --json` prints it; the curve itself is in the CSV."""
        return {
            "format": SEARCH_FORMAT,
            "name": self.name,
            "optimizer": self.optimizer,
            "recommended": self.advice.recommended,
            "why": self.advice.why,
            "turning_point": self.advice.turning,
            "rules": [asdict(suggestion) for suggestion in self.advice.suggestions],
            "as_well": list(self.outcome.as_well) if self.outcome else [],
            "trials": [self._told(trial) for trial in self.trials],
            "trial_epochs": self.outcome.spent if self.outcome else 0,
            "training_epochs": self.epochs,
            "notes": list(self.notes),
            "steps": len(self.curve.losses),
            "ended": self.curve.ended,
            "plot": self.plot,
            "csv": self.csv,
            "applied": self.applied,
            "seconds": round(self.seconds, 3),
            "engine": dict(self.engine),
            "warnings": list(self.warnings),
        }


def report_view(report: SearchReport) -> Document:
    """The report as a document."""
    curve, advice = report.curve, report.advice
    ended = _ENDS[curve.ended].format(rate=float(curve.rates[-1]))
    steps = f"{len(curve.losses):,} of {curve.steps:,} steps, {ended}"
    found = (
        "none" if advice.recommended is None else f"{advice.recommended:g} for {report.optimizer}"
    )
    facts: dict[str, str | Path] = {"recommended": found, "why": advice.why}
    for number, note in enumerate(report.notes):
        facts["note" if number == 0 else f"note {number + 1}"] = note
    facts["time"] = f"{format_seconds(report.seconds)} ({report.engine['name']})"
    facts |= {"curve": Path(report.plot), "table": Path(report.csv)}
    if report.applied:
        facts["written"] = Path(report.applied)
    blocks: list[Block] = [
        Lines([[Cell(report.name, "strong"), f": {steps}"]]),
        _rules(advice),
        *_trials(report),
        Facts(facts),
        stored_picture("The loss against the learning rate", Path(report.plot)),
    ]
    warnings = [f"warning: {warning}" for warning in report.warnings]
    return Document(f"Learning rate of {report.name}", blocks, report.to_json, asides=warnings)


def _rules(advice: Advice) -> Sheet:
    rows = [
        [item.rule, "-", item.reason]
        if item.rate is None
        else [item.rule, f"{item.rate:.3g}", item.meaning]
        for item in advice.suggestions
    ]
    return Sheet("", ["rule", "rate", "what it looks for"], rows, frozenset({0, 2}))


def _trials(report: SearchReport) -> list[Sheet]:
    trials = [report._told(trial) for trial in report.trials]
    names = list(next((trial["figures"] for trial in trials if trial["figures"]), {}))
    shown = ([name for name in names if name.startswith("val_")] or names)[:_MOST_FIGURES]
    rows = [
        [
            f"{trial['rate']:g}",
            str(trial["epochs"]),
            "-" if trial["best_epoch"] is None else str(trial["best_epoch"]),
            *(format_figure(trial["figures"].get(name)) for name in shown),
            trial["verdict"],
        ]
        for trial in trials
    ]
    columns = ["rate tried", "epochs", "best epoch", *shown, ""]
    return [Sheet("", columns, rows, frozenset({len(columns) - 1}))] if rows else []
