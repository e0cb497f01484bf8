"""Runs as a list: columns, order, and runs that are not whole."""

import doctest
import json
from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.analysis.filtering import parse_filter
from nnrun.analysis.list_view import list_view
from nnrun.analysis.listing import Listing, list_rows
from nnrun.errors import UserError
from nnrun.pages.terminal import Screen, screen_text
from nnrun.runs import settings
from nnrun.runs.checksums import write_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.index import list_runs
from nnrun.runs.manifest import Metrics, RunRecord

PIPE = Screen(80, is_terminal=False)
RECORD = RunRecord(
    name="digits", status="finished", command="", seed=1, created="", epochs=3, best_epoch=2
)
ADAM = "optimizer: {Adam: {learning_rate: 1e-3}}\ntraining: {batch_size: 32, monitor: val_loss}\n"
SGD = "optimizer: {SGD: {learning_rate: 0.1}}\ntraining: {batch_size: 8}\ncallbacks:\n- EarlyStopping: {patience: 3}\n"


def make(runs: Path, name: str, day: int, config: str, figures: dict[str, float | None]) -> Path:
    run = RunDirectory(runs / f"{name}-202611{day:02}-100000-abcd")
    run.path.mkdir(parents=True)
    replace(RECORD, created=f"2026-11-{day:02}T10:00:00+00:00", seed=day).write(run.record)
    Metrics(best=figures, last=figures, test={"accuracy": 0.5}).write(run.metrics)
    run.resolved.write_text(config)
    return run.path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    make(tmp_path, "a", 3, ADAM, {"epoch": 2, "val_loss": 0.3, "val_accuracy": 0.9})
    make(tmp_path, "b", 1, SGD, {"epoch": 2, "val_loss": 0.2, "val_accuracy": 0.8})
    make(tmp_path, "c", 2, SGD, {"epoch": 2, "val_loss": None, "val_accuracy": 0.95})
    return tmp_path


def order(runs: Path, **options: object) -> str:
    listing = list_rows(list_runs(runs), **options)  # type: ignore[arg-type]
    return "".join(row.entry.name[0] for row in listing.rows)


def test_the_docstrings_run() -> None:
    assert doctest.testmod(settings).failed == 0


