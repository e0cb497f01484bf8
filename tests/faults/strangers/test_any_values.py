"""Any value in any JSON of a run directory, for every command that reads it: an answer or a refusal."""

import contextlib
import hashlib
import json
import os
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TINY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.errors import UserError
from nnrun.runs.best_state import find_best
from nnrun.runs.checkpoint_files import save_checkpoint
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord

pytestmark = pytest.mark.faults

MORE = 30 if os.environ.get("NNRUN_CAMPAIGN") else 1
QUIET = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ODD: list[Any] = [
    None, True, False, 0, -1, -5, 1, 10**30, -(10**30), 2**63, 1e308, 0.5, "", "x", "../../etc", "\ud83d",
    [], [[]], [[[]]], [None], [1, 2], {}, {"": []}, {"a": {"b": [1]}}, "x" * 300, {"callbacks/\0": [1, "x"]}, {"callbacks/../../run.json": [1, "x"]},
]  # fmt: skip
FILES = ("run.json", "metrics.json", "signature.json", "checksums.json", "last", "best", "manifest")


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a tree, its first three entries where it is a long list."""
    items: Any = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = list(enumerate(tree))[:3]
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(tree: Any, way: tuple[Any, ...], value: Any) -> Any:
    changed = holder = deepcopy(tree)
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return changed


class Spoiler:
    """A run of which one value of one file is another."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        store = CheckpointStore(run.checkpoints)
        self.states = {name: store.load(name) for name in ("last", "best")}
        self.paths = {name: store.file_of(name, state) for name, state in self.states.items()}
        (run.path / "checksums.json").rename(run.path.with_suffix(".json"))

    def file_of(self, name: str) -> Path:
        return (
            self.paths["best"].with_suffix(".json") if name == "manifest" else self.run.path / name
        )

    def tree(self, name: str) -> Any:
        if name in self.states:
            return json.loads(json.dumps(dict(self.states[name].facts)))
        if name == "checksums.json":
            return json.loads(self.run.path.with_suffix(".json").read_text())
        return json.loads(self.file_of(name).read_text())

    @contextlib.contextmanager
    def spoilt(self, name: str, tree: Any) -> Iterator[None]:
        if name in self.states:
            state = self.states[name]
            save_checkpoint(self.paths[name], state.arrays, tree)
            yield
            save_checkpoint(self.paths[name], state.arrays, state.facts)
            return
        path = self.file_of(name)
        before = path.read_bytes() if path.exists() else None
        path.write_text(json.dumps(tree))
        yield
        path.unlink() if before is None else path.write_bytes(before)


