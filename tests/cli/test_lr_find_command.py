"""`nnrun lr-find`: real searches on the smallest experiment, and what is refused."""

import csv
import io
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, complaints

from nnrun.cli.progress import SearchDisplay
from nnrun.config.loading import load_experiment
from nnrun.experiments.lr_find import SearchStep

WriteConfig = Callable[..., Path]
Nnrun = Callable[..., Any]

# Iris has 90 training rows here, two whole batches of 32: 120 steps go round sixty times.
CURVE = ("--steps", 120, "--min", 1e-4, "--budget", 0)
FAST = (*CURVE[:-1], 3)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def test_a_search(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("lr-find", write_config(), *FAST)
    assert (done.code, complaints(done.err)) == (0, [])
    assert done.out.startswith("tiny: ")
    for told in ("turning point / 10", "largest rate / 2", "steepest", "valley", "slide"):
        assert f"\n{told}" in done.out
    assert "for Adam" in done.out
    assert re.search(r"\nrate tried +epochs +best epoch +val_loss +val_accuracy *\n", done.out)
    assert re.search(r"  the best *\n", done.out)
    assert files() == ["lr-find/tiny.csv", "lr-find/tiny.png", "tiny.yaml"]
    assert Path("lr-find/tiny.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_curve(nnrun: Nnrun, write_config: WriteConfig) -> None:
    config = write_config()
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        nnrun("lr-find", config, *CURVE, "--set", f"seed={seed}", "--out-dir", folder)
    first, second, other = (Path(folder, "tiny.csv").read_bytes() for folder in "abc")
    assert first == second
    assert first != other
    assert Path("a/tiny.png").read_bytes() == Path("b/tiny.png").read_bytes()


def test_json_and_the_curve(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("lr-find", write_config(), *FAST, "--json", "--out-dir", "here")
    assert (done.code, complaints(done.err)) == (0, [])
    report = json.loads(done.out)
    assert (report["format"], report["name"], report["optimizer"]) == (1, "tiny", "Adam")
    assert [rule["rule"] for rule in report["rules"]] == [
        "turning point / 10",
        "largest rate / 2",
        "steepest",
        "valley",
        "slide",
        "floor",
    ]
    assert 1e-4 < report["recommended"] <= report["turning_point"]
    assert report["recommended"] in report["as_well"]
    assert report["applied"] is None
    best = next(one for one in report["trials"] if one["rate"] == report["recommended"])
    assert best["verdict"] == "the best"
    assert best["figures"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert (len(report["trials"]), report["trial_epochs"], report["training_epochs"]) == (3, 3, 2)
    with Path(report["csv"]).open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report["steps"]
    assert float(rows[0]["learning_rate"]) == 1e-4
    assert float(rows[0]["loss"]) == pytest.approx(math.log(3), abs=0.7)


def test_a_trial_is_the_training_itself(nnrun: Nnrun, write_config: WriteConfig) -> None:
    config = write_config()
    options = ("--set", "regularization.dropout=0.2", "--set", "training.epochs=4")
    done = nnrun("lr-find", config, "--steps", 100, *options, "--json")
    assert done.code == 0
    report = json.loads(done.out)
    for trial in (report["trials"][0], report["trials"][-1]):
        rate = f"optimizer.Adam.learning_rate={trial['rate']!r}"
        run = nnrun("train", config, *options, "--set", rate, "--json", "--run-dir", trial["rate"])
        told = json.loads(run.out)
        assert told["best_epoch"] == trial["best_epoch"]
        assert trial["figures"].items() <= told["metrics"]["best"].items()


def test_without_trials_the_curve_alone_is_asked(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("lr-find", write_config(), *CURVE, "--json")
    report = json.loads(done.out)
    assert (report["trials"], report["as_well"], report["trial_epochs"]) == ([], [], 0)
    assert done.code == 0
    assert report["recommended"] == float(f"{report['turning_point'] / 10:.2g}")


def test_the_recommended_rate_is_applied(nnrun: Nnrun, write_config: WriteConfig) -> None:
    config = write_config()
    done = nnrun("lr-find", config, *FAST, "--apply", "found.yaml", "--json")
    assert done.code == 0
    report = json.loads(done.out)
    assert report["applied"] == "found.yaml"
    rate = report["recommended"]
    found = Path("found.yaml").read_text()
    assert found == f"{TINY}optimizer:\n  Adam: {{learning_rate: {rate!r}}}\n"
    assert config.read_text() == TINY
    assert load_experiment(Path("found.yaml")).optimizer.arguments == {"learning_rate": rate}
    again = nnrun("lr-find", config, *FAST, "--apply", config)
    assert again.code == 0
    assert "written      " in again.out
    assert config.read_text() == found


def test_a_schedule_is_taken_out(nnrun: Nnrun, write_config: WriteConfig) -> None:
    schedule = "schedule: {ExponentialDecay: {decay_steps: 5, decay_rate: 0.5}}\n"
    plain, scheduled = write_config(), write_config(TINY + schedule, "scheduled.yaml")
    done = nnrun("lr-find", scheduled, *FAST, "--apply", "found.yaml")
    assert done.code == 0
    told = " ".join(done.out.split())
    assert "the schedule ExponentialDecay was taken out: this is the rate to start it from" in told
    curve = Path("lr-find/tiny.csv").read_bytes()
    nnrun("lr-find", plain, *CURVE)
    assert Path("lr-find/tiny.csv").read_bytes() == curve
    experiment = load_experiment(Path("found.yaml"))
    assert experiment.schedule is not None
    assert experiment.optimizer.arguments.keys() == {"learning_rate"}


def test_a_schedule_inside_the_optimizer_is_taken_out(
    nnrun: Nnrun, write_config: WriteConfig
) -> None:
    rate = "{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 5, decay_rate: 0.5}}"
    config = write_config(f"{TINY}optimizer: {{SGD: {{learning_rate: {rate}}}}}\n")
    done = nnrun("lr-find", config, *CURVE)
    assert "the schedule ExponentialDecay of the optimizer was taken out" in done.out
    refused = nnrun("lr-find", config, *FAST, "--apply", "found.yaml")
    assert refused.code == 2
    assert refused.err.startswith(
        "nnrun: the optimizer's learning_rate is the schedule ExponentialDecay, not a number\n"
    )


def test_a_network_that_never_learns(nnrun: Nnrun, write_config: WriteConfig) -> None:
    """Equal weights get equal gradients: zeros stay zeros, but for the biases of the last layer."""
    zeros = TINY.replace("hidden: [8]", "hidden: [8], kernel_initializer: zeros")
    done = nnrun("lr-find", write_config(zeros), *FAST, "--json")
    report = json.loads(done.out)
    assert (done.code, report["recommended"]) == (1, None)


def test_rates_that_never_learn(nnrun: Nnrun, write_config: WriteConfig) -> None:
    options = ("--min", 1e-9, "--max", 1e-7, "--steps", 50)
    done = nnrun("lr-find", write_config(), *options, "--apply", "found.yaml")
    assert done.code == 1
    assert "recommended  none\n" in done.out
    assert "why          nothing is learned at 1e-09 to 1e-07: the loss" in done.out
    assert not Path("found.yaml").exists()


NOT_FINITE = """\
dataset: {csv: huge.csv, target: y, task: regression}
architecture: [{Dense: 1}]
runtime: {engine: graph}
"""


def test_a_loss_that_is_not_finite_from_the_start(nnrun: Nnrun, write_config: WriteConfig) -> None:
    Path("huge.csv").write_text("x,y\n" + "".join(f"{n}e30,{n}e30\n" for n in range(1, 30)))
    done = nnrun("lr-find", write_config(NOT_FINITE), *FAST)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "nnrun: the loss is not finite at the first step, before anything was learned\n"
    )
    assert files() == ["huge.csv", "tiny.yaml"]
    assert not Path("lr-find").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--steps", 9], "--steps 9 is too few to see a curve"),
        (["--min", 1, "--max", 1], "--min 1 and --max 1 are not a range"),
        (["--min", 0], "--min 0 and --max 10 are not a range"),
        (["--min", "nan"], "--min nan and --max 10 are not a range"),
        (["--max", "inf"], "--min 1e-05 and --max inf are not a range"),
        (["--apply", "other.yaml"], "--apply would overwrite other.yaml"),
        (["--apply", "no/where.yaml"], "cannot write no/where.yaml: its directory does not exist"),
        (
            ["--apply", "new.yaml", "--set", "optimizer=SGD"],
            "--apply writes to tiny.yaml, whose optimizer is Adam, not SGD",
        ),
        (["--out-dir", "tiny.yaml"], "cannot create tiny.yaml: "),
    ],
)
def test_what_is_refused(
    nnrun: Nnrun, write_config: WriteConfig, options: list[object], told: str
) -> None:
    write_config()
    write_config(TINY, "other.yaml")
    done = nnrun("lr-find", "tiny.yaml", *options)
    assert (done.code, done.out) == (2, "")
    first, hint, *more = [*complaints(done.err), "", ""]
    assert first.startswith(f"nnrun: {told}")
    assert "Traceback" not in done.err
    assert files() == ["other.yaml", "tiny.yaml"]
    assert Path("other.yaml").read_text() == TINY
    assert hint.startswith("  ") or first.startswith("nnrun: cannot ")
    assert not any(more)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal, True), (io.StringIO, False)])
def test_a_bar_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], shown: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream())
    with SearchDisplay(20) as display:
        for number in range(1, 21):
            display.show(SearchStep("range test", number, 20, 2.5))
        display.show(SearchStep("trial at 0.01", 7, 60, 0.25))
    told = sys.stderr.getvalue()
    assert all((part in told) == shown for part in ("trial at 0.01", "7/60", "loss 0.2500"))
    assert (told == "") != shown
