"""What `nnrun lr-find` tells: what the rules say, what the trials came to, the rate and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnrun.analysis.lr_curve import RangeCurve
from nnrun.analysis.lr_measures import RateTrial
from nnrun.analysis.lr_suggestions import Advice
from nnrun.analysis.lr_trials import TrialResults
from nnrun.analysis.tables import fact_lines, format_figure, format_seconds, wrapped
from nnrun.config.figures import is_on_validation
from nnrun.runs.history import NOT_METRICS

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

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
            name: value if math.isfinite(value) else None
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


def report_view(report: SearchReport) -> "Group":
    """The report for a terminal."""
    from rich.console import Group
    from rich.text import Text

    curve, advice = report.curve, report.advice
    ended = _ENDS[curve.ended].format(rate=float(curve.rates[-1]))
    steps = f"{len(curve.losses):,} of {curve.steps:,} steps, {ended}"
    headline = Text.assemble((report.name, "bold"), f": {steps}")
    found = (
        "none" if advice.recommended is None else f"{advice.recommended:g} for {report.optimizer}"
    )
    facts = {"recommended": found, "why": wrapped(advice.why)}
    for number, note in enumerate(report.notes):
        facts["note" if number == 0 else f"note {number + 1}"] = wrapped(note)
    facts |= {"time": f"{format_seconds(report.seconds)} ({report.engine['name']})"}
    facts |= {"curve": report.plot, "table": report.csv}
    if report.applied:
        facts["written"] = report.applied
    trials = ("", _trials(report)) if report.trials else ()
    return Group(headline, "", _rules(advice), *trials, "", fact_lines(facts))


def _rules(advice: Advice) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("rule")
    table.add_column("rate", justify="right")
    table.add_column("what it looks for")
    for item in advice.suggestions:
        rate = "-" if item.rate is None else f"{item.rate:.3g}"
        table.add_row(item.rule, rate, item.meaning if item.rate is not None else item.reason)
    return table


def _trials(report: SearchReport) -> "Table":
    from rich.table import Table

    told = [report._told(trial) for trial in report.trials]
    names = list(next((one["figures"] for one in told if one["figures"]), {}))
    shown = [name for name in names if is_on_validation(name)] or names
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("rate tried", "epochs", "best epoch", *shown[:_MOST_FIGURES]):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one in told:
        figures = [format_figure(one["figures"].get(name)) for name in shown[:_MOST_FIGURES]]
        best = "-" if one["best_epoch"] is None else str(one["best_epoch"])
        table.add_row(f"{one['rate']:g}", str(one["epochs"]), best, *figures, one["verdict"])
    return table
