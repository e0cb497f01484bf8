"""Run directories of strangers: whole and bounded, or refused in a line; nothing outside is touched."""

import hashlib
import io
import json
import os
import pickle
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.errors import RunError
from nnrun.runs.checkpoints import CheckpointStore, load_checkpoint, save_checkpoint
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock, is_locked
from nnrun.runs.prediction_table import PredictionTable
from strangers.conftest import CONTENT, make_sparse

pytestmark = pytest.mark.faults

READING = (
    ("list", "--runs-dir", "RUNS"),
    ("show", "RUN"),
    ("diff", "RUN", "RUN"),
    ("compare", "RUN", "OTHER"),
    ("plot", "RUN", "--out", "OUT"),
)


def read_in_all_ways(nnrun: Callable[..., Any], run: RunDirectory) -> str:
    """What the commands that look at a run say of it, and that all of them end by themselves."""
    said = ""
    for command in READING:
        places = {
            "RUNS": run.path.parent,
            "RUN": run.path,
            "OTHER": run.path.parent / "other",
            "OUT": run.path.parent / "curves.png",
        }
        done = nnrun(*(places.get(part, part) for part in command))
        assert done.code in (0, 2), (command, done.err)
        said += done.out + done.err
    return said


@pytest.fixture
def run(make_run: Callable[..., RunDirectory]) -> RunDirectory:
    make_run("other", [0.5, 0.5])
    return make_run("theirs", [0.5, 0.75])


FILES = ("record", "metrics", "history", "resolved")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("in_time")
def test_links_in_place_of_files_are_not_followed(
    name: str, run: RunDirectory, traps: Any, nnrun: Callable[..., Any]
) -> None:
    path = getattr(run, name)
    path.unlink()
    path.symlink_to(traps.secret)
    said = read_in_all_ways(nnrun, run)
    assert f"{path.name}: it is a link, which may lead anywhere" in said
    assert traps.untouched(said)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("in_time")
def test_pipes_in_place_of_files_do_not_hang(
    name: str, run: RunDirectory, nnrun: Callable[..., Any]
) -> None:
    path = getattr(run, name)
    path.unlink()
    os.mkfifo(path)
    assert f"{path.name}: it is not a regular file" in read_in_all_ways(nnrun, run)


@pytest.mark.parametrize("name", FILES)
def test_huge_files_are_not_read(
    name: str, run: RunDirectory, nnrun_bounded: Callable[..., Any]
) -> None:
    path = getattr(run, name)
    make_sparse(path)
    done = nnrun_bounded("show", run.path)
    assert f"{path.name}: it is larger than" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_history_of_commas_is_not_taken_apart(
    run: RunDirectory, nnrun_bounded: Callable[..., Any]
) -> None:
    width = 1_000
    names = ",".join(f"c{number}" for number in range(width))
    (run.path / "checksums.json").unlink()
    run.history.write_text(f"{names}\n" + ("1," * (width - 1) + "1\n") * 10_000)
    assert "more than 8,000,000 cells" in nnrun_bounded("show", run.path).stdout


@pytest.mark.parametrize(
    "theirs", ["extends: {}", "a: &a extends\n*a : {}"], ids=["plainly", "by_alias"]
)
def test_the_config_of_a_run_extends_nothing(
    theirs: str, run: RunDirectory, traps: Any, nnrun: Callable[..., Any]
) -> None:
    outside = run.path.parent / "outside.yaml"
    outside.write_text(traps.secret.read_text())
    run.resolved.write_text(f"{theirs.format(outside)}\n{run.resolved.read_text()}")
    said = read_in_all_ways(nnrun, run)
    assert "resolved.yaml is damaged" in said
    assert traps.untouched(said)


DEEP = '{"a":' * 300 + "1" + "}" * 300
RECORDS = {
    "nested": ('"engine": {}', f'"engine": {DEEP}'),
    "nested_beyond_any_stack": ('"engine": {}', '"engine": ' + "[" * 1_000_000),
    "half_a_character": ('"host": ""', '"host": "\\ud800"'),
    "digits_without_end": ('"epochs": 2', '"epochs": ' + "1" * 100_000),
}


@pytest.mark.parametrize("case", RECORDS)
def test_json_that_breaks_readers_is_damaged(
    case: str, run: RunDirectory, nnrun: Callable[..., Any]
) -> None:
    before, after = RECORDS[case]
    text = run.record.read_text()
    assert before in text
    run.record.write_text(text.replace(before, after))
    assert "run.json is damaged" in read_in_all_ways(nnrun, run)


