"""Runs side by side: their groups, figures, tables and files, and what may be concluded."""

import csv
import doctest
import io
import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from nnrun.analysis import comparison_tables, verdict, verdict_wording
from nnrun.analysis.comparison import Comparison, compare_runs, direction, read_run, read_runs
from nnrun.analysis.comparison_files import (
    comparison_json,
    comparison_view,
    draw_comparison,
    to_csv,
)
from nnrun.analysis.comparison_tables import leaderboard
from nnrun.analysis.comparison_tables import sheets as tables_of
from nnrun.analysis.verdict import judge_comparison, judge_pair
from nnrun.analysis.verdict_wording import Verdict
from nnrun.errors import RunError, UserError
from nnrun.pages.document import Sheet, as_cell
from nnrun.pages.files import page_text
from nnrun.pages.style import png_of
from nnrun.pages.terminal import Screen
from nnrun.runs.checksums import write_file
from nnrun.runs.directory import RunDirectory

Make = Callable[..., RunDirectory]
SGD = "optimizer={SGD: {learning_rate: 0.1}}"


def compare(*runs: RunDirectory, **options: Any) -> Comparison:
    return compare_runs([read_run(run) for run in runs], **options)


def predict(run: RunDirectory, predicted: str, targets: str = "aabb", sure: float = 0.9) -> None:
    """Predictions of two classes for the test rows, a letter each."""
    path = run.evaluation("test").predictions
    path.parent.mkdir(parents=True)
    rows = [
        f"{row},{target},{guess},{sure if guess == 'a' else 1 - sure},{sure if guess == 'b' else 1 - sure}\n"
        for row, (target, guess) in enumerate(zip(targets, predicted, strict=True))
    ]
    path.write_text("row,target,predicted,p_a,p_b\n" + "".join(rows))


def predict_again(run: RunDirectory, predicted: str, targets: str) -> None:
    """Other predictions in the place of the ones before."""
    path = run.evaluation("test").predictions
    path.unlink(missing_ok=True)
    path.parent.rmdir()
    predict(run, predicted, targets)


def rows_of(sheet: Sheet) -> list[list[str]]:
    return [[Screen().text(as_cell(cell)) for cell in row] for row in sheet.rows]


@pytest.mark.parametrize("module", [comparison_tables, verdict, verdict_wording])
def test_the_docstrings_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_runs_that_differ_in_seed_and_name_alone_are_one_group(make_run: Make) -> None:
    runs = [
        make_run("a1", [0.8], overrides=["seed=1"]),
        make_run("b1", [0.9], overrides=["seed=1", SGD, "name=sgd"]),
        make_run("a2", [0.6], overrides=["seed=2", "name=other"]),
        make_run("a1-again", [0.1], overrides=["seed=1"]),
    ]
    first, second = compare(*runs).groups
    assert (first.label, second.label) == ("tiny", "sgd")
    assert first.seeds == [1, 2]
    assert first.values("val_accuracy") == [0.8, 0.6]  # the repeated seed counts once
    assert first.mean("val_accuracy") == pytest.approx(0.7)
    assert first.spread("val_accuracy") == pytest.approx(stdev([0.8, 0.6]))
    assert second.spread("val_accuracy") is None


def test_the_figures_of_a_run_are_of_the_best_and_the_last_epoch_and_the_test(
    make_run: Make,
) -> None:
    figures = read_run(make_run("a", [0.5, 0.75, 0.25], test=0.7)).figures
    assert figures["val_accuracy"] == 0.75
    assert figures["last.val_accuracy"] == 0.25
    assert figures["test_accuracy"] == 0.7
    assert (figures["best_epoch"], figures["epochs"], figures["parameters"]) == (2, 3, 67)
    assert "learning_rate" not in figures


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("val_accuracy", "max"),
        ("test_accuracy", "max"),
        ("last.val_loss", "min"),
        ("test_mae", "min"),
        ("test_roc", "max"),
        ("seconds", "min"),
        ("parameters", None),
        ("best_epoch", None),
    ],
)
def test_every_figure_knows_its_direction(name: str, mode: str | None) -> None:
    assert direction(name, {"roc": "max"}) == mode


@pytest.mark.parametrize(
    ("options", "monitor", "metric"),
    [
        ({}, None, "val_accuracy"),
        ({}, "val_loss", "val_loss"),
        ({"split": "test"}, None, "test_accuracy"),
        ({"split": "test", "metric": "accuracy"}, None, "test_accuracy"),
        ({"metric": "last.val_loss"}, None, "last.val_loss"),
    ],
)
def test_which_figure_decides(
    make_run: Make, options: dict[str, Any], monitor: str | None, metric: str
) -> None:
    changes = [f"training.monitor={monitor}"] if monitor else []
    runs = [make_run(name, [0.5], overrides=[*changes, f"name={name}"], test=0.5) for name in "ab"]
    assert compare(*runs, **options).metric == metric


