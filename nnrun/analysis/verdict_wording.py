"""Sentences about what was tested between two sides."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.analysis.comparison import Comparison
from nnrun.analysis.significance import Interval
from nnrun.config.modes import Mode

_POINTS = ("accuracy", "acc", "precision", "recall")


@dataclass(frozen=True)
class Verdict:
    """A sentence about two sides.

    Attributes:
        method: `rows` for tests on the same rows, `seeds` for Welch's test, `none`.
        first: The first side's label.
        second: The second side's label.
        text: The sentence.
        metric: The figure that was tested; empty where none was.
        interval: The second side minus the first, as the figure counts; None where nothing was
            tested.
        output: Of several outputs, the one whose predictions were tested; else empty.
        winner: The label of the side that is better; empty where that is not known.
    """

    method: str
    first: str
    second: str
    text: str
    metric: str = ""
    interval: Interval | None = None
    output: str = ""
    winner: str = ""


@dataclass(frozen=True)
class Tested:
    """A test of two sides, before it is put into words.

    Attributes:
        method: `rows` or `seeds`.
        labels: What the sides are called.
        metric: The figure that was tested.
        mode: Whether it is best at its least or greatest; None where neither is better.
        interval: The second side minus the first.
        told: What was measured, and on what.
        test: What the test is called.
        tests: How many of its kind were made together.
        output: Of several outputs, the one that was tested; else empty.
        facts: What else belongs to the test.
        ahead: By how many rows the second side is right more often; only of the accuracy.
        on: Of which rows that is.
        same: What both sides have in common, where there is nothing to test.
    """

    method: str
    labels: tuple[str, str]
    metric: str
    mode: Mode | None
    interval: Interval
    told: str
    test: str
    tests: int = 1
    output: str = ""
    facts: str = ""
    ahead: int | None = None
    on: str = ""
    same: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether the sides differ according to the test and the interval."""
        return not self.same and self.interval.is_clear

    def verdict(self) -> Verdict:
        """The sentence with what it is about."""
        leader = self._sides()[0] if self.is_clear and self.mode else ""
        return Verdict(
            self.method, *self.labels, self._text(), self.metric, self.interval, self.output, leader
        )

    def _text(self) -> str:
        first, second = self.labels
        if self.same:
            return f"{first} and {second} {self.same}: {self.told}."
        if self.interval.difference == 0:
            return f"{first} and {second} are equal in {self.told}{_in_brackets(self._details())}."
        leader, other = self._sides()
        change = describe_amount(self.metric, abs(self.interval.difference))
        if self.is_clear:
            better = "better than" if self.mode else "above"
            span = _range(self.metric, *self._ends())
            tested = "; ".join(filter(None, (self._tested(), self.facts)))
            by = f"by {change}, 95 % interval {span}"
            return f"{leader} is {better} {other} {by}, in {self.told}{_in_brackets(tested)}."
        start = (
            f"{leader} is {'ahead of' if self.mode else 'above'} {other} by {change} in {self.told}"
        )
        if self.ahead is not None:
            start = f"{leader} is right on {abs(self.ahead):,} more of {self.on} than {other}"
        chance = "but this could be chance"
        if self.interval.reason:
            return f"{start}, {chance}: {self.interval.reason}{_in_brackets(self._tested())}."
        return f"{start}, {chance}{_in_brackets(self._details())}."

    def _sides(self) -> tuple[str, str]:
        """The side that is ahead and the other; if neither is better, the higher one first."""
        first, second = self.labels
        second_leads = (self.interval.difference > 0) == (self.mode != "min")
        return (second, first) if second_leads else (first, second)

    def _ends(self) -> list[float]:
        """The ends of the interval of the leader's advantage."""
        ends = [self.interval.low, self.interval.high]
        return ends if self.interval.difference > 0 else [-end for end in reversed(ends)]

    def _details(self) -> str:
        interval = ""
        if not self.interval.reason:
            interval = f"95 % interval {_range(self.metric, *self._ends())}{_unit(self.metric)}"
        return "; ".join(filter(None, (self._tested(), interval, self.facts)))

    def _tested(self) -> str:
        p, adjusted = self.interval.p, self.interval.adjusted
        if p is None:
            return ""
        text = f"{self.test}: p {_probability(p)}"
        if adjusted is None:
            return text
        corrected = _probability(adjusted).removeprefix("= ")
        if corrected in text:
            return f"{text}, corrected for {self.tests} tests"
        return f"{text}, or {corrected} corrected for {self.tests} tests"


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _unit(metric: str) -> str:
    return " points" if is_share(metric) else ""


def _range(metric: str, low: float, high: float) -> str:
    ends = [describe_amount(metric, end).removesuffix(_unit(metric)) for end in (low, high)]
    return " to ".join(ends)


def describe_amount(metric: str, value: float) -> str:
    """A difference in words: shares in percentage points.

    >>> describe_amount("val_accuracy", 0.125), describe_amount("rmse", 0.125)
    ('12.5 points', '0.125')
    """
    value += 0.0  # no zero is negative
    return f"{100 * value:.1f} points" if is_share(metric) else f"{value:.3g}"


def is_share(metric: str) -> bool:
    """Whether a figure is shown in percent."""
    return any(word in metric.split("_") for word in _POINTS)


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3g}"  # noqa: PLR2004


def verdict_sentences(verdicts: Sequence[Verdict], comparison: Comparison) -> list[str]:
    """The sentences of verdicts; with more than two sides, each names those it is about."""
    if comparison.one_config or len(comparison.groups) == 2:  # noqa: PLR2004 - two are a pair
        return [verdict.text for verdict in verdicts]
    return [
        verdict.text
        if verdict.interval
        else f"{verdict.first} and {verdict.second}: {verdict.text}"
        for verdict in verdicts
    ]