def test_names_and_warnings_do_not_steer_the_terminal(
    run: RunDirectory, nnrun: Callable[..., Any]
) -> None:
    steering = "\x1b[2J\x1b]0;owned\x07\r\x9b31m"
    record = json.loads(run.record.read_text())
    record |= {"name": steering, "warnings": [steering], "stop_reason": steering, "host": steering}
    record |= {"loss_of": steering}
    run.record.write_text(json.dumps(record))
    run.history.write_text(f'"loss{steering}"\n1\n', newline="")
    renamed = RunDirectory(run.path.rename(run.path.with_name(f"theirs{steering}")))
    said = read_in_all_ways(nnrun, renamed)
    assert "\\x1b[2J" in said
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(said)


def test_names_are_text_in_a_page(run: RunDirectory, nnrun: Callable[..., Any]) -> None:
    script = "<script>alert(1)</script>"
    renamed = RunDirectory(run.path.rename(run.path.with_name("<img src=x onerror=alert(1)>")))
    (renamed.path / "checksums.json").unlink()
    record = json.loads(renamed.record.read_text())
    renamed.record.write_text(json.dumps(record | {"loss_of": script}))
    metrics = json.loads(renamed.metrics.read_text())
    metrics["best"][script] = 1.0
    renamed.metrics.write_text(json.dumps(metrics))
    page = run.path.parent / "page.html"
    done = nnrun("compare", renamed.path, run.path.parent / "other", "--out", page)
    assert done.code == 0, done.err
    text = page.read_text()
    assert "<script" not in text
    assert "<img src=x" not in text


def test_a_name_that_is_no_text(run: RunDirectory, nnrun: Callable[..., Any]) -> None:
    renamed = RunDirectory(run.path.rename(run.path.with_name(os.fsdecode(b"theirs\xff$^$"))))
    assert "theirs" in read_in_all_ways(nnrun, renamed)
    for suffix in ("html", "csv", "md", "png"):
        out = run.path.parent / f"comparison.{suffix}"
        done = nnrun("compare", renamed.path, run.path.parent / "other", "--out", out)
        assert done.code == 0, done.err


def test_a_name_longer_than_any(tmp_path: Path, nnrun: Callable[..., Any]) -> None:
    for command in (("show",), ("plot",), ("compare", "x"), ("eval",), ("rm", "--yes")):
        done = nnrun(*command, "x" * 100_000, "--runs-dir", tmp_path)
        assert done.code == 2
        assert len(done.err) < 1_000


def test_cells_are_no_formulas(make_run: Callable[..., RunDirectory], tmp_path: Path) -> None:
    from nnrun.analysis.comparison import compare_runs, read_runs
    from nnrun.analysis.comparison_files import to_csv
    from nnrun.analysis.predictions import table_text

    formulas = ["=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\t=1", "\r=1", "'=1"]
    text = table_text(["row", *formulas], iter([[0, *formulas, -1.5, "-1.5"]]))
    cells = text.replace('"', "").replace("\n", ",").split(",")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r", "-x"))]
    assert cells[-3:-1] == ["-1.5", "-1.5"]
    runs = [make_run("=theirs", [0.5]), make_run("@theirs", [0.5])]
    compared, _ = read_runs(runs)
    comparison = compare_runs(compared, metric=None, split=None, anyway=True, skipped={})
    assert not [line for line in to_csv(comparison).splitlines() if line[0] in "=+-@"]


def test_predictions_come_back_as_they_were_written(tmp_path: Path) -> None:
    from nnrun.analysis.predictions import table_text

    names = ["=1", "+x", "-x", "@x", "'x", "''x", "x", "-1", "\tx"]
    head = ["row", "target", "predicted"]
    text = table_text(head, ([0, name, name] for name in names))
    (tmp_path / "predictions.csv").write_text(text, newline="")
    assert list(PredictionTable.read(tmp_path / "predictions.csv").targets) == names


@pytest.mark.usefixtures("in_time")
def test_predictions_are_bounded_and_their_own(run: RunDirectory, traps: Any) -> None:
    folder = run.path / "evaluation" / "test"
    folder.mkdir(parents=True)
    predictions = run.evaluation("test").predictions
    predictions.symlink_to(traps.secret)
    with pytest.raises(RunError, match="it is a link"):
        PredictionTable.read(predictions)
    predictions.unlink()
    os.mkfifo(predictions)
    with pytest.raises(RunError, match="not a regular file"):
        PredictionTable.read(predictions)
    make_sparse(predictions)
    with pytest.raises(RunError, match="larger than 256 MB"):
        PredictionTable.read(predictions)


@pytest.mark.parametrize("part", ["evaluation", "evaluation/test", "checkpoints", "tensorboard"])
def test_folders_that_lead_outside_are_refused(
    part: str, tiny_run: RunDirectory, traps: Any, nnrun: Callable[..., Any]
) -> None:
    outside = traps.secret.parent
    place = tiny_run.path / part
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside, target_is_directory=True)
    command = ("tensorboard",) if part == "tensorboard" else ("eval", "--split", "test")
    done = nnrun(*command, tiny_run.path)
    assert done.code == 2
    assert f"{place} is a link, which may lead anywhere" in done.err
    assert traps.untouched(done.out, done.err)