def test_a_figure_that_no_run_has(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    with pytest.raises(RunError, match="no run has the figure 'val_f1'") as raised:
        compare(*runs, metric="val_f1")
    assert raised.value.hint.startswith("There are: val_loss, val_accuracy,")


def test_losses_of_labels_in_other_scales_decide_nothing(make_run: Make) -> None:
    runs = [
        make_run(
            "a", [0.5], overrides=["name=a", "training.monitor=val_loss"], loss_of="scaled labels"
        ),
        make_run("b", [0.7], overrides=["name=b", "training.monitor=val_loss"]),
    ]
    comparison = compare(*runs)
    assert comparison.metric == "val_accuracy"
    told = "they are of scaled labels and of labels in their own units"
    assert comparison.notes == (f"the losses cannot be compared: {told}",)
    changes = {row[0]: row[-1] for row in rows_of(tables_of(comparison)[-1])}
    assert (changes["val_loss"], changes["val_accuracy"]) == ("", "+0.2000 ▲")
    assert compare(*runs, metric="val_loss").metric == "val_loss"


def test_other_data_are_refused(make_run: Make) -> None:
    data = {"fingerprint": "f" * 64, "rows": {"train": 120}}
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD], data=data)
    with pytest.raises(RunError) as raised:
        compare(*runs)
    assert raised.value.message == (
        "a and b were trained on different data: 90 train, 30 test rows (fingerprint 00000000) "
        "and 120 train rows (fingerprint ffffffff); the rows themselves are different"
    )
    assert "--anyway" in raised.value.hint
    (note,) = compare(*runs, anyway=True).notes
    assert note.startswith("the data differ")


@pytest.mark.parametrize("rows", [None, 150, {"train": "many"}])
def test_other_data_of_unknown_rows_are_refused(make_run: Make, rows: object) -> None:
    data = {"fingerprint": "f" * 64, "rows": rows}
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD], data=data)
    with pytest.raises(RunError, match=r" and unknown rows \(fingerprint ffffffff\);"):
        compare(*runs)


def test_rows_drawn_by_another_seed_are_no_other_data(make_run: Make) -> None:
    runs = make_run("a", [0.5], overrides=["seed=1"]), make_run("b", [0.5], overrides=["seed=2"])
    (note,) = compare(*runs).notes
    assert note.startswith("the seed draws the split")


def test_a_split_with_a_seed_of_its_own_is_not_drawn_by_that_of_the_run(make_run: Make) -> None:
    runs = [
        make_run(f"s{seed}", [0.5], overrides=[f"seed={seed}", "dataset.split.seed=7"], data=data)
        for seed, data in ((1, {"fingerprint": "a" * 64}), (2, {"fingerprint": "b" * 64}))
    ]
    with pytest.raises(RunError, match="different data"):
        compare(*runs)


def test_another_share_of_rows_is_other_data(make_run: Make) -> None:
    changed = ["seed=2", "dataset.split.test=20"]
    runs = make_run("a", [0.5], overrides=["seed=1"]), make_run("b", [0.5], overrides=changed)
    with pytest.raises(RunError, match="different data"):
        compare(*runs)


def test_one_run_on_other_data_does_not_block_the_board(make_run: Make) -> None:
    data = {"fingerprint": "f" * 64, "rows": {"train": 120}}
    odd = make_run("odd", [0.9], overrides=["dataset.split.test=20", "seed=3"], data=data)
    alike = [make_run(f"s{seed}", [0.5], overrides=[f"seed={seed}"]) for seed in (1, 2)]
    data = data | {"fingerprint": "e" * 64}
    changed = make_run("changed", [0.7], overrides=["seed=1"], data=data)
    comparison = compare(odd, changed, *alike)
    assert [run.directory.name for run in comparison.runs] == ["s1", "s2"]
    assert {Path(name).name: reason for name, reason in comparison.skipped.items()} == {
        "odd": "other data: dataset.split.test is 20 instead of 30",
        "changed": "other data: the rows themselves are different",
    }
    assert len(compare(odd, changed, *alike, anyway=True).runs) == 4


def test_a_split_that_is_not_drawn_must_be_the_same_for_every_seed(make_run: Make) -> None:
    still = ["dataset.split.shuffle=false", "dataset.split.stratify=false"]
    runs = [make_run(f"s{seed}", [0.5], overrides=[f"seed={seed}", *still]) for seed in (1, 2)]
    with pytest.raises(RunError, match="different data"):
        compare(*runs)


