"""The best epoch's weights damaged, lost or exchanged: older ones are used aloud, or none."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TINY, Done

from nnrun.errors import RunError
from nnrun.runs.best_state import find_best
from nnrun.runs.checkpoint_files import save_checkpoint
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord

pytestmark = pytest.mark.faults

Nnrun = Callable[..., Done]
ROWS = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"


@pytest.fixture
def run(tiny_run: RunDirectory) -> RunDirectory:
    """A finished run with the states of two best epochs, 1 and 2."""
    best = CheckpointStore(tiny_run.checkpoints).load("best")
    assert best.facts["epoch"] == RunRecord.read(tiny_run.record).best_epoch == 2
    for path in tiny_run.checkpoints.glob("best-*"):
        path.unlink()
    save_checkpoint(tiny_run.checkpoints / "best-1.npz", best.arrays, {"epoch": 1})
    save_checkpoint(tiny_run.checkpoints / "best-2.npz", best.arrays, {"epoch": 2})
    return tiny_run


def replace_newest(run: RunDirectory, facts: Any, arrays: Any = None) -> None:
    """Write the newest best state anew, with a manifest that vouches for it."""
    held = CheckpointStore(run.checkpoints).load("best").arrays
    save_checkpoint(run.checkpoints / "best-2.npz", held if arrays is None else arrays(held), facts)


def flip(run: RunDirectory) -> None:
    path = run.checkpoints / "best-2.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(run: RunDirectory) -> None:
    for suffix in ("npz", "json"):
        (run.checkpoints / f"best-2.{suffix}").unlink()


def with_nan(arrays: dict[str, Any]) -> dict[str, Any]:
    name = next(iter(arrays))
    spoilt = np.array(arrays[name])
    spoilt.reshape(-1)[-1] = np.nan
    return {**arrays, name: spoilt}


DAMAGE: dict[str, tuple[Callable[[RunDirectory], Any], str]] = {
    "a bit": (flip, "best-2.npz is damaged: its content is not what was written"),
    "lost": (remove, "its checkpoint is missing"),
    "manifest": (
        lambda run: (run.checkpoints / "best-2.json").write_text("{}"),
        "best-2.json is damaged",
    ),
    "nan": (
        lambda run: replace_newest(run, {"epoch": 2}, with_nan),
        "holds values that are not finite",
    ),
    "epoch below 1": (lambda run: replace_newest(run, {"epoch": -5}), "is of the epoch -5"),
    "epoch true": (lambda run: replace_newest(run, {"epoch": True}), "is of the epoch True"),
    "no epoch": (lambda run: replace_newest(run, {}), "is of the epoch None"),
    "epoch never trained": (lambda run: replace_newest(run, {"epoch": 3}), "is of epoch 3"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_an_older_state_is_found_with_a_doubt(run: RunDirectory, case: str) -> None:
    record = RunRecord.read(run.record)
    assert (find_best(run, record).epoch, find_best(run, record).doubt) == (2, "")
    damage, reason = DAMAGE[case]
    damage(run)
    state = find_best(run, record)
    assert state.epoch == 1
    assert state.doubt.startswith("the weights are those of epoch 1, not of the best epoch, 2: ")
    assert state.doubt.endswith(reason)
    for suffix in ("npz", "json"):
        (run.checkpoints / f"best-1.{suffix}").unlink()
    with pytest.raises(RunError, match="checkpoint"):
        find_best(run, record)


def test_a_killed_run_is_held_against_its_last_state(run: RunDirectory) -> None:
    record = RunRecord.read(run.record)
    killed = RunRecord(**{**vars(record), "status": "running", "best_epoch": None, "epochs": 0})
    assert find_best(run, killed).doubt == ""
    remove(run)
    doubt = find_best(run, killed).doubt
    assert doubt.startswith("the weights are those of epoch 1, not of the best epoch, 2: ")
    for path in run.checkpoints.glob("last-*"):
        path.unlink()
    assert find_best(run, killed).doubt == ""  # nothing tells that there was a later one


def test_eval_and_predict_say_that_the_weights_are_older(
    nnrun: Nnrun, run: RunDirectory, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(ROWS)
    assert "warning" not in nnrun("predict", run.path, rows).err
    flip(run)
    warning = "warning: tiny_run: the weights are those of epoch 1, not of the best epoch, 2: "
    evaluated = nnrun("eval", run.path, "--json")
    assert (evaluated.code, evaluated.err.startswith(warning)) == (0, True)
    told = json.loads(evaluated.out)
    assert (told["epoch"], len(told["warnings"])) == (1, 1)
    assert json.loads(run.evaluation("test").metrics.read_text())["warnings"] == told["warnings"]
    predicted = nnrun("predict", run.path, rows, "--json")
    assert (predicted.code, predicted.err.startswith(warning)) == (0, True)
    assert len(json.loads(predicted.out)["warnings"]) == 1


def test_python_warns_where_nobody_else_tells(run: RunDirectory) -> None:
    from nnrun.experiments.api import open_run

    remove(run)
    with pytest.warns(UserWarning, match="not of the best epoch, 2: its checkpoint is missing"):
        assert open_run(run, with_data=False).epoch == 1


def test_a_run_that_builds_on_older_weights_records_these(
    nnrun: Nnrun, run: RunDirectory, write_config: Callable[..., Path], tmp_path: Path
) -> None:
    flip(run)
    architecture = f"architecture: {{from_run: {run.path}, drop_last: 1, add: [{{Dense: 3}}]}}"
    text = TINY.replace("architecture: {MLP: {hidden: [8]}}", architecture)
    config = write_config(text.replace("epochs: 2", "epochs: 1"), "built.yaml")
    built = RunDirectory(tmp_path / "built")
    done = nnrun("train", config, "--run-dir", built.path)
    assert done.code == 0, done.err
    doubt = "from_run: tiny_run: the weights are those of epoch 1, not of the best epoch, 2: "
    assert f"warning: {doubt}" in done.err
    record = RunRecord.read(built.record)
    assert any(line.startswith(doubt) for line in record.warnings)
    manifest = json.loads((run.checkpoints / "best-1.json").read_text())
    expected = {"run": str(run.path.resolve()), "weights": manifest["sha256"], "epoch": 1}
    assert record.from_run == expected


@pytest.mark.parametrize("case", ["a bit", "lost", "nan", "epoch true"])
def test_show_verifies_the_best_state(nnrun: Nnrun, run: RunDirectory, case: str) -> None:
    whole = nnrun("show", run.path)
    assert "files       whole: all are as they were written" in whole.out
    assert json.loads(nnrun("show", run.path, "--json").out)["whole"] is True
    damage, reason = DAMAGE[case]
    damage(run)
    done = nnrun("show", run.path)
    assert "files       damaged: checkpoints/best" in done.out
    assert "the weights are those of epoch 1, not of the best epoch, 2: " in done.out
    assert reason in done.out
    told = json.loads(nnrun("show", run.path, "--json").out)
    assert (told["whole"], len(told["problems"])) == (False, 1)


def test_show_names_what_is_missing_and_what_was_never_listed(
    nnrun: Nnrun, tiny_run: RunDirectory
) -> None:
    tiny_run.model.unlink()
    tiny_run.signature.write_text("{}")
    done = nnrun("show", tiny_run.path)
    assert "files       damaged: model.keras, signature.json" in done.out
    assert f"{tiny_run.model} is missing" in done.out
    (tiny_run.path / "checksums.json").unlink()
    done = nnrun("show", tiny_run.path)
    assert "files       not verified: there are no checksums" in done.out


def test_a_last_state_that_is_not_finite_is_not_gone_on_with(
    nnrun: Nnrun, tiny_run: RunDirectory
) -> None:
    store = CheckpointStore(tiny_run.checkpoints)
    last = store.load("last")
    for path in tiny_run.checkpoints.glob("last-*.npz"):
        save_checkpoint(path, with_nan(dict(last.arrays)), last.facts)
    done = nnrun("resume", tiny_run.path, "--epochs", 3)
    assert done.code == 2
    assert "its states are not finite" in done.err


def test_whole_states_warn_of_nothing(run: RunDirectory) -> None:
    from nnrun.experiments.api import open_run

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_run(run, with_data=False)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16", "int64"])
def test_a_scan_sees_values_that_are_not_finite_without_numpy(dtype: str, tmp_path: Path) -> None:
    import ml_dtypes

    from nnrun.runs.checkpoint_files import scan_checkpoint

    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    path = tmp_path / "best-1.npz"
    finite = np.array([0, 1, 2.5, -30_000], kind)
    largest = [] if kind.kind == "i" else [ml_dtypes.finfo(kind).max, ml_dtypes.finfo(kind).min]
    values = np.array([*finite, *largest], kind)
    save_checkpoint(path, {"w": values}, {"epoch": 1})
    assert scan_checkpoint(path).facts == {"epoch": 1}
    for odd in [] if kind.kind == "i" else [np.nan, np.inf, -np.inf]:
        save_checkpoint(path, {"w": np.array([*values, odd], kind)}, {"epoch": 1})
        with pytest.raises(RunError, match="w holds values that are not finite"):
            scan_checkpoint(path)