@pytest.fixture(scope="module")
def spoiler(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Spoiler:
    runs = tmp_path_factory.mktemp("runs")
    shutil.copytree(_trained, runs / "other")
    return Spoiler(RunDirectory(shutil.copytree(_trained, runs / "theirs")))


def look(run: RunDirectory) -> None:
    """What the commands that start quickly do with a run: list, show, compare, diff, plot, rm."""
    from nnrun.analysis.comparison import compare_runs, read_runs
    from nnrun.analysis.comparison_files import to_csv
    from nnrun.analysis.list_view import list_view
    from nnrun.analysis.listing import list_rows
    from nnrun.analysis.run_view import read_report, run_view
    from nnrun.experiments.declare import load_run
    from nnrun.experiments.open import read_signature
    from nnrun.json_text import json_text
    from nnrun.pages.terminal import Screen, screen_text
    from nnrun.runs.index import list_runs
    from nnrun.runs.removing import plan_removal
    from nnrun.runs.saved import load_saved

    runs = run.path.parent
    listing = list_rows(list_runs(runs))
    assert screen_text(list_view(listing, ""), Screen())
    json_text(listing.to_json())
    for read in (
        lambda: json_text(read_report(run).to_json()),
        lambda: screen_text(run_view(read_report(run)), Screen()),
        lambda: read_signature(run, load_run(run, trust=False)),
        lambda: find_best(run, RunRecord.read(run.record)),
        lambda: load_saved(run),
        lambda: plan_removal(run, runs),
        lambda: to_csv(
            compare_runs(
                read_runs([run, RunDirectory(runs / "other")])[0],
                metric=None,
                split=None,
                anyway=True,
                skipped={},
            )
        ),
    ):
        with contextlib.suppress(UserError):
            read()


@given(st.data())
@settings(QUIET, max_examples=120 * MORE)
def test_commands_that_look(spoiler: Spoiler, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    tree = spoiler.tree(name)
    way = data.draw(st.sampled_from(list(places(tree))))
    with spoiler.spoilt(name, replaced(tree, way, data.draw(st.sampled_from(ODD)))):
        look(spoiler.run)


def test_whole_files_of_other_values(spoiler: Spoiler) -> None:
    for name in FILES[:4]:
        for value in (None, [], {}, 1, "x", {"format": 1}, {"format": True}, {"format": []}):
            with spoiler.spoilt(name, value):
                look(spoiler.run)


SIGNATURE = [
    (("targets", "targets", "task"), []),
    (("targets", "targets", "task"), "regression"),
    (("targets", "targets", "classes"), ["a"]),
    (("targets", "targets", "width"), True),
    (("targets", "targets", "one_hot"), 1),
    (("targets", "targets", "columns"), [{"name": [], "values": []}]),
    (("inputs", "inputs", "dtype"), []),
    (("inputs", "inputs", "shape"), [10**30]),
    (("inputs", "inputs", "greatest"), 10**30),
    (("train_rows",), -1),
    (("source",), None),
    (("adapted",), {"architecture[0]": {"mean": "x"}}),
]


@pytest.mark.parametrize(("way", "value"), SIGNATURE)
def test_a_signature_of_odd_values_is_refused(
    way: tuple[str, ...], value: Any, spoiler: Spoiler, tmp_path: Path
) -> None:
    from nnrun.experiments.api import predict

    rows = tmp_path / "rows.csv"
    rows.write_text("sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4\n")
    tree = spoiler.tree("signature.json")
    spoilt = spoiler.spoilt("signature.json", replaced(tree, way, value))
    with spoilt, contextlib.suppress(UserError):
        predict(spoiler.run, rows)


CALLBACKS = """\
callbacks:
  - EarlyStopping: {patience: 9, restore_best_weights: true}
  - ReduceLROnPlateau: {patience: 9}
  - ModelCheckpoint: {filepath: best.weights.h5, save_weights_only: true, save_best_only: true}
  - Pruning: {sparsity: 0.5}
"""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Makes the callbacks of a config that has begun to train, with a state that they saved."""
    from nnrun.config.loading import load_experiment
    from nnrun.experiments.prepare import build, prepare_experiment
    from nnrun.training.callbacks import build_callbacks
    from nnrun.training.recording import Recorder

    folder = tmp_path_factory.mktemp("callbacks")
    config = folder / "tiny.yaml"
    config.write_text(TINY + CALLBACKS)
    experiment = load_experiment(config)
    prepared = prepare_experiment(experiment, config)
    model = build(prepared)

    def make() -> Any:
        import keras

        declared = build_callbacks(experiment.callbacks, folder, 3)
        for one in declared:
            if isinstance(one, Recorder):
                one.attach(model, prepared.splits.train)
        listed = keras.callbacks.CallbackList(declared, model=model, epochs=2, steps=3, verbose=0)
        listed.on_train_begin()
        return declared, listed

    return make


LOGS = {"loss": 0.5, "accuracy": 0.5, "val_loss": 0.5, "val_accuracy": 0.5}


@given(st.data())
@settings(QUIET, max_examples=60 * MORE)
def test_callbacks_with_odd_states(begun: Callable[[], Any], data: st.DataObject) -> None:
    from nnrun.training.callback_state import capture_callbacks, restore_callbacks

    declared, listed = begun()
    listed.on_epoch_end(0, LOGS)
    states, arrays = capture_callbacks(declared)
    states = json.loads(json.dumps(states))
    number = data.draw(st.integers(0, len(states) - 1))
    names = [*states[number], "monitor_op", "on_epoch_end", "unheard_of", "model"]
    value = data.draw(st.sampled_from([one for one in ODD if not _is_huge(one)]))
    states[number][data.draw(st.sampled_from(names))] = value
    declared, listed = begun()
    try:
        restore_callbacks(declared, states, arrays)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return  # what `Run` makes a refusal of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        listed.on_epoch_begin(1)
        listed.on_epoch_end(1, LOGS)
        listed.on_train_end()


def _is_huge(value: Any) -> bool:
    """Whether it is a number that no checkpoint is read with."""
    return type(value) is int and not -(2**63) <= value < 2**63


@pytest.mark.parametrize(
    ("name", "value"), [("wait", [[[]]]), ("best", 10**30), ("best_weights", [[1.0]])]
)
def test_a_resume_refuses_odd_states(
    name: str, value: Any, begun: Callable[[], Any], tmp_path: Path
) -> None:
    from nnrun.training.callback_state import capture_callbacks, restore_callbacks

    declared, listed = begun()
    listed.on_epoch_end(0, LOGS)
    states, arrays = capture_callbacks(declared)
    states[0][name] = value
    save_checkpoint(tmp_path / "last-1.npz", arrays, {"callbacks": states})
    with pytest.raises((ValueError, UserError)):
        restore_callbacks(
            begun()[0], CheckpointStore(tmp_path).load("last").facts["callbacks"], arrays
        )


def test_members_that_no_index_tells_are_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best-1.npz", {"w": np.ones(2)}, {"epoch": 1})
    with zipfile.ZipFile(tmp_path / "best-1.npz", "a") as archive:
        for number in range(60_000):
            archive.writestr(f"x{number}", b"")
    digest = hashlib.sha256((tmp_path / "best-1.npz").read_bytes()).hexdigest()
    (tmp_path / "best-1.json").write_text(json.dumps({"format": 1, "sha256": digest}))
    store = CheckpointStore(tmp_path)
    for read in (store.load, lambda name: next(store.scan_all(name))):
        with pytest.raises(UserError, match=r"best-1\.npz is not a checkpoint"):
            read("best")


def test_a_state_that_tells_of_odd_files(spoiler: Spoiler) -> None:
    from nnrun.runs.appended import changed_files

    assert list(changed_files(spoiler.run, {"callbacks/\0": [1, "x"]})) == ["callbacks/\0"]
    for odd in ({"../run.json": [1, "x"]}, {"callbacks/../run.json": [1, ""]}, {"run.json": []}, 5):
        with pytest.raises(UserError):
            list(changed_files(spoiler.run, odd))