def test_what_cannot_be_read_is_told_and_left_out(make_run: Make) -> None:
    good = make_run("good", [0.5])
    running = make_run("running", [0.5], status="running")
    damaged = make_run("damaged", [0.5])
    damaged.metrics.write_text("{")
    newer = make_run("newer", [0.5])
    write_file(newer.record, newer.record.read_bytes().replace(b'"format": 1', b'"format": 9'))
    older = make_run("older", [0.5])
    older.resolved.write_text("architecture: 7\n")
    diverged = make_run("diverged", [0.5], status="diverged")
    write_file(diverged.metrics, b'{"format": 1}')
    diverged.history.unlink()
    found, unread = read_runs([good, running, damaged, newer, older, diverged])
    assert [run.directory for run in found] == [good]
    assert "its status is died" in unread[str(running.path)]
    assert (
        "metrics.json is damaged: its content is not what was written" in unread[str(damaged.path)]
    )
    assert (
        unread[str(diverged.path)]
        == "it has no figures: its status is diverged, and no epoch ended"
    )
    assert "has format 9" in unread[str(newer.path)]
    assert not any(run in reason for run, reason in unread.items())  # which is named before it
    assert "resolved.yaml cannot be read" in unread[str(older.path)]
    with pytest.raises(RunError, match="takes two runs at least; 1 can be compared") as raised:
        compare_runs(found, skipped=unread)
    assert "has format 9" in raised.value.hint


def sizes(make_run: Make, *runs: tuple[int, float, str, int]) -> list[RunDirectory]:
    """Runs that differ in their batch size: each with it, an accuracy, a status and a seed."""
    return [
        make_run(
            f"b{size}-{seed}",
            [accuracy],
            status=status,
            overrides=[f"training.batch_size={size}", f"seed={seed}"],
        )
        for size, accuracy, status, seed in runs
    ]


def test_no_run_that_broke_off_leads_a_leaderboard(make_run: Make) -> None:
    runs = sizes(
        make_run,
        (8, 0.9, "interrupted", 1),
        (16, 0.5, "finished", 1),
        (32, 0.7, "finished", 1),
        (64, 0.8, "diverged", 1),
    )
    board = compare(*runs, metric="val_accuracy")
    assert [group.label for group in board.ranked] == ["b32-1", "b16-1", "b8-1", "b64-1"]
    assert comparison_json(board, [])["ranking"] == ["b32-1", "b16-1", "b8-1", "b64-1"]
    (sheet,) = tables_of(board)
    assert [row[:2] for row in rows_of(sheet)] == [
        ["1", "b32-1"],
        ["2", "b16-1"],
        ["", "b8-1 (interrupted)"],
        ["", "b64-1 (diverged)"],
    ]
    assert board.notes == (
        "b8-1 was interrupted after 1 of 2 epochs, so it comes after the finished ones",
        "b64-1 diverged after 1 of 2 epochs, so it comes after the finished ones",
    )


def test_of_two_sides_it_is_said_which_broke_off(make_run: Make) -> None:
    runs = sizes(make_run, (8, 0.9, "interrupted", 1), (16, 0.5, "finished", 1))
    assert compare(*runs).notes == ("b8-1 was interrupted after 1 of 2 epochs",)


def test_a_seed_that_broke_off_does_not_count_among_finished_ones(make_run: Make) -> None:
    runs = sizes(
        make_run,
        (8, 0.9, "interrupted", 1),
        (8, 0.5, "finished", 2),
        (16, 0.6, "finished", 1),
        (16, 0.7, "finished", 2),
    )
    found = compare(*runs, metric="val_accuracy")
    assert [group.mean("val_accuracy") for group in found.groups] == [0.5, pytest.approx(0.65)]
    assert found.skipped == {
        str(runs[0].path): "it was interrupted after 1 of 2 epochs; others like it are finished"
    }
    assert not any("interrupted" in note for note in found.notes)


def test_seeds_of_one_config_stand_as_they_ended(make_run: Make) -> None:
    runs = sizes(make_run, (8, 0.9, "interrupted", 1), (8, 0.5, "finished", 2))
    assert compare(*runs).notes[-1] == "seed 1 was interrupted after 1 of 2 epochs"


def test_the_recorded_direction_decides_and_not_the_name(make_run: Make) -> None:
    def run(name: str, value: float, size: int) -> RunDirectory:
        made = make_run(name, [0.5], overrides=[f"training.batch_size={size}"])
        record = json.loads(made.record.read_bytes()) | {"directions": {"roc": "max"}}
        write_file(made.record, json.dumps(record).encode())
        metrics = json.loads(made.metrics.read_bytes())
        metrics["best"]["val_roc"] = value
        write_file(made.metrics, json.dumps(metrics).encode())
        return made

    runs = [run("low", 0.2, 8), run("high", 0.9, 16), run("middle", 0.5, 32), run("least", 0.1, 64)]
    board = compare(*runs, metric="val_roc")
    assert [group.label for group in board.ranked] == ["high", "middle", "low", "least"]
    assert comparison_json(board, [])["mode"] == "max"
    two = compare(*runs[:2], metric="val_roc")
    (cell,) = [row[3] for row in tables_of(two)[-1].rows if row[0].text == "val_roc"]
    assert (cell.text, cell.mark) == ("+0.7000", "better")