@pytest.mark.usefixtures("in_time")
def test_locks_that_are_links_or_pipes(run: RunDirectory, traps: Any) -> None:
    lock = run.path / ".lock"
    lock.symlink_to(traps.secret)
    assert not is_locked(run.path)
    with pytest.raises(RunError, match="it is a link"):
        RunLock(run.path).acquire()
    lock.unlink()
    lock.symlink_to(traps.ran)  # nothing is there: it must not be made
    with pytest.raises(RunError, match="it is a link"):
        RunLock(run.path).acquire()
    lock.unlink()
    os.mkfifo(lock)
    assert not is_locked(run.path)
    with pytest.raises(RunError, match="not a regular file"):
        RunLock(run.path).acquire()


def test_removing_a_run_leaves_what_its_links_lead_to(
    run: RunDirectory, traps: Any, nnrun: Callable[..., Any]
) -> None:
    (run.path / "plots").symlink_to(traps.secret.parent, target_is_directory=True)
    (run.path / "model.keras").symlink_to(traps.secret)
    assert nnrun("rm", "theirs", "--yes", "--runs-dir", run.path.parent).code == 0
    assert not run.path.exists()
    assert traps.untouched()


class Bomb:
    """Runs a program where it is harmful."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def commit(path: Path, data: bytes) -> None:
    """Write a checkpoint of any bytes, with a manifest that vouches for them."""
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"format": 1, "sha256": digest}))


def header(shape: str, dtype: str = "<f4") -> bytes:
    """An array that is nothing but a header."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def archive(packing: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as packed:
        for name, content in members.items():
            packed.writestr(f"{name}.npy", content)
    return file.getvalue()


def array(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def index(text: str) -> bytes:
    return array(np.frombuffer(text.encode(), np.uint8))


INDEX = index('{"arrays": [["w", "float32"]], "facts": {}}')


def pickled(ran: Path) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Bomb(ran)], object), allow_pickle=True)
    return file.getvalue()


def zeros() -> bytes:
    return array(np.zeros(50_000_000, np.float32))


FUNCTION = '{"arrays": [["w", "finfo"]], "facts": {}}'
ARCHIVES: dict[str, Callable[[Path], bytes]] = {
    "pickled_array": lambda ran: archive(index=INDEX, a0=pickled(ran)),
    "pickled_index": lambda ran: archive(index=pickled(ran), a0=pickled(ran)),
    "pickle_alone": lambda ran: pickle.dumps(Bomb(ran)),
    "compressed": lambda _: archive(zipfile.ZIP_DEFLATED, index=INDEX, a0=zeros()),
    "header_promises_more": lambda _: archive(index=INDEX, a0=header("(1000000000000,)")),
    "header_below_nought": lambda _: archive(index=INDEX, a0=header("(-1,)")),
    "header_overflows": lambda _: archive(index=INDEX, a0=header(f"(0, {10**40})")),
    "objects_of_no_bytes": lambda _: archive(index=INDEX, a0=header("(0,)", "|O")),
    "index_nested": lambda _: archive(index=index("[" * 100_000)),
    "index_is_a_list": lambda _: archive(index=index("[1]")),
    "index_of_lists": lambda _: archive(index=index('{"arrays": [[[], []]], "facts": {}}')),
    "type_is_a_function": lambda _: archive(index=index(FUNCTION), a0=array(np.zeros(2, "u1"))),
    "facts_are_a_text": lambda _: archive(index=index('{"arrays": [], "facts": "x"}')),
    "no_zip": lambda _: b"PK\x03\x04" + b"\x00" * 100,
    "empty": lambda _: b"",
}
"""Bytes that are no checkpoint; some would write a file if they were harmful."""


@pytest.mark.parametrize("case", ARCHIVES)
def test_checkpoints_that_are_none(case: str, tmp_path: Path, traps: Any) -> None:
    path = tmp_path / "best-1.npz"
    commit(path, ARCHIVES[case](traps.ran))
    with pytest.raises(RunError, match=r"best-1\.npz is not a checkpoint"):
        load_checkpoint(path)
    assert traps.untouched()


