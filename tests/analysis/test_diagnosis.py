"""Diagnoses of histories made by hand, each to show one thing; noise is never taken for it."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.analysis.diagnosis import FEW_EPOCHS, diagnose
from nnrun.analysis.evidence import ClassFound, Evidence
from nnrun.analysis.findings import Finding, as_plain, in_words
from nnrun.analysis.guessing import Answers, Guess
from nnrun.analysis.layer_health import LayerHealth, diagnose_layers, read_layers
from nnrun.runs.history import History

RATE = "optimizer.SGD.learning_rate"


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
    return 0.3 + 1.7 * math.exp(-epoch / 2)


def found(told: History, **facts: Any) -> Finding:
    first, *_ = diagnose(Evidence(told, facts.pop("status", "finished"), rate=RATE, **facts))
    return first


def beside(loss: float, guess: float = 0.693, right: float | None = None, **facts: Any) -> Guess:
    """A loss of 100 validation rows of two classes beside guessing."""
    answers = None if right is None else Answers(100, right, 0.5, right, 2)
    return Guess("val_loss", loss, guess, 0.0, 100, **{"answers": answers, **facts})


def test_all_is_well_far_below_guessing() -> None:
    told = history(
        loss=curve(lambda epoch: 0.02 + 2 * math.exp(-epoch / 4), noise=0.02),
        val_loss=curve(learning, noise=0.02),
    )
    finding = found(told, guesses=[beside(0.29, guess=2.3)], best_epoch=37)
    figure = f"{told.column('val_loss')[36]:.3g}"
    assert finding == Finding(
        "fine",
        f"All is well: val_loss is {figure} in the best epoch, 37; guessing would give 2.3.",
    )


def test_without_a_guess_to_compare_with_nothing_is_praised() -> None:
    told = history(loss=curve(learning), val_loss=curve(learning))
    assert found(told).kind == "plateau"
    short = history(loss=[2.0, 1.2, 1.1, 1.08, 1.07], val_loss=[2.0, 1.2, 1.1, 1.07, 1.08])
    assert found(short, best_epoch=4) == Finding(
        "unremarkable", "Nothing stands out: val_loss is 1.07 in the best epoch, 4."
    )


@pytest.mark.parametrize("kind", ["not_learning", "rate_too_high"])
def test_a_model_that_guesses_is_not_well(kind: str) -> None:
    jump = 0.1 if kind == "rate_too_high" else 0.001
    late = [1.09 + jump * (-1) ** epoch for epoch in range(20)]
    told = history(loss=[3000.0, *late], val_loss=[1.1, *late])
    guess = beside(1.06, guess=1.0986, right=0.44, answers=Answers(36, 0.44, 0.4, 0.35, 3))
    finding = found(told, guesses=[guess], best_epoch=8)
    assert finding.kind == kind
    assert finding.text.startswith(
        "Hardly anything is learned: val_loss is 1.06 in the best epoch, hardly better than guessing "
        "(1.099 with one answer for all rows), and 44 % of the rows are right (40 % by guessing)."
    )
    assert ("The learning rate looks too high" in finding.text) == (kind == "rate_too_high")


def test_surer_of_itself_than_right_is_not_guessing() -> None:
    flat = [0.9] * 20
    told = history(loss=[0.7, *flat], val_loss=[0.75, *flat])
    assert found(told, guesses=[beside(0.75, right=0.9)]).kind != "not_learning"
    assert found(told, guesses=[beside(0.75, right=0.52)]).kind == "not_learning"


def test_a_regression_is_measured_against_one_number_for_all_rows() -> None:
    told = history(loss=[6000.0] * 10, val_loss=[5950.0] * 10)
    finding = found(told, guesses=[beside(5950.0, guess=5900.0)], best_epoch=1)
    assert finding.kind == "not_learning"
    assert "val_loss is 5950 in the best epoch, no better than guessing (5900" in finding.text
    penalized = beside(5950.0, guess=5900.0, penalty=3.0)
    assert "without the penalties of the weights" in penalized.in_words()


def test_of_a_truth_table_one_row_more_than_by_guessing_is_something_learned() -> None:
    told = history(loss=[0.69] * 10)
    for right, kind in ((0.5, "not_learning"), (0.75, "plateau")):
        guess = Guess("loss", 0.69, 0.693, 0.0, 4, answers=Answers(4, right, 0.5, 0.5, 2))
        assert found(told, guesses=[guess], rows=4).kind == kind


def test_an_output_that_guesses_is_named() -> None:
    told = history(loss=[2.0] * 10, val_loss=[2.0] * 10)
    price = Guess("val_price_loss", 1.0, 1.0, 0.0, 100)
    assert "val_price_loss is 1 " in found(told, guesses=[beside(0.1), price]).text


def test_what_is_learned_by_heart_does_not_carry_over() -> None:
    told = history(
        loss=curve(lambda epoch: 0.7 * math.exp(-epoch / 20)), val_loss=curve(lambda epoch: 0.7)
    )
    finding = found(told, guesses=[beside(0.7, right=0.5)], best_epoch=1)
    assert finding.kind == "overfitting"
    assert "does not carry over" in finding.text


def test_overfitting_since_the_lowest_validation_loss() -> None:
    told = history(
        loss=curve(lambda epoch: 2 * math.exp(-epoch / 8)),
        val_loss=curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2),
    )
    finding = found(told, best_epoch=12)
    assert finding.kind == "overfitting"
    assert finding.text == (
        "Overfitting: val_loss climbs from 0.5 in epoch 12 to 1.28 in epoch 40, while the training "
        "loss falls; the saved model is of epoch 12."
    )
    assert "regularization.dropout" in finding.advice


def test_a_loss_that_is_as_good_as_nothing_does_not_overfit() -> None:
    told = history(
        loss=curve(lambda epoch: 2e-9 * math.exp(-epoch / 8)),
        val_loss=curve(lambda epoch: 1e-9 * (0.5 + 0.001 * (epoch - 12) ** 2)),
    )
    assert found(told, guesses=[beside(5e-10)], best_epoch=12).kind == "fine"


def test_a_validation_loss_that_climbs_with_the_rows_right_is_overconfident() -> None:
    told = history(
        loss=curve(lambda epoch: 2 * math.exp(-epoch / 8)),
        val_loss=curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2),
        val_accuracy=curve(lambda epoch: 0.9 + 0.001 * epoch),
    )
    assert found(told).kind == "overconfident"


def test_both_losses_that_climb_are_no_plateau_and_no_overfitting() -> None:
    climbs = curve(lambda epoch: 0.4 + abs(epoch - 5) / 20, 30)
    told = history(loss=climbs, val_loss=climbs)
    assert found(told).kind == "rate_too_high"
    flat = history(loss=[1.0, *[0.5] * 29], val_loss=climbs)
    finding = found(flat)
    assert finding.kind == "worsening"
    assert "val_loss climbs from 0.4 in epoch 5 to 1.65 in epoch 30" in finding.text


def test_still_improving() -> None:
    told = history(loss=curve(lambda epoch: 2 / epoch**0.7, 30))
    finding = found(told, epochs=30)
    assert finding.kind == "improving"
    assert finding.text == "Still improving: loss fell from 0.223 in epoch 23 to 0.185 in epoch 30."
    assert "training.epochs: 60" in finding.advice


@pytest.mark.parametrize(
    ("facts", "text", "advice"),
    [
        ({"stopped": True}, "when a callback ended the training", "patience"),
        (
            {"guesses": [Guess("loss", 0.19, 0.18, 0.0, 500)]},
            "no better yet than guessing (0.18)",
            "",
        ),
    ],
)
def test_still_improving_has_its_circumstances(
    facts: dict[str, Any], text: str, advice: str
) -> None:
    finding = found(history(loss=curve(lambda epoch: 2 / epoch**0.7, 30)), **facts)
    assert finding.kind == "improving"
    assert text in finding.text
    assert advice in finding.advice


def test_a_rate_that_has_run_out_explains_what_follows() -> None:
    rates = [0.1 * 0.7**epoch for epoch in range(30)]
    falls = curve(lambda epoch: 2 / epoch**0.7, 30)
    finding = found(history(loss=falls, learning_rate=rates))
    assert "the learning rate has run out" in finding.text
    assert "nnrun resume" not in finding.advice
    flat = history(loss=[2.0, *[1.0] * 29], learning_rate=rates)
    assert found(flat).text.endswith("; the learning rate has run out.")


def test_a_loss_that_falls_below_nought_is_measured_by_its_span() -> None:
    falls = curve(lambda epoch: -1 + 1.5 * math.exp(-epoch / 30))
    finding = found(history(loss=falls), epochs=40)
    assert finding.kind == "improving"
    flat = [-0.5, *[-0.97 + 0.001 * (-1) ** epoch for epoch in range(30)]]
    assert found(history(loss=flat)).kind == "plateau", "neither rough nor improving"


def test_a_plateau_says_since_when() -> None:
    flat = curve(lambda epoch: max(0.8, 2 - epoch / 10))
    finding = found(history(loss=flat, val_loss=flat))
    assert finding.kind == "plateau"
    assert finding.text == ("A plateau: val_loss has hardly moved since epoch 12, when it was 0.8.")
    learns_on = history(loss=curve(lambda epoch: 2 / epoch), val_loss=flat)
    finding = found(learns_on)
    assert "though the training loss keeps falling" in finding.text
    assert "more epochs or units would only overfit" in finding.advice


def test_a_rate_that_is_too_high_makes_the_loss_jump() -> None:
    jumps = [2.0, *(1.2 + 0.4 * (-1) ** epoch for epoch in range(20))]
    finding = found(history(loss=jumps, val_loss=jumps))
    assert finding.kind == "rate_too_high"
    assert "between 0.8 and 1.6" in finding.text
    assert RATE in finding.advice
    assert "lr-find" not in finding.advice, "it may have been what gave the rate"
    restarts = [0.1, 0.01] * 10
    quiet = history(loss=jumps, val_loss=jumps, learning_rate=[0.1, *restarts])
    assert found(quiet).kind == "unremarkable", "a rate that is raised again makes it jump"
    xor = history(loss=jumps, val_loss=jumps)
    assert found(xor, rows=4).kind == "unremarkable", "no rate would help a truth table"


def test_a_rate_that_is_too_high_makes_the_loss_climb() -> None:
    climbs = curve(lambda epoch: 1 + abs(epoch - 5) / 10, 30)
    finding = found(history(loss=climbs))
    assert finding.kind == "rate_too_high"
    assert "climbs from 1 in epoch 5 to 3.5 in epoch 30" in finding.text


def test_a_loss_that_falls_in_every_epoch_is_not_blamed_on_the_rate() -> None:
    falls = [0.9, 0.5, 0.4, 0.36, 0.34, 0.33, 0.327, 0.325, 0.324, 0.3235]
    told = history(loss=falls, val_loss=falls, val_accuracy=[0.92] * 10)
    guess = Guess("val_loss", 0.32, 0.29, 0.0, 80, answers=Answers(80, 0.92, 0.92, 0.5, 2))
    assert found(told, guesses=[guess]).kind == "not_learning"


def test_a_rate_that_is_too_low_creeps() -> None:
    told = history(loss=curve(lambda epoch: 2.3 - 0.002 * epoch))
    finding = found(told)
    assert finding.kind == "rate_too_low"
    assert "from 2.3 in epoch 1 to 2.22 in epoch 40" in finding.text
    assert "target: standardize" not in finding.advice
    assert "dataset.preprocess.target: standardize" in found(told, unscaled=True).advice


def test_a_warm_up_is_not_creeping() -> None:
    slow = curve(lambda epoch: 2.3 - 0.002 * epoch, 20)
    assert found(history(loss=slow, learning_rate=[0.001 * n for n in range(20)])).kind != (
        "rate_too_low"
    )


def test_only_the_last_part_of_a_training_is_judged() -> None:
    pruned = [2.0, 1.0, 0.5, *[3.0, 2.0, 1.5, 1.2, 1.0, 0.85]]
    finding = found(history(loss=pruned), first=4)
    assert finding.kind == "improving"
    assert "in epoch 9" in finding.text
    assert found(history(loss=pruned), first=6).kind == "few_epochs"
    flat = history(loss=[0.1, 2.0, 1.2, 1.1, 1.08, 1.07])
    assert found(flat, first=2, best_epoch=1).text == (
        "Nothing stands out: the lowest loss is 1.07, in epoch 6."
    )


def test_a_divergence_names_its_epoch_and_its_cause() -> None:
    first = found(history(loss=[2.0, 5.0]), status="diverged")
    assert (first.kind, "epoch 3" in first.text) == ("diverged", True)
    assert RATE in first.advice
    assert "epoch 1" in found(History(), status="diverged").text
    caused = found(History(), status="diverged", cause="log of -1", advice="Use softplus.")
    assert caused == Finding(
        "diverged", "The training diverged in epoch 1: log of -1.", "Use softplus."
    )


@pytest.mark.parametrize("count", range(FEW_EPOCHS))
def test_few_epochs_say_nothing(count: int) -> None:
    told = History({"epoch": place, "loss": 10.0**place} for place in range(1, count + 1))
    assert found(told).kind == "few_epochs"


def test_what_a_callback_ended_is_well_unless_it_overfits_much_or_only_guesses() -> None:
    loss = curve(lambda epoch: 2 * math.exp(-epoch / 8), 19)
    little = curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2, 19)
    told = history(loss=loss, val_loss=little)
    good = [beside(0.1, guess=2.3)]
    assert found(told, stopped=True, guesses=good).kind == "fine"
    assert found(told, stopped=True).kind == "unremarkable"
    assert found(told, stopped=True, guesses=[beside(0.69, right=0.5)]).kind == "overfitting"
    longer = history(
        loss=curve(lambda epoch: 2 * math.exp(-epoch / 8), 30),
        val_loss=curve(lambda epoch: 0.5 + 0.001 * (epoch - 12) ** 2, 30),
    )
    assert found(longer, stopped=True, guesses=good).kind == "overfitting"


def test_what_a_callback_ended_is_told_by_its_best_epoch() -> None:
    loss = curve(lambda epoch: 2 * math.exp(-epoch / 8), 19)
    validation = [0.5 + 0.001 * (epoch - 12) ** 2 for epoch in range(1, 20)]
    validation[8] = 0.4567  # lower by a fluke than the curve, and yet the epoch that is kept
    told = history(loss=loss, val_loss=validation)
    finding = found(told, stopped=True, best_epoch=9, guesses=[beside(0.4567, guess=2.3)])
    well = "All is well: it ended when there was nothing more to gain"
    assert finding == Finding("fine", f"{well}; val_loss is 0.457 in the best epoch, 9.")


def test_rare_classes_that_are_never_found() -> None:
    well = history(loss=[2.0, 1.2, 1.1, 1.08, 1.07], val_loss=[2.0, 1.2, 1.1, 1.07, 1.08])
    classes = [ClassFound("no", 190, 190, 0.95), ClassFound("yes", 10, 0, 0.05)]
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
        [ClassFound("no", 190, 190, 0.95), ClassFound("yes", 10, 3, 0.05)],  # some are found
        [ClassFound("no", 196, 196, 0.98), ClassFound("yes", 4, 0, 0.02)],  # too few to tell
        [ClassFound("no", 100, 98, 0.55), ClassFound("yes", 80, 10, 0.45)],  # another fault
        [ClassFound("no", 190, 60, 0.95), ClassFound("yes", 10, 0, 0.05)],  # nothing is found
        [ClassFound("no", 190, 190, 0.5), ClassFound("yes", 10, 0, 0.5)],  # trained on as many
    ],
)
def test_classes_that_nobody_can_accuse_the_model_of(classes: list[ClassFound]) -> None:
    well = history(loss=curve(learning), val_loss=curve(learning))
    assert found(well, classes=classes).kind in ("fine", "plateau")


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


def test_findings_as_sentences() -> None:
    findings = as_plain([Finding("a", "word " * 30 + "end.", "Try this.")])
    (text,) = in_words(findings)
    assert text == "word " * 30 + "end. Try this."
    assert in_words(as_plain(diagnose(Evidence(History(), "finished")))) == []