def test_a_figure_that_is_nowhere_finite_decides_nothing(make_run: Make) -> None:
    def run(name: str, size: int) -> RunDirectory:
        monitored = ["training.monitor=val_r", f"training.batch_size={size}"]
        made = make_run(name, [0.5], overrides=["metrics=[accuracy, {AUC: {name: r}}]", *monitored])
        metrics = json.loads(made.metrics.read_bytes())
        metrics["best"]["val_r"] = None
        write_file(made.metrics, json.dumps(metrics).encode())
        return made

    runs = [run("a", 8), run("b", 16)]
    assert compare(*runs).metric == "val_accuracy"
    with pytest.raises(RunError, match="'val_r' is not finite in any run"):
        compare(*runs, metric="val_r")


def test_two_sides_stand_beside_each_other(make_run: Make) -> None:
    base = make_run("base", [0.5, 0.75], overrides=["name=base"], seconds=2.0)
    other = make_run(
        "other",
        [0.5, 0.7],
        overrides=["name=other", SGD, "training.batch_size=16"],
        seconds=3.5,
        parameters=100,
    )
    runs, differing, figures = tables_of(compare(base, other), 3)
    assert [row[0] for row in rows_of(runs)] == ["base", "other"]
    assert rows_of(differing) == [
        ["optimizer", "Adam", "SGD: {learning_rate: 0.1}"],
        ["training.batch_size", "32", "16"],
        ["(learning rate)", "0.001 throughout", "0.1 throughout"],
    ]
    assert figures.columns == ["what came out", "base", "other", "difference"]
    assert rows_of(figures) == [
        ["val_accuracy", "0.750", "0.700", "-0.050 ▼"],
        ["val_loss", "0.250", "0.300", "+0.050 ▼"],
        ["last.val_loss", "0.250", "0.300", "+0.050 ▼"],
        ["last.val_accuracy", "0.750", "0.700", "-0.050 ▼"],
        ["best_epoch", "2", "2", ""],
        ["epochs", "2", "2", "same"],
        ["seconds", "2.0 s", "3.5 s", "+1.5 s ▼"],
        ["parameters", "67", "100", "+33"],
    ]


def test_three_sides_are_marked_against_the_first(make_run: Make) -> None:
    runs = [
        make_run(name, [value], overrides=[f"name={name}", f"training.batch_size={size}"])
        for name, value, size in (("a", 0.5, 8), ("b", 0.6, 16), ("c", 0.4, 32))
    ]
    *_, figures = tables_of(compare(*runs), 2, columns=["val_accuracy", "optimizer"])
    assert rows_of(figures) == [
        ["val_accuracy", "0.50", "0.60 ▲", "0.40 ▼"],
        ["optimizer", "Adam", "Adam", "Adam"],
    ]


def sweep(make_run: Make) -> Comparison:
    runs = [
        make_run(f"r{units}-{seed}", [value + seed / 100], overrides=[
            f"architecture=[{{Dense: {units}}}, {{Dense: {{units: 3, activation: softmax}}}}]", f"seed={seed}", f"name=r{units}"
        ])
        for units, value in ((4, 0.7), (8, 0.9), (16, 0.8), (32, 0.6))
        for seed in (1, 3)
    ]  # fmt: skip
    return compare(*runs)


def test_more_sides_are_a_leaderboard_of_what_differs(make_run: Make) -> None:
    board = leaderboard(sweep(make_run), 2)
    assert board.columns == ["", "run", "seeds", "val_accuracy", "architecture", "val_loss"]
    assert rows_of(board) == [
        ["1", "r8", "2", "0.92 ±0.01", "Dense 8", "0.08 ±0.01"],
        ["2", "r16", "2", "0.82 ±0.01", "Dense 16", "0.18 ±0.01"],
        ["3", "r4", "2", "0.72 ±0.01", "Dense 4", "0.28 ±0.01"],
        ["4", "r32", "2", "0.62 ±0.01", "Dense 32", "0.38 ±0.01"],
    ]


def test_a_column_that_no_run_has(make_run: Make) -> None:
    comparison = sweep(make_run)
    with pytest.raises(UserError, match="no run has a figure or setting 'val_acuracy'") as raised:
        tables_of(comparison, columns=["val_acuracy"])
    assert raised.value.hint == "Did you mean 'val_accuracy'?"


