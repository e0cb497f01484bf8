"""The report and the picture of a search, from planted curves."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from nnrun.reports.lr_curve import Curve, growing_rates, record_curve
from nnrun.reports.lr_plot import draw_curve
from nnrun.reports.lr_report import SearchReport, report_view
from nnrun.reports.lr_suggestions import advise
from nnrun.reports.tables import render

RATES = growing_rates(1e-4, 1, 200)


def learning() -> Curve:
    x = np.log10(RATES)
    losses = 2 - 1.5 / (1 + np.exp(-5 * (x + 2.5))) + 0.05 * np.expm1(9 * np.maximum(0, x + 1))
    return record_curve(RATES, losses.tolist())


def flat() -> Curve:
    return record_curve(RATES, [2.0] * 200)


def report(curve: Curve) -> SearchReport:
    advice = advise(curve)
    return SearchReport(
        name="planted",
        optimizer="SGD",
        curve=curve,
        advice=advice,
        notes=("a note", "another"),
        plot="lr-find/planted.png",
        csv="lr-find/planted.csv",
        seconds=1.25,
        engine={"name": "xla", "reason": "why"},
        warnings=(),
    )


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen(width: int) -> None:
    found = report(learning())
    text = render(report_view(found), width=width)
    steps, rate = len(found.curve.losses), found.curve.rates[-1]
    assert text.startswith(
        f"planted: {steps} of 200 steps, until the loss exploded at {rate:.3g}\n\nrule "
    )
    assert f"recommended  {found.advice.recommended:g} for SGD\n" in text
    for line in ("note         a note\n", "note 2       another\n", "time         1.2 s (xla)\n"):
        assert line in text
    assert "written" not in text
    applied = dataclasses.replace(found, applied="new.yaml")
    assert "written      new.yaml\n" in render(report_view(applied), width=width)
    assert found.exit_code == 0


def test_the_screen_where_nothing_is_recommended() -> None:
    found = report(flat())
    text = render(report_view(found))
    assert text.startswith("planted: 200 of 200 steps, to the end of the range\n")
    assert "recommended  none\n" in text
    assert "why          no rate in the range lowered the loss by more than its noise\n" in text
    assert found.exit_code == 1


def test_the_report_as_json() -> None:
    found = report(learning())
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (told["format"], told["ended"]) == (1, "exploded")
    assert told["recommended"] == found.advice.recommended
    assert told["rules"][2]["rate"] == pytest.approx(10**-2.5, rel=0.1)
    assert told["rules"][2].keys() == {"rule", "meaning", "rate", "reason"}
    assert told["notes"] == ["a note", "another"]


@pytest.mark.parametrize("curve", [learning(), flat(), record_curve(RATES, [1.0, float("nan")])])
def test_the_picture(curve: Curve, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    draw_curve(curve, advise(curve), first, title="a $title$")
    draw_curve(curve, advise(curve), second, title="a $title$")
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()