def test_the_best_stand_first(runs: Path) -> None:
    assert order(runs) == "acb"
    assert order(runs, reverse=True) == "bca"
    assert order(runs, sort="val_accuracy") == "cab"
    assert order(runs, sort="val_accuracy", reverse=True) == "bac"
    assert order(runs, sort="val_loss") == "bac"
    assert order(runs, sort="val_loss", reverse=True) == "abc"
    assert order(runs, sort="learning_rate", limit=1) == "a"
    assert order(runs, sort="optimizer") in ("acb", "abc")
    assert order(runs, sort="last.val_accuracy") == "cab"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("optimizer=adam", "a"),
        ("optimizer.SGD.learning_rate=0.1", "cb"),
        ("optimizer.learning_rate<0.01", "a"),
        ("batch_size=8 and val_accuracy>0.9", "c"),
        ("patience=3", "cb"),
        ("patience=none", "a"),
        ("test_accuracy=0.5 and seed!=3", "cb"),
        ("val_loss=nan", "c"),
        ("config.training.batch_size>8", "a"),
        ("date<2026-11-02", "b"),
    ],
)
def test_filters_know_records_figures_and_configs(runs: Path, text: str, found: str) -> None:
    assert order(runs, condition=parse_filter(text)) == found


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"sort": "val_acuracy"}, "no run has 'val_acuracy'", "Did you mean 'val_accuracy'?"),
        ({"columns": ["bach_size"]}, "no run has 'bach_size'", "Did you mean 'batch_size'?"),
        ({"columns": ["zzzz"]}, "no run has 'zzzz'", "A field of run.json"),
    ],
)
def test_unknown_names(runs: Path, options: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        order(runs, **options)
    assert hint in caught.value.hint


def test_an_unknown_name_in_a_filter_has_a_caret(runs: Path) -> None:
    with pytest.raises(UserError) as caught:
        order(runs, condition=parse_filter("seed=1 or optimiser=Adam"))
    assert caught.value.message == (
        "--filter: no run has 'optimiser'\n"
        "    1 | seed=1 or optimiser=Adam\n"
        "      |           ^^^^^^^^^  Did you mean 'optimizer'?"
    )


def test_a_key_that_several_values_have_is_refused(runs: Path) -> None:
    make(runs, "d", 4, "optimizer: {Adam: {rate: 1}}\nschedule: {Warmup: {rate: 2}}\n", {})
    with pytest.raises(UserError, match="'rate' could be any of 2") as caught:
        order(runs, columns=["rate"])
    assert "optimizer.rate, schedule.rate" in caught.value.hint


def test_a_key_is_that_of_the_outer_section(runs: Path) -> None:
    tuned = "training: {fine_tune: {learning_rate: 3}}\n"
    make(runs, "d", 4, "optimizer: {Adam: {learning_rate: 2}}\n" + tuned, {})
    rows = list_rows(list_runs(runs), columns=["learning_rate"]).rows
    assert [row.values["learning_rate"] for row in rows if row.entry.name[0] == "d"] == [2]


def test_runs_that_are_not_whole(runs: Path) -> None:
    make(runs, "d", 4, ADAM, {}).joinpath("run.json").write_text("{")
    make(runs, "e", 5, ADAM, {}).joinpath("metrics.json").write_text("[]")
    newer = make(runs, "f", 6, ADAM, {}) / "run.json"
    write_file(newer, json.dumps({**json.loads(newer.read_text()), "format": 99}).encode())
    died = make(runs, "g", 7, ADAM, {})
    replace(RECORD, status="running", epochs=0, best_epoch=None).write(died / "run.json")
    (died / "metrics.json").unlink()
    losses = (0.5, 0.1, 0.4)
    History({"epoch": n, "val_loss": loss} for n, loss in enumerate(losses, 1)).write(
        died / "history.csv"
    )
    (runs / "a-20261103-100000-abcd" / "resolved.yaml").write_text("a: !!python/object:x {}")
    listing = list_rows(list_runs(runs), columns=["status", "optimizer", "val_loss"])
    shown = {row.entry.name[0]: row.values for row in listing.rows}
    statuses = {name: values["status"] for name, values in shown.items()}
    assert statuses == {
        "a": "finished",
        "b": "finished",
        "c": "finished",
        "d": "damaged",
        "e": "damaged",
        "f": "newer",
        "g": "died",
    }
    assert (shown["g"]["val_loss"], shown["g"]["epochs"], shown["g"]["best_epoch"]) == (0.1, 3, 2)
    assert "optimizer" not in shown["a"]
    problems = {row.entry.name[0] for row in listing.rows if row.problem}
    assert problems == {"a", "d", "e", "f"}


def lines_of(listing: Listing, screen: Screen = PIPE) -> list[str]:
    return screen_text(list_view(listing, ""), screen).splitlines()


def test_the_table(runs: Path) -> None:
    listing = list_rows(
        list_runs(runs), columns=["name", "optimizer", "learning_rate", "val_loss", "patience"]
    )
    assert lines_of(listing) == [
        "name                    optimizer  learning_rate  val_loss  patience",
        "a-20261103-100000-abcd  Adam               0.001       0.3         -",
        "c-20261102-100000-abcd  SGD                  0.1       nan         3",
        "b-20261101-100000-abcd  SGD                  0.1       0.2         3",
    ]


def test_columns_are_left_out_where_they_do_not_fit(runs: Path) -> None:
    listing = list_rows(list_runs(runs))
    assert lines_of(listing)[0].split() == [
        *("name", "status", "date", "epochs", "best_epoch", "val_loss", "val_accuracy"),
        *("seconds", "parameters"),
    ]
    narrow = lines_of(listing, Screen(80))
    assert max(map(len, narrow)) <= 80
    assert narrow[0].split()[:2] == ["name", "status"]
    assert "val_accuracy" in narrow[0]
    assert "date" not in narrow[0]


def test_text_of_others_does_not_steer_a_terminal(runs: Path) -> None:
    evil = make(runs, "z", 9, 'optimizer: "\\e[2J"\n', {"epoch": 1})
    replace(RECORD, stop_reason="\x1b[31m").write(evil / "run.json")
    lines = lines_of(list_rows(list_runs(runs), columns=["stop_reason", "optimizer"]))
    assert "\x1b" not in "".join(lines)
