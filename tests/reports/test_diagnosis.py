"""Diagnoses of histories made by hand, each to show one thing; noise is never taken for it."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.reports.diagnosis import FEW_EPOCHS, ClassFound, Evidence, diagnose
from nnrun.reports.findings import Finding, as_plain, in_words
from nnrun.reports.layer_health import LayerHealth, diagnose_layers, read_layers
from nnrun.runs.history import History

RATE = "optimizer.SGD.learning_rate"
EVEN = [ClassFound(name, 50, 45) for name in "ab"]


def history(**columns: Sequence[float]) -> History:
    count = len(next(iter(columns.values())))
    return History(
        {"epoch": place + 1} | {name: values[place] for name, values in columns.items()}
        for place in range(count)
    )


def curve(function: Callable[[float], float], count: int = 40, noise: float = 0.0) -> list[float]:
    """A function over the epochs, with noise of the same few seeds."""
    draw = random.Random(count)
    return [function(epoch) * (1 + draw.gauss(0, noise)) for epoch in range(1, count + 1)]


def learning(epoch: float) -> float:
    return 0.3 + 1.7 * math.exp(-epoch / 5)


def found(told: History, **facts: Any) -> Finding:
    first, *_ = diagnose(Evidence(told, facts.pop("status", "finished"), rate=RATE, **facts))
    return first


def test_all_is_well_where_both_losses_came_to_rest() -> None:
    told = history(
        loss=curve(lambda epoch: 0.02 + 2 * math.exp(-epoch / 4), noise=0.02),
        val_loss=curve(learning, noise=0.02),
    )
    assert found(told) == Finding("fine", "All is well: val_loss has come to rest at 0.302.")


def test_overfitting_since_the_lowest_validation_loss() -> None:
    told = history(
        loss=curve(lambda epoch: 2 * math.exp(-epoch / 8)),
        val_loss=curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2),
    )
    finding = found(told, best_epoch=12)
    assert finding.kind == "overfitting"
    assert finding.text == (
        "Overfitting since epoch 12: val_loss climbs from 0.501 to 1.23 while the training loss "
        "falls; the saved model is of epoch 12."
    )
    assert "regularization.dropout" in finding.advice


def test_a_validation_loss_that_climbs_with_the_rows_right_is_overconfident() -> None:
    told = history(
        loss=curve(lambda epoch: 2 * math.exp(-epoch / 8)),
        val_loss=curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2),
        val_accuracy=curve(lambda epoch: 0.9 + 0.001 * epoch),
    )
    assert found(told).kind == "overconfident"


def test_still_improving() -> None:
    told = history(loss=curve(lambda epoch: 2 / epoch**0.7, 30))
    finding = found(told, epochs=30)
    assert finding.kind == "improving"
    assert finding.text == "Still improving: loss fell by 15 % in the last 7 epochs."
    assert "training.epochs: 60" in finding.advice


def test_a_loss_that_falls_below_nought_has_no_share_to_fall_by() -> None:
    finding = found(history(loss=[0.0] * 4 + [-1.0] * 2), epochs=6)
    assert finding.text == "Still improving: loss fell from 0 to -1 in the last 3 epochs."
    assert RATE in finding.advice


def test_a_plateau_says_since_when() -> None:
    flat = curve(lambda epoch: max(0.8, 2 - epoch / 10))
    finding = found(history(loss=flat, val_loss=flat))
    assert finding.kind == "plateau"
    assert finding.text == "A plateau since epoch 12: val_loss stays at 0.8."


def test_a_rate_that_is_too_high_makes_the_loss_jump() -> None:
    jumps = [2.0, *(1.2 + 0.4 * (-1) ** epoch for epoch in range(20))]
    finding = found(history(loss=jumps, val_loss=jumps))
    assert finding.kind == "rate_too_high"
    assert RATE in finding.advice
    xor = history(loss=jumps, val_loss=jumps)
    assert found(xor, rows=4).kind == "plateau", "no rate would help a truth table"


def test_a_rate_that_is_too_high_makes_the_loss_climb() -> None:
    climbs = curve(lambda epoch: 1 + abs(epoch - 5) / 10, 30)
    finding = found(history(loss=climbs))
    assert finding.kind == "rate_too_high"
    assert "from 1.1 in epoch 5 to 3.4" in finding.text


def test_a_first_epoch_that_threw_the_model_out() -> None:
    told = history(loss=[1e6, *[2.3, 2.31] * 6], val_accuracy=[0.5] * 13, val_loss=[2.3] * 13)
    assert found(told, classes=EVEN).kind == "rate_too_high"
    right = history(loss=[1e6, *[0.3, 0.31] * 6], val_accuracy=[0.93] * 13, val_loss=[0.3] * 13)
    assert found(right, classes=EVEN).kind == "plateau"


def test_a_rate_that_is_too_low_creeps() -> None:
    finding = found(history(loss=curve(lambda epoch: 2.3 - 0.002 * epoch)))
    assert finding.kind == "rate_too_low"
    assert "from 2.3 to 2.22 in 40 epochs" in finding.text


def test_nothing_learned() -> None:
    told = history(
        loss=[0.693] * 10, val_loss=[0.694] * 10, accuracy=[0.5] * 10, val_accuracy=[0.5] * 10
    )
    assert found(told, classes=EVEN).kind == "not_learning"


def test_a_divergence_names_its_epoch() -> None:
    first = found(history(loss=[2.0, 5.0]), status="diverged")
    assert (first.kind, "epoch 3" in first.text) == ("diverged", True)
    assert RATE in first.advice
    assert "regularization.clip" in first.advice
    assert "epoch 1" in found(History(), status="diverged").text


@pytest.mark.parametrize("count", range(FEW_EPOCHS))
def test_few_epochs_say_nothing(count: int) -> None:
    told = History({"epoch": place, "loss": 10.0**place} for place in range(1, count + 1))
    assert found(told).kind == "few_epochs"


def test_what_a_callback_ended_is_well_unless_it_overfits_much() -> None:
    loss = curve(lambda epoch: 2 * math.exp(-epoch / 8), 22)
    little = curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2, 22)
    assert found(history(loss=loss, val_loss=little), stopped=True).kind == "fine"
    assert found(history(loss=loss, val_loss=little)).kind == "overfitting"


def test_what_a_callback_ended_is_told_by_its_best_epoch() -> None:
    loss = curve(lambda epoch: 2 * math.exp(-epoch / 8), 22)
    validation = [0.5 + 0.001 * (epoch - 12) ** 2 for epoch in range(1, 23)]
    validation[8] = 0.4567  # lower by a fluke than the curve, and yet the epoch that is kept
    told = found(history(loss=loss, val_loss=validation), stopped=True, best_epoch=9)
    well = "All is well: it ended when there was nothing more to gain"
    assert told == Finding("fine", f"{well}; val_loss is 0.457 in the best epoch, 9.")
    assert found(history(loss=loss), stopped=True) == Finding("fine", f"{well}.")


def test_rare_classes_that_are_never_found() -> None:
    well = history(loss=curve(learning), val_loss=curve(learning))
    classes = [ClassFound("no", 190, 190), ClassFound("yes", 10, 0)]
    (finding,) = diagnose(Evidence(well, "finished", classes=classes))
    assert finding.kind == "imbalance_ignored"
    assert finding.text == (
        "Class imbalance is ignored: of the validation rows, 0 of the 10 rows of 'yes' are found."
    )
    assert "training.class_weight: balanced" in finding.advice
    (weighted,) = diagnose(Evidence(well, "finished", classes=classes, weighted=True))
    assert "class_weight: balanced" not in weighted.advice


@pytest.mark.parametrize(
    "classes",
    [
        [ClassFound("no", 190, 190), ClassFound("yes", 10, 3)],  # some are found
        [ClassFound("no", 196, 196), ClassFound("yes", 4, 0)],  # too few to tell
        [ClassFound("no", 100, 98), ClassFound("yes", 80, 10)],  # no rare class: another fault
        [ClassFound("no", 190, 60), ClassFound("yes", 10, 0)],  # nothing is found
    ],
)
def test_classes_that_nobody_can_accuse_the_model_of(classes: list[ClassFound]) -> None:
    well = history(loss=curve(learning), val_loss=curve(learning))
    assert found(well, classes=classes).kind in ("fine", "plateau")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 120), st.floats(0, 0.03))
def test_a_healthy_curve_is_never_accused(seed: int, count: int, noise: float) -> None:
    draw = random.Random(seed)
    loss = [(0.02 + 2 * math.exp(-e / 4)) * (1 + draw.gauss(0, noise)) for e in range(count)]
    validation = [(0.3 + 1.7 * math.exp(-e / 4)) * (1 + draw.gauss(0, noise)) for e in range(count)]
    kind = found(history(loss=loss, val_loss=validation), classes=EVEN).kind
    assert kind in ("fine", "improving", "plateau")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30),
    st.lists(st.floats(-1e9, 1e9), max_size=30),
)
def test_there_is_always_a_diagnosis(loss: list[float], validation: list[float]) -> None:
    rows = zip(loss, validation, strict=False)
    told = History({"epoch": 1, "loss": one, "val_loss": other} for one, other in rows)
    findings = diagnose(Evidence(told, "finished"))
    assert findings
    assert all(finding.text.endswith(".") for finding in findings)


def layer(name: str, gradient: float, weight: float = 1.0, dead: float = math.nan) -> LayerHealth:
    return LayerHealth(name, gradient, weight, 100, dead)


def kinds(*layers: LayerHealth) -> list[str]:
    return [finding.kind for finding in diagnose_layers(layers)]


def test_vanishing_gradients_get_lost_on_the_way_back() -> None:
    assert kinds(layer("a", 1e-7), layer("b", 1e-4), layer("c", 1.0)) == ["vanishing"]
    assert kinds(layer("a", 0.01), layer("b", 0.1), layer("c", 1.0)) == []
    assert kinds(layer("a", 1e-7), layer("c", 1.0)) == [], "between two layers nothing gets lost"
    (finding,) = diagnose_layers([layer("a", 1e-4), layer("b", 1.0), layer("c", 1.0)])
    assert "those of 'a' are 10,000 times smaller than those of 'c'" in finding.text


def test_exploding_gradients_are_many_times_the_weights() -> None:
    assert kinds(layer("a", 50.0), layer("b", 1.0)) == ["exploding"]
    assert kinds(layer("a", 5.0), layer("b", 1.0)) == []


def test_dying_units() -> None:
    assert kinds(layer("a", 0.0, dead=1.0), layer("b", 1.0), layer("c", 1.0)) == ["dying"]
    assert kinds(layer("a", 1.0, dead=0.3), layer("b", 1.0, dead=0.2)) == []


def test_layers_are_read_from_the_last_third_of_a_monitor() -> None:
    rows = [
        {
            "epoch": epoch,
            "a/parameters": 4,
            "a/weight_norm": 2.0,
            "a/gradient_norm": float(epoch),
            "relu/dead": epoch / 10,
        }
        for epoch in range(1, 10)
    ]
    first, second = read_layers(History(rows))
    assert (first.name, first.gradient_norm, first.parameters) == ("a", 8.0, 4)
    assert first.typical_gradient == 8 / 4**0.5
    assert (second.name, second.dead, second.parameters) == ("relu", 0.9, 0)
    assert read_layers(History()) == []


def test_findings_as_paragraphs() -> None:
    findings = as_plain([Finding("a", "word " * 30 + "end.", "Try this.")])
    (text,) = in_words(findings)
    assert max(map(len, text.splitlines())) <= 78
    assert text.endswith("end. Try this.")
    assert in_words(as_plain(diagnose(Evidence(History(), "finished")))) == []
