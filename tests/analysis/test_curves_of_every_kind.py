"""The diagnosis of simulated curves of every kind, and of real ones that a person has labelled."""

import re
from collections import Counter

import pytest

from nnrun.analysis.diagnosis import diagnose
from nnrun.analysis.evidence import Evidence

from .real_curves import SETTINGS, real_curves
from .real_curves_labels import LABELS
from .simulated_curves import KINDS, SILENT

CURVES = 1000
MOST_WRONG = 0.01
LEAST_RIGHT = 0.85
"""Of simulated curves; measured: no kind has more than 4 of 1,000 wrong or fewer than 890 right."""
FEWEST_RIGHT = 55
"""Of the real ones; the others are silent."""


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_curves(kind: str) -> None:
    draw, right = KINDS[kind]
    found = Counter(diagnose(draw(seed))[0].kind for seed in range(CURVES))
    told = CURVES - sum(found[one] for one in SILENT)
    hits = sum(found[one] for one in right)
    assert told - hits <= MOST_WRONG * CURVES, found
    assert hits >= LEAST_RIGHT * CURVES, found


def test_real_curves() -> None:
    assert set(LABELS) == set(SETTINGS)
    found = {name: diagnose(evidence)[0] for name, evidence in real_curves()}
    assert set(found) == set(SETTINGS)
    told = {name: finding for name, finding in found.items() if finding.kind not in SILENT}
    wrong = {name: finding for name, finding in told.items() if finding.kind not in LABELS[name][0]}
    assert not wrong
    assert len(told) >= FEWEST_RIGHT


@pytest.mark.parametrize(("name", "evidence"), list(real_curves()))
def test_every_figure_is_that_of_an_epoch(name: str, evidence: Evidence) -> None:
    finding, *_ = diagnose(evidence)
    figures = re.findall(r"(-?[\d.]+(?:e[+-]\d+)?) in (?:the best )?epoch (\d+)?", finding.text)
    for value, epoch in figures:
        row = evidence.history.rows[int(epoch or evidence.best_epoch or 0) - 1]
        shown = {f"{row[column]:.{digits}g}" for column in row for digits in (3, 4)}
        penalized = any(guess.penalty for guess in evidence.guesses)
        assert value in shown or penalized, (name, finding.text)
