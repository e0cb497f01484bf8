"""Figures of many rounds: their middle and spread, the ratios to nnrun, tables and JSON."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.workloads import OWN, Target, Workload

MEASURES = {
    "seconds": "an epoch",
    "first_step": "start to first step",
    "memory": "peak memory",
}


@dataclass(frozen=True)
class Spread:
    """Least, middle and greatest of the rounds."""

    least: float
    median: float
    greatest: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(min(values), statistics.median(values), max(values))


@dataclass
class Results:
    """What the peers reported of one workload.

    Attributes:
        workload: The workload.
        rounds: By peer, a mapping for each round: `seconds`, `first_step`, `memory` and `quality`.
        absent: By peer, why it has no figures.
    """

    workload: Workload
    rounds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def spread(self, peer: str, measure: str) -> Spread | None:
        """A peer's figures; None where it has none of the kind."""
        values = [figures[measure] for figures in self.rounds.get(peer, [])]
        return Spread.of(values) if values and None not in values else None

    def ratio(self, peer: str, measure: str) -> Spread | None:
        """The peer's figure over nnrun's of the same round: above 1, nnrun is better."""
        if self.spread(peer, measure) is None or self.spread(OWN, measure) is None:
            return None
        # A peer that no target names has the first round only.
        pairs = zip(self.rounds[peer], self.rounds[OWN], strict=False)
        return Spread.of([theirs[measure] / ours[measure] for theirs, ours in pairs])

    def quality(self, peer: str) -> float | None:
        """How well the network had learnt; None for a peer that does not tell."""
        values = [row["quality"].get(self.workload.quality) for row in self.rounds.get(peer, [])]
        return statistics.median(values) if values and None not in values else None

    def to_json(self) -> dict[str, Any]:
        """Everything, the rounds' own figures too."""
        return {
            "title": self.workload.title,
            "config": self.workload.config,
            "quality": self.workload.quality,
            "absent": self.absent,
            "peers": {peer: self._peer_to_json(peer) for peer in self.rounds},
        }

    def _peer_to_json(self, peer: str) -> dict[str, Any]:
        spreads = {
            kind: {measure: vars(spread) for measure in MEASURES if (spread := find(peer, measure))}
            for kind, find in (("figures", self.spread), ("over_nnrun", self.ratio))
        }
        return {**spreads, "quality": self.quality(peer), "rounds": self.rounds[peer]}


def workload_table(results: Results, titles: dict[str, str]) -> str:
    """The peers of one workload, a row each, in Markdown."""
    workload = results.workload
    shown = "first_step" if workload.epochs == 1 else "seconds"
    head = [
        "", MEASURES[shown], "of nnrun's", f"{workload.quality} after {workload.epochs}", "memory",
    ]  # fmt: skip
    lines = [f"### {workload.title}", "", _row(head), _row(["---"] * len(head))]
    for peer, title in titles.items():
        spread, ratio = results.spread(peer, shown), results.ratio(peer, shown)
        if spread is None or ratio is None:
            why = results.absent.get(peer)
            lines += [_row([title, why, "", "", ""])] if why else []
            continue
        memory = results.spread(peer, "memory")
        lines.append(
            _row(
                [
                    title,
                    f"{tell(spread.median, shown)} ({tell(spread.least, shown)} to {tell(spread.greatest, shown)})",
                    _times(ratio),
                    _quality(results.quality(peer)),
                    tell(memory.median, "memory") if memory else "",
                ]
            )
        )
    return "\n".join(lines)


def target_table(all_results: list[Results], titles: dict[str, str]) -> str:
    """What nnrun is to reach and what it reached, in Markdown."""
    lines = [
        _row(["workload", "measure", "against", "at least", "measured", ""]),
        _row(["---"] * 6),
    ]
    for results, target, ratio in reached(all_results):
        cells = [results.workload.name, MEASURES[target.measure], titles[target.against]]
        verdict = "met" if ratio.median >= target.at_least else "**missed**"
        lines.append(_row([*cells, f"{target.at_least:.3g}x", _times(ratio), verdict]))
    return "\n".join(lines)


def reached(all_results: list[Results]) -> Iterator[tuple[Results, Target, Spread]]:
    """Every target that was measured, with what was."""
    for results in all_results:
        for target in results.workload.targets:
            ratio = results.ratio(target.against, target.measure)
            if ratio is not None:
                yield results, target, ratio


def tell(value: float, measure: str) -> str:
    """A figure with its unit: bytes as MB, seconds as ms where they are few.

    >>> tell(0.00125, "seconds"), tell(2.5, "seconds"), tell(700e6, "memory")
    ('1.25 ms', '2.50 s', '700 MB')
    """
    if measure == "memory":
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def _times(ratio: Spread) -> str:
    median, least, greatest = map(_plain, (ratio.median, ratio.least, ratio.greatest))
    return f"{median}x ({least} to {greatest})"


def _plain(ratio: float) -> str:
    """Three digits, and no power of ten for large ones."""
    return f"{ratio:.3g}" if ratio < 1000 else f"{ratio:,.0f}"


def _quality(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