# What may be concluded


def verdict_of(runs: Sequence[RunDirectory], **options: Any) -> list[Verdict]:
    return judge_comparison(compare(*runs), **options)


def test_without_predictions_it_says_what_to_run(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    rows, seeds = verdict_of(runs)
    assert rows.text == (
        f"To test the difference row by row, run `nnrun eval {runs[0].path}` and "
        f"`nnrun eval {runs[1].path}` first."
    )
    assert seeds.text == "With one seed each, this can't tell a better setting from a luckier seed."
    predict(runs[0], "aabb")
    assert verdict_of(runs)[0].text.endswith(f"run `nnrun eval {runs[1].path}` first.")
    assert verdict_of(runs, split="validation")[0].text.count("--split validation") == 2


def test_predictions_on_the_same_rows_are_tested(make_run: Make) -> None:
    runs = (
        make_run("a", [0.5], overrides=["name=one"]),
        make_run("b", [0.5], overrides=[SGD, "name=two"]),
    )
    targets = "a" * 100
    predict(runs[0], "a" * 80 + "b" * 20, targets)
    predict(runs[1], "b" * 2 + "a" * 98, targets)
    rows = verdict_of(runs)[0]
    assert rows.method == "rows"
    assert rows.interval is not None
    assert rows.interval.difference == pytest.approx(0.18)  # 98 of 100 right against 80
    # 2 rows for the first alone, 20 for the second: 2 (1 + 22 + 231) / 2**22.
    assert rows.interval.p == pytest.approx(2 * (1 + 22 + 231) / 2**22)
    assert rows.winner == "two"
    assert rows.text == (
        "two is better than one by 18.0 points, 95 % interval 8.9 to 26.4, in accuracy on the same "
        "100 test rows (McNemar's exact test: p < 0.001; only one is right on 2 and only two on 20)."
    )


def test_predictions_of_weights_that_are_no_longer_the_best_are_not_tested(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD, "name=sgd"])
    for run in runs:
        predict(run, "a" * 100, "a" * 100)
    metrics = runs[1].evaluation("test").metrics
    metrics.write_text('{"format": 1, "epoch": 1}')
    assert verdict_of(runs)[0].method == "rows"
    metrics.write_text('{"format": 1, "epoch": 7}')  # the run went on, and got better
    rows = verdict_of(runs)[0]
    assert rows.method == "none"
    assert rows.text == f"To test the difference row by row, run `nnrun eval {runs[1].path}` first."


def test_a_difference_that_the_test_calls_chance_has_no_winner(make_run: Make) -> None:
    """Four rows against none, which the bootstrap of the rows alone takes for a difference."""
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD, "name=sgd"])
    predict(runs[0], "a" * 90 + "b" * 10, "a" * 100)
    predict(runs[1], "a" * 94 + "b" * 6, "a" * 100)
    rows = verdict_of(runs)[0]
    assert rows.winner == ""
    assert rows.text == (
        "sgd is right on 4 more of the same 100 test rows than tiny, but this could be chance "
        "(McNemar's exact test: p = 0.125; 95 % interval -0.7 to 8.6 points; only tiny is right on "
        "0 and only sgd on 4)."
    )


@pytest.mark.parametrize(
    ("predicted", "sure", "metric", "text"),
    [
        ("abab", 0.9, "val_accuracy", "predict the same: accuracy on the same 4 test rows."),
        ("abab", 0.8, "val_accuracy", "predict the same: accuracy on the same 4 test rows."),
        ("abab", 0.9, "val_loss", "have the same log loss on every row: log loss on the same 4 "),
        ("bbab", 0.9, "val_accuracy", "are right on the same rows: accuracy on the same 4 test "),
        ("baab", 0.9, "val_accuracy", "are equal in accuracy on the same 4 test rows (McNemar's "),
    ],
)
def test_models_that_are_equal_are_said_to_be(
    make_run: Make, predicted: str, sure: float, metric: str, text: str
) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD, "name=sgd"])
    predict(runs[0], "abab", "cbab")  # of the class c, which neither knows
    predict(runs[1], predicted, "cbab", sure)
    if metric == "val_loss":
        predict_again(runs[0], "abab", "abbb")
        predict_again(runs[1], predicted, "abbb")
    rows = judge_comparison(compare(*runs, metric=metric))[0]
    if predicted == "baab":
        predict_again(runs[0], "abab", "bbab")
        predict_again(runs[1], "baab", "bbab")
        rows = judge_comparison(compare(*runs))[0]
    assert rows.text.startswith(f"tiny and sgd {text}")
    assert rows.winner == ""


