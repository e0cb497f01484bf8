"""What `nnrun lr-find` tells: a table of the rules, the recommended rate and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnrun.reports.lr_curve import Curve
from nnrun.reports.lr_suggestions import Advice
from nnrun.reports.tables import fact_lines, format_seconds, wrapped

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

SEARCH_FORMAT = 1

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
        advice: What follows from it.
        notes: What else is to be known, a sentence each.
        plot: The picture of the curve.
        csv: The curve as a table.
        seconds: What the range test took.
        engine: The engine's name and why it was chosen.
        warnings: What is doubtful about the data, in words.
        applied: The config that was written with the recommended rate; None where none was.
    """

    name: str
    optimizer: str
    curve: Curve
    advice: Advice
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

    def to_json(self) -> dict[str, Any]:
        """The report as `nnrun lr-find --json` prints it; the curve itself is in the CSV."""
        return {
            "format": SEARCH_FORMAT,
            "name": self.name,
            "optimizer": self.optimizer,
            "recommended": self.advice.recommended,
            "why": self.advice.why,
            "rules": [asdict(suggestion) for suggestion in self.advice.suggestions],
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
    found = "none" if advice.recommended is None else f"{advice.recommended:g}"
    facts = {"recommended": f"{found} for {report.optimizer}", "why": wrapped(advice.why)}
    if advice.recommended is None:
        why = advice.why.removeprefix("none is recommended: ")
        facts = {"recommended": found, "why": wrapped(why)}
    for number, note in enumerate(report.notes):
        facts["note" if number == 0 else f"note {number + 1}"] = wrapped(note)
    facts |= {"time": f"{format_seconds(report.seconds)} ({report.engine['name']})"}
    facts |= {"curve": report.plot, "table": report.csv}
    if report.applied:
        facts["written"] = report.applied
    return Group(headline, "", _rules(advice), "", fact_lines(facts))


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