def test_checkpoints_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """A file that unpacks to 100 MB, one that promises 4 TB, and one that seems to have 4 GB."""
    zeros = header("(25000000,)") + bytes(100_000_000)
    commit(tmp_path / "best-1.npz", archive(zipfile.ZIP_DEFLATED, index=INDEX, a0=zeros))
    commit(tmp_path / "best-2.npz", archive(index=INDEX, a0=header("(1000000000000,)")))
    commit(tmp_path / "best-3.npz", b"")
    make_sparse(tmp_path / "best-3.npz")
    tracemalloc.start()
    with pytest.raises(RunError) as caught:
        CheckpointStore(tmp_path).load("best", 10_000_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert "best-3.npz: it is larger than 10 MB" in str(caught.value)
    assert "best-2.npz is not a checkpoint" in str(caught.value)
    assert "best-1.npz is not a checkpoint" in str(caught.value)


@pytest.mark.usefixtures("in_time")
def test_checkpoints_that_are_links_or_pipes(tmp_path: Path, traps: Any) -> None:
    outside = traps.secret.parent / "best-1.npz"
    save_checkpoint(outside, {"w": np.ones(2)}, {"epoch": 1})
    inside = tmp_path / "best-1.npz"
    for suffix in (".npz", ".json"):
        inside.with_suffix(suffix).symlink_to(outside.with_suffix(suffix))
    with pytest.raises(RunError, match="it is a link"):
        CheckpointStore(tmp_path).load("best")
    for suffix in (".npz", ".json"):
        inside.with_suffix(suffix).unlink()
        outside.with_suffix(suffix).unlink()
        os.mkfifo(inside.with_suffix(suffix))
    with pytest.raises(RunError, match="not a regular file"):
        CheckpointStore(tmp_path).load("best")


OTHERS = {
    "shape": lambda value: np.zeros((*value.shape, 2), value.dtype),
    "type": lambda value: value.astype(np.float64) if value.dtype == np.float32 else value,
}


@pytest.mark.parametrize("how", OTHERS)
def test_weights_of_another_model_are_refused(
    how: str, tiny_run: RunDirectory, nnrun: Callable[..., Any]
) -> None:
    store = CheckpointStore(tiny_run.checkpoints)
    best = store.load("best")
    arrays = {name: OTHERS[how](np.asarray(value)) for name, value in best.arrays.items()}
    store.commit("best", arrays, best.facts)
    for file in tiny_run.checkpoints.glob(f"best-{best.generation}.*"):
        file.unlink()
    done = nnrun("eval", tiny_run.path)
    assert done.code == 2
    assert "do not fit the model of its config" in done.err


def test_code_that_a_run_names_runs_only_where_it_is_trusted(
    tiny_run: RunDirectory, traps: Any, tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    (tiny_run.path / "checksums.json").unlink()
    for name in ("theirs", "numpy", "keras", "torch"):
        (tiny_run.path / f"{name}.py").write_text(f"open({str(traps.ran)!r}, 'w').close()\n")
    resolved = tiny_run.resolved.read_text()
    ordinary = (
        f"{resolved.rstrip()}\n".replace("modules: null\n", "") + f"modules: {tiny_run.path}\n"
    )
    tiny_run.resolved.write_text(ordinary)
    done = nnrun("eval", tiny_run.path)
    assert done.code == 0, done.err
    own = ordinary.replace("callbacks: []", "callbacks: ['theirs:Callback']")
    assert "theirs:Callback" in own
    tiny_run.resolved.write_text(own)
    rows = tmp_path / "rows.csv"
    rows.write_text("sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4\n")
    for command in (("eval", tiny_run.path), ("predict", tiny_run.path, rows)):
        done = nnrun(*command)
        assert done.code == 2
        assert "names code of its own, which would run" in done.err
        assert "--trust" in done.err
    for reading in (("show",), ("diff", tiny_run.path), ("plot", "--out", tmp_path / "x.png")):
        assert nnrun(*reading, tiny_run.path).code == 0
    assert traps.untouched()


def test_the_secret_is_a_real_one(traps: Any) -> None:
    assert CONTENT in traps.secret.read_text()
    assert not traps.untouched(f"so {CONTENT} came out")


def test_data_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    from nnrun.errors import DataError
    from nnrun.sources import idx, npz

    for module in (idx, npz):
        monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    packed = tmp_path / "images.gz"
    packed.write_bytes(gzip.compress(b"\x00\x00\x08\x01" + b"\xff" * 4 + bytes(50_000_000)))
    bomb = tmp_path / "x.npz"
    bomb.write_bytes(archive(zipfile.ZIP_DEFLATED, x=array(np.zeros(12_500_000, np.float32))))
    harmful = tmp_path / "pickled.npz"
    harmful.write_bytes(archive(x=ARCHIVES["pickle_alone"](tmp_path / "ran")))
    lying = tmp_path / "lying.npz"
    lying.write_bytes(archive(x=header("(1000000000000,)")))
    tracemalloc.start()
    with pytest.raises(DataError, match="it holds more than 1 MB"):
        idx.read_idx(packed)
    for file in (bomb, harmful, lying):
        with pytest.raises(DataError, match="cannot be read"):
            npz.read_npz(file, ["x"])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert not (tmp_path / "ran").exists()