def test_a_loss_is_tested_by_the_probabilities(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD, "name=sgd"])
    targets, said = "a" * 30 + "b" * 30, "a" * 20 + "b" * 40
    predict(runs[0], said, targets, sure=0.6)
    predict(runs[1], said, targets, sure=0.55)
    rows = judge_comparison(compare(*runs, metric="val_loss"))[0]
    # Of 60 rows, 50 lose ln(0.6 / 0.55) and 10 win ln(0.45 / 0.4).
    assert rows.interval is not None
    change = (50 * math.log(0.6 / 0.55) - 10 * math.log(0.45 / 0.4)) / 60
    assert rows.interval.difference == pytest.approx(change)
    assert rows.winner == "tiny"
    assert rows.text.startswith("tiny is better than sgd by 0.0529, 95 % interval ")
    assert rows.text.endswith(" in log loss on the same 60 test rows (sign-flip test: p < 0.001).")


def test_too_few_rows_are_said_to_be(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD, "name=sgd"])
    predict(runs[0], "aabbaabb", "aabbaabb", sure=0.5)
    predict(runs[1], "aabbaabb", "aabbaabb", sure=0.8)
    comparison = compare(*runs, metric="val_loss")
    rows, _ = verdicts = judge_comparison(comparison)
    assert rows.text == (
        "sgd is ahead of tiny by 0.47 in log loss on the same 8 test rows, but this could be "
        "chance: too few rows (8) to say (sign-flip test: p = 0.00781)."
    )  # ln 0.8 - ln 0.5 = 0.470004; 2 / 2**8
    told = comparison_json(comparison, verdicts)["verdicts"][0]
    assert (told["interval"], told["p"], told["winner"]) == (None, 2 / 2**8, "")


def test_several_sides_are_tested_more_strictly(make_run: Make) -> None:
    """Of three runs, two are held against the first: p values are corrected as Holm does."""
    targets, runs = "a" * 100, []
    for name, wrong in (("one", 12), ("two", 6), ("three", 5)):
        run = make_run(name, [0.5], overrides=[f"name={name}", f"training.batch_size={wrong}"])
        predict(run, "b" * wrong + "a" * (100 - wrong), targets)
        runs.append(run)
    pair = judge_comparison(compare(*runs[:2]))[0]
    assert pair.interval is not None
    assert (pair.interval.p, pair.interval.adjusted, pair.winner) == (2 / 2**6, None, "two")
    two, _, three, _ = judge_comparison(compare(*runs))
    assert two.interval is not None
    assert three.interval is not None
    assert (three.interval.p, three.interval.adjusted) == (2 / 2**7, 4 / 2**7)
    assert (two.interval.p, two.interval.adjusted) == (2 / 2**6, 4 / 2**7)
    assert (two.winner, three.winner) == ("two", "three")
    predict_again(runs[1], "b" * 12 + "a" * 88, targets)
    predict_again(runs[2], "b" * 6 + "a" * 94, targets)
    two, _, three, _ = judge_comparison(compare(*runs))
    assert three.winner == ""
    assert (
        "p = 0.0312, or 0.0625 corrected for 2 tests; 95 % interval 0.0 to 11.2 points"
        in three.text
    )
    assert "but this could be chance" in three.text


@pytest.mark.parametrize(
    # Errors of 0 and 2, then of 2 and 4: the means of their squares are 2 and 10.
    ("metric", "difference"),
    [("val_mae", 2), ("val_loss", 10**0.5 - 2**0.5)],
)
def test_numbers_are_tested_by_their_errors(make_run: Make, metric: str, difference: float) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    for run, lines in zip(runs, ("0,2,2\n1,2,4\n", "0,2,4\n1,2,6\n"), strict=True):
        path = run.evaluation("test").predictions
        path.parent.mkdir(parents=True)
        path.write_text(f"row,target,predicted\n{lines}")
    rows, _ = judge_pair(*compare(*runs).groups, metric, None)
    assert rows.interval is not None
    assert rows.interval.difference == pytest.approx(difference)


def graph(*outputs: str) -> str:
    """An override: a graph with outputs of these names, for kinds and for widths."""
    made = {
        "kind": "kind: {Dense: {units: 3, activation: softmax}, from: inputs}",
        "width": "width: {Dense: 1, from: inputs, target: petal_width}",
    }
    return f"architecture={{outputs: {{{', '.join(made[name] for name in outputs)}}}}}"


def tell(run: RunDirectory, output: str, text: str) -> None:
    """Predictions of an output for the test rows."""
    path = run.evaluation("test", output).predictions
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


ROWS = 60


def kinds(predicted: str, target: str = "a") -> str:
    """Predictions of one kind for all rows."""
    lines = (f"{row},{target},{predicted},0.5,0.5\n" for row in range(ROWS))
    return "row,target,predicted,p_a,p_b\n" + "".join(lines)


