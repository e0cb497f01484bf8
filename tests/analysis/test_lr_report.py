"""The report and the picture of a search, from planted curves."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from nnrun.analysis.lr_conclusion import conclude
from nnrun.analysis.lr_curve import RangeCurve, growing_rates, record_curve
from nnrun.analysis.lr_measures import Criterion, RateTrial
from nnrun.analysis.lr_plot import _MARKS, draw_curve
from nnrun.analysis.lr_report import SearchReport, report_view
from nnrun.analysis.lr_suggestions import suggest_rates
from nnrun.analysis.lr_trials import TrialResults
from nnrun.json_text import json_text
from nnrun.pages.style import RUN_COLORS
from nnrun.pages.terminal import Screen, screen_text

RATES = growing_rates(1e-4, 1, 200)


def learning() -> RangeCurve:
    x = np.log10(RATES)
    losses = 2 - 1.5 / (1 + np.exp(-5 * (x + 2.5))) + 0.05 * np.expm1(9 * np.maximum(0, x + 1))
    return record_curve(RATES, losses.tolist())


def flat() -> RangeCurve:
    return record_curve(RATES, [2.0] * 200)


CRITERION = Criterion("val_loss", "min", start=2.0, fall=1.5)


def trial(rate: float, *losses: float, diverged: bool = False) -> RateTrial:
    epochs = [{"loss": loss, "val_loss": loss + 0.1, "learning_rate": rate} for loss in losses]
    return RateTrial(rate, tuple(epochs), diverged)


def outcome() -> TrialResults:
    best = trial(0.01, 0.9, 0.6, 0.5, 0.55)
    trials = (trial(0.001, 1.9, 1.5), best, trial(0.032, 0.9, 0.6, 0.52, 0.5))
    high = (trial(0.1, 2.5), trial(0.32, diverged=True))
    return TrialResults(CRITERION, (*trials, *high), best, (0.01, 0.032), 11)


def report(curve: RangeCurve, tried: TrialResults | None = None) -> SearchReport:
    advice = suggest_rates(curve)
    return SearchReport(
        name="planted",
        optimizer="SGD",
        curve=curve,
        advice=conclude(advice, curve, tried, 20) if tried else advice,
        outcome=tried,
        epochs=20,
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
    text = screen_text(report_view(found), Screen(width))
    steps, rate = len(found.curve.losses), found.curve.rates[-1]
    assert text.startswith(
        f"planted: {steps} of 200 steps, until the loss exploded at {rate:.3g}\n\nrule "
    )
    assert f"recommended  {found.advice.recommended:g} for SGD\n" in text
    for line in ("note         a note\n", "note 2       another\n", "time         1.2 s (xla)\n"):
        assert line in text
    assert "written" not in text
    applied = dataclasses.replace(found, applied="new.yaml")
    assert "written      new.yaml\n" in screen_text(report_view(applied), Screen(width))
    assert found.exit_code == 0


def test_the_screen_where_nothing_is_recommended() -> None:
    found = report(flat())
    text = screen_text(report_view(found), Screen())
    assert text.startswith("planted: 200 of 200 steps, to the end of the range\n")
    assert "recommended  none\n" in text
    assert "why          no rate in the range lowered the loss by more than its noise\n" in text
    assert found.exit_code == 1


def test_the_screen_with_trials() -> None:
    """Of two with the same epochs it is told that both did as well, of the others what was wrong."""
    text = screen_text(report_view(report(learning(), outcome())), Screen())
    table = text.split("\n\n")[2].splitlines()
    assert [line.rstrip() for line in table] == [
        "rate tried  epochs  best epoch  val_loss",
        "     0.001       2           2       1.6",
        "      0.01       4           3       0.6  the best",
        "     0.032       4           4       0.6  as well",
        "       0.1       1           1       2.6  loss rose above start",
        "      0.32       0           -         -  diverged",
    ]
    assert "recommended  0.01 for SGD\n" in text
    told = " ".join(text.split())
    assert (
        "why the best of 5 rates, 2 of them tried for 4 of 20 epochs; of these, 0.01 and 0.032 did "
        "as well" in told
    )


def test_trials_as_json() -> None:
    told = json.loads(json_text(report(learning(), outcome()).to_json()))
    assert (told["recommended"], told["as_well"]) == (0.01, [0.01, 0.032])
    assert (told["trial_epochs"], told["training_epochs"]) == (11, 20)
    assert [one["verdict"] for one in told["trials"]] == [
        "",
        "the best",
        "as well",
        "loss rose above start",
        "diverged",
    ]
    assert told["trials"][1] == {
        "rate": 0.01,
        "epochs": 4,
        "best_epoch": 3,
        "figures": {"loss": 0.5, "val_loss": 0.6},
        "verdict": "the best",
    }
    assert (told["trials"][4]["best_epoch"], told["trials"][4]["figures"]) == (None, {})


def concluded(
    *trials: RateTrial,
    best: int | None,
    as_well: tuple[float, ...] = (),
    curve: RangeCurve | None = None,
) -> tuple[object, str]:
    told = TrialResults(CRITERION, trials, None if best is None else trials[best], as_well, 1)
    curve = curve or learning()
    advice = conclude(suggest_rates(curve), curve, told, 20)
    return advice.recommended, advice.why


def test_what_is_concluded() -> None:
    low, high = trial(0.01, *[0.9] * 19, 0.6), trial(0.1, *[0.9] * 19, 0.61)
    middle = trial(0.032, *[0.9] * 19, 0.605)
    assert concluded(low, high, best=0, as_well=(0.01,)) == (
        0.01,
        "the best of 2 rates in trials of 20 epochs; no other did as well",
    )
    assert concluded(low, middle, high, best=0, as_well=(0.01, 0.032, 0.1)) == (
        0.01,
        "all 3 rates that were tried, 0.01 to 0.1, did as well in trials of 20 epochs, so any of "
        "them will do",
    )
    assert concluded(trial(0.01, 0.5), best=0, as_well=(0.01,)) == (
        0.01,
        "the only rate that was tried, for 1 of 20 epochs",
    )
    wild = [trial(0.01, 9.0), trial(0.1, diverged=True)]
    assert concluded(*wild, best=None) == (
        None,
        "the loss climbed or diverged in every trial, from 0.01 to 0.1: a lower --min would tell more",
    )
    still = [trial(0.01, 1.999), trial(0.1, 1.97)]
    assert concluded(*still, best=1, as_well=(0.01, 0.1)) == (
        None,
        "nothing is learned at 0.01 to 0.1: the loss of the best trial fell by less than 2%",
    )
    assert concluded(trial(0.01, 1.999), trial(0.1, 1.95), best=1, as_well=(0.1,))[0] == 0.1
    wild_rows = dataclasses.replace(learning(), untrained=2.5)  # the mean, where the median is 2
    assert concluded(*still, best=1, as_well=(0.1,), curve=wild_rows)[0] == 0.1


def test_without_a_trial_the_curve_has_its_say() -> None:
    advice = suggest_rates(learning())
    assert conclude(advice, learning(), TrialResults(CRITERION, (), None, (), 0), 20) == advice


def test_the_report_as_json() -> None:
    found = report(learning())
    told = json.loads(json_text(found.to_json()))
    assert (told["format"], told["ended"]) == (1, "exploded")
    assert told["recommended"] == found.advice.recommended
    assert told["rules"][2]["rate"] == pytest.approx(10**-2.5, rel=0.1)
    assert told["rules"][2].keys() == {"rule", "meaning", "rate", "reason"}
    assert told["turning_point"] == found.advice.turning
    assert (told["trials"], told["as_well"]) == ([], [])
    assert (told["trial_epochs"], told["training_epochs"]) == (0, 20)
    assert told["notes"] == ["a note", "another"]


@pytest.mark.parametrize("curve", [learning(), flat(), record_curve(RATES, [1.0, float("nan")])])
def test_the_picture(curve: RangeCurve, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    draw_curve(curve, suggest_rates(curve), first, title="a $title$")
    draw_curve(curve, suggest_rates(curve), second, title="a $title$")
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()
    draw_curve(curve, suggest_rates(curve), second, as_well=(0.001, 0.01), title="a $title$")
    assert first.read_bytes() != second.read_bytes()


def test_the_marks_are_told_apart_by_shape_and_without_red_and_green() -> None:
    colors, shapes = zip(*_MARKS, strict=True)
    assert len({*colors}) == len({*shapes}) == len(suggest_rates(learning()).suggestions)
    assert {*colors} <= {*RUN_COLORS}