def widths(even: float, odd: float) -> str:
    """Predictions of widths of 2: one for every even row, one for every odd one."""
    lines = (f"{row},2,{odd if row % 2 else even}\n" for row in range(ROWS))
    return "row,target,predicted\n" + "".join(lines)


@pytest.fixture
def graphs(make_run: Make) -> list[RunDirectory]:
    """Two runs of a graph: one has every kind wrong, the other every width further off."""
    made = []
    for name, kind, far in (("one", "b", (2, 4)), ("two", "a", (4, 6))):
        changes = [graph("kind", "width"), f"name={name}", *([SGD] if made else [])]
        run = make_run(name, [0.5], overrides=changes)
        tell(run, "kind", kinds(kind))
        tell(run, "width", widths(*far))
        made.append(run)
    return made


@pytest.mark.parametrize(
    ("metric", "kind", "width"),
    [
        ("val_accuracy", ("accuracy", 1.0), ("rmse", 10**0.5 - 2**0.5)),
        ("val_loss", ("log loss", 0.0), ("rmse", 10**0.5 - 2**0.5)),
        ("val_width_mae", ("accuracy", 1.0), ("mae", 2.0)),
        ("val_kind_loss", ("log loss", 0.0), ("rmse", 10**0.5 - 2**0.5)),
    ],
)
def test_each_output_is_tested(
    graphs: list[RunDirectory], metric: str, kind: tuple[str, float], width: tuple[str, float]
) -> None:
    first, second, seeds = judge_pair(*compare(*graphs).groups, metric, None)
    assert (first.output, second.output, seeds.output) == ("kind", "width", "")
    for found, (name, difference) in ((first, kind), (second, width)):
        assert (found.method, found.metric) == ("rows", name)
        assert found.interval is not None
        assert found.interval.difference == pytest.approx(difference)


def test_the_sentences_name_the_output_in_every_form(
    graphs: list[RunDirectory], tmp_path: Path
) -> None:
    comparison = compare(*graphs)
    kind, width, _ = verdicts = judge_comparison(comparison)
    assert kind.text == (
        "two is better than one by 100.0 points, 95 % interval 90.5 to 100.0, in accuracy of kind "
        "on the same 60 test rows (McNemar's exact test: p < 0.001, corrected for 2 tests; only one "
        "is right on 0 and only two on 60)."
    )
    assert width.text.startswith("one is better than two by 1.75, 95 % interval ")
    assert width.text.endswith(
        " in rmse of width on the same 60 test rows (sign-flip test: p < 0.001, corrected "
        "for 2 tests)."
    )
    told = comparison_json(comparison, verdicts)["verdicts"]
    assert [one["output"] for one in told] == ["kind", "width", ""]
    for suffix in (".md", ".html"):
        path = tmp_path / f"both{suffix}"
        text = page_text(comparison_view(comparison, verdicts), path)
        assert "in accuracy of kind on the same" in text
        assert "in rmse of width on the same" in text


def test_outputs_that_both_have_are_tested_where_the_rows_are_the_same(
    graphs: list[RunDirectory], make_run: Make
) -> None:
    """A graph of other inputs or outputs has another fingerprint, and `--anyway` compares it."""
    alone = make_run(
        "alone", [0.5], overrides=[graph("kind"), "name=alone"],
        data={"fingerprint": "other", "rows": {"train": 90, "test": 30}},
    )  # fmt: skip
    tell(alone, "", kinds("a"))
    comparison = compare(graphs[0], alone, anyway=True)
    rows, _ = judge_comparison(comparison)
    assert (rows.output, rows.interval is not None) == ("kind", True)
    assert "alone is better than one by 100.0 points" in rows.text
    tell(alone, "", kinds("a", target="b"))
    assert judge_comparison(comparison)[0].text.startswith(
        "The predictions of kind for the test rows are not"
    )
    other = make_run("plain", [0.5], overrides=["name=plain"])
    assert judge_comparison(compare(graphs[0], other, anyway=True))[0].text == (
        "They have no output in common, so nothing can be tested row by row."
    )


def test_all_outputs_have_to_be_evaluated(graphs: list[RunDirectory]) -> None:
    graphs[1].evaluation("test", "width").predictions.unlink()
    text = judge_comparison(compare(*graphs))[0].text
    assert text == f"To test the difference row by row, run `nnrun eval {graphs[1].path}` first."


def test_rows_that_are_given_back_whole_are_tested_by_their_errors(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    tell(runs[0], "", "row,mse,mae\n0,1,2\n1,3,4\n")
    tell(runs[1], "", "row,mse,mae\n0,9,6\n1,9,8\n")
    for metric, name, difference in (("val_loss", "rmse", 3 - 2**0.5), ("val_mae", "mae", 4)):
        rows, _ = judge_pair(*compare(*runs).groups, metric, None)
        assert rows.interval is not None
        assert (rows.metric, rows.interval.difference) == (name, pytest.approx(difference))


def test_other_rows_are_not_tested(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    predict(runs[0], "aabb", "aabb")
    predict(runs[1], "aabb", "abab")
    assert "not of the same rows" in verdict_of(runs)[0].text


def test_damaged_predictions_are_named(make_run: Make) -> None:
    runs = make_run("a", [0.5]), make_run("b", [0.5], overrides=[SGD])
    for run in runs:
        predict(run, "aabb")
    runs[1].evaluation("test").predictions.write_text("row,target\n1\n")
    with pytest.raises(RunError, match=r"predictions\.csv is damaged"):
        verdict_of(runs)


def test_several_seeds_are_tested_by_welch(make_run: Make) -> None:
    runs = [
        make_run(f"{name}{seed}", [value], overrides=[f"seed={seed}", *changes])
        for name, changes, first, values in (
            ("a", ["name=one"], 0, (0.70, 0.71, 0.72)),
            ("b", ["name=two", SGD], 10, (0.80, 0.81, 0.82)),
        )
        for seed, value in enumerate(values, first)  # other seeds, so that nothing pairs them
    ]
    seeds = verdict_of(runs)[1]
    # Error 0.01 sqrt(2/3), 4 degrees, t(0.975, 4) = 2.776445: 0.1 -+ 0.02267; t = 12.2.
    assert seeds.interval is not None
    assert seeds.interval.low == pytest.approx(0.1 - 0.022670, abs=1e-5)
    assert seeds.text == (
        "two is better than one by 10.0 points, 95 % interval 7.7 to 12.3, in val_accuracy over "
        "3 seeds against 3 (Welch's t test: p < 0.001)."
    )


def test_one_config_with_several_seeds_has_a_spread(make_run: Make) -> None:
    runs = [
        make_run(f"s{seed}", [value], overrides=[f"seed={seed}"])
        for seed, value in ((1, 0.7), (2, 0.8), (3, 0.9))
    ]
    comparison = compare(*runs)
    assert [group.label for group in comparison.groups] == ["seed 1", "seed 2", "seed 3"]
    (verdict,) = judge_comparison(comparison)
    assert verdict.text == (
        "These runs differ only in their seeds: over 3 seeds, val_accuracy averages 80.0 %, with a "
        "standard deviation of 10.0 points."
    )


# Files


def test_the_csv_has_a_row_for_each_run_to_the_last_digit(make_run: Make) -> None:
    runs = make_run("a", [1 / 3]), make_run("b", [2 / 3], overrides=[SGD, "name=-sgd"])
    text = to_csv(compare(*runs))
    first, second = csv.DictReader(io.StringIO(text))
    assert float(first["val_accuracy"]) == 1 / 3
    assert (first["optimizer"], second["optimizer.learning_rate"]) == ("Adam", "0.1")
    assert (second["name"], second["side"]) == ("'-sgd", "'-sgd")  # no formula to a spreadsheet
    assert "training.epochs" not in first


def test_negative_numbers_are_no_formulas(make_run: Make) -> None:
    comparison = compare(make_run("a", [-0.5]), make_run("b", [-0.25], overrides=[SGD]))
    assert [row["val_accuracy"] for row in csv.DictReader(io.StringIO(to_csv(comparison)))] == ["-0.5", "-0.25"]  # fmt: skip


def test_every_kind_of_page_is_the_same_each_time(make_run: Make, tmp_path: Path) -> None:
    comparison = compare(make_run("a", [0.5, 0.6]), make_run("b", [0.7, 0.6], overrides=[SGD]))
    view = comparison_view(comparison, judge_comparison(comparison))
    for suffix, opening in {
        ".md": "# Comparison of 2 runs by val\\_accuracy\n\n",
        ".html": "<!DOCTYPE html>",
        ".json": '{\n  "format": 1',
    }.items():
        text = page_text(view, tmp_path / f"a{suffix}")
        assert text.startswith(opening)
        assert text == page_text(view, tmp_path / f"a{suffix}")
    draw_comparison(comparison, tmp_path / "a.png")
    assert png_of(partial(draw_comparison, comparison)) == (tmp_path / "a.png").read_bytes()


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(
    make_run: Make, tmp_path: Path
) -> None:
    hostile = "<script>alert(1)<script>"
    runs = [make_run("a", [0.5]), make_run(hostile, [0.5], overrides=["training.batch_size=16"])]
    comparison = compare(*runs)
    view = comparison_view(comparison, judge_comparison(comparison))
    page = page_text(view, tmp_path / "page.html")
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert 'src="data:image/png;base64,' in page
    assert '<td class="left">16</td>' in page
