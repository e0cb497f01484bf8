"""A checkpoint is whole and verified, or refused and replaced by the one before it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnrun.errors import RunError
from nnrun.runs import checkpoint_files as module
from nnrun.runs.checkpoint_files import NonFiniteError, load_checkpoint, save_checkpoint
from nnrun.runs.checkpoints import CheckpointStore

from . import names_in

ARRAYS: dict[str, Any] = {
    "dense/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "dense/kernel:fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "sliced": np.arange(10)[::3],
    "half": np.array([1.5, -2.25], np.float16),
    "brain": np.array([[1.5], [-3.0]], ml_dtypes.bfloat16),
    "tiny": np.array([0.5, 2.0], ml_dtypes.float8_e4m3fn),
    "four": np.array([1, -2], ml_dtypes.int4),
    "steps": np.int64(7),
    "scalar": np.array(ml_dtypes.bfloat16(0.5)),
    "seed": np.array([2**32 - 1, 3], np.uint32),
    "flag": np.array(True),
    "empty": np.zeros((0, 3)),
    "file": np.ones(1),
    "index": np.ones(2),
    "../etc/passwd": np.ones(3),
    "": np.ones(1),
    "größe ☃": np.ones(1, np.complex64),
}
FACTS = {"epoch": 3, "best": float("inf"), "names": ["a/b", "ü"], "nested": {"x": None}}


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert list(left) == list(right)
    for name, value in left.items():
        array = np.asarray(value)
        assert right[name].dtype == array.dtype
        assert right[name].shape == array.shape
        assert right[name].tobytes() == array.tobytes()


def test_arrays_and_facts_survive(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last-1.npz", ARRAYS, FACTS)
    content = load_checkpoint(tmp_path / "last-1.npz")
    arrays, facts = content.arrays, content.facts
    assert_same(ARRAYS, arrays)
    assert facts == FACTS


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        hnp.arrays(
            hnp.scalar_dtypes().filter(lambda d: d.kind in "biufc"), hnp.array_shapes(min_dims=0)
        ),
        max_size=4,
    )
)
def test_any_numbers_survive(arrays: dict[str, Any]) -> None:
    back, facts = module._unpack(bytes(module._pack(arrays, {})))
    assert_same(arrays, back)
    assert facts == {}


def test_objects_and_texts_are_not_numbers(tmp_path: Path) -> None:
    for value in (np.array([object()]), np.array(["a"]), np.zeros(1, [("x", "f4")])):
        with pytest.raises(TypeError, match="not of numbers"):
            save_checkpoint(tmp_path / "a.npz", {"a": value}, {})
    assert names_in(tmp_path) == []


def test_two_generations_are_kept(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    assert not store.has("last")
    for epoch in range(1, 5):
        assert store.commit("last", ARRAYS, {"epoch": epoch}) == epoch
    store.commit("best", ARRAYS, {})
    assert names_in(tmp_path) == [
        "best-1.json", "best-1.npz", "last-3.json", "last-3.npz", "last-4.json", "last-4.npz",
    ]  # fmt: skip
    loaded = CheckpointStore(tmp_path).load("last")
    assert (loaded.facts["epoch"], loaded.generation, loaded.refused) == (4, 4, ())
    assert_same(ARRAYS, dict(loaded.arrays))


def test_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no checkpoint 'last'"):
        CheckpointStore(tmp_path).load("last")
    with pytest.raises(RunError, match="cannot read"):
        load_checkpoint(tmp_path / "last-1.npz")


def flip(position: float) -> Callable[[Path], None]:
    def fault(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(position * (len(data) - 1))] ^= 0x10
        path.write_bytes(data)

    return fault


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FAULTS = {
    "first byte": flip(0.0), "a quarter": flip(0.25), "half": flip(0.5), "last byte": flip(1.0),
    "truncated": truncate, "empty": lambda path: path.write_bytes(b""), "missing": lambda path: path.unlink(),
}  # fmt: skip


@pytest.mark.faults
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_damaged_arrays_are_refused_and_the_previous_generation_takes_over(
    tmp_path: Path, fault: Callable[[Path], None]
) -> None:
    store = CheckpointStore(tmp_path)
    store.commit("last", {"w": np.arange(1000.0)}, {"epoch": 1})
    store.commit("last", {"w": np.arange(1000.0) + 1}, {"epoch": 2})
    fault(tmp_path / "last-2.npz")
    loaded = CheckpointStore(tmp_path).load("last")
    assert (loaded.generation, loaded.facts) == (1, {"epoch": 1})
    assert len(loaded.refused) == 1
    assert "last-2.npz" in loaded.refused[0]


@pytest.mark.faults
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'{"format": 1}', b'{"format": "x"}', b'{"form']
)
def test_a_damaged_manifest_costs_one_generation(tmp_path: Path, content: bytes) -> None:
    store = CheckpointStore(tmp_path)
    for epoch in (1, 2):
        store.commit("last", {"w": np.ones(3)}, {"epoch": epoch})
    (tmp_path / "last-2.json").write_bytes(content)
    assert CheckpointStore(tmp_path).load("last").facts == {"epoch": 1}


def test_each_bit_of_a_manifest_may_flip(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for epoch in (1, 2):
        store.commit("last", {"w": np.ones(3)}, {"epoch": epoch})
    whole = (tmp_path / "last-2.json").read_bytes()
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        (tmp_path / "last-2.json").write_bytes(data)
        assert CheckpointStore(tmp_path).load("last").facts["epoch"] in (1, 2)


def test_when_both_are_damaged_both_are_told(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for _ in range(2):
        store.commit("last", {"w": np.ones(3)}, {})
    for path in tmp_path.glob("*.npz"):
        truncate(path)
    with pytest.raises(RunError, match=r"no checkpoint 'last' is whole: .*last-2.*last-1"):
        store.load("last")


def test_what_is_known_to_load_outlives_what_is_damaged(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for epoch in (1, 2):
        store.commit("last", {"w": np.ones(3)}, {"epoch": epoch})
    truncate(tmp_path / "last-2.npz")
    resumed = CheckpointStore(tmp_path)
    assert resumed.load("last").generation == 1
    assert resumed.commit("last", {"w": np.ones(3)}, {"epoch": 2}) == 3
    truncate(tmp_path / "last-3.npz")
    assert CheckpointStore(tmp_path).load("last").generation == 1


class CrashError(BaseException):
    """The process dies here."""


@pytest.mark.faults
@pytest.mark.parametrize("crash_at", range(1, 7))
def test_a_crash_at_any_call_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    store = CheckpointStore(tmp_path)
    for epoch in (1, 2):
        store.commit("last", {"w": np.ones(3)}, {"epoch": epoch})
    count = 0

    def dying(call: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*args: Any) -> None:
            nonlocal count
            count += 1
            if count == crash_at:
                raise CrashError
            call(*args)

        return wrapped

    monkeypatch.setattr(os, "fsync", dying(os.fsync))
    monkeypatch.setattr(os, "replace", dying(os.replace))
    # A dead process removes nothing.
    monkeypatch.setattr(CheckpointStore, "_remove", lambda *_: None)
    with pytest.raises(CrashError):
        store.commit("last", {"w": np.ones(3)}, {"epoch": 3})
    monkeypatch.undo()
    resumed = CheckpointStore(tmp_path)
    loaded = resumed.load("last")
    assert loaded.facts["epoch"] in (2, 3)
    assert loaded.refused == ()
    resumed.commit("last", {"w": np.ones(3)}, {"epoch": 4})
    assert len(names_in(tmp_path)) == 4


@pytest.mark.faults
@pytest.mark.parametrize("fail_at", [1, 2])
def test_a_full_disk_leaves_the_old_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_at: int
) -> None:
    store = CheckpointStore(tmp_path)
    store.commit("last", {"w": np.ones(3)}, {"epoch": 1})
    replace, count = os.replace, 0

    def full(*args: Any) -> None:
        nonlocal count
        count += 1
        if count == fail_at:
            raise OSError(28, "No space left on device")
        replace(*args)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="the disk is full"):
        store.commit("last", {"w": np.ones(3)}, {"epoch": 2})
    assert names_in(tmp_path) == ["last-1.json", "last-1.npz"]


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, np.complex64, ml_dtypes.bfloat16]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_kept(tmp_path: Path, kind: Any, value: float) -> None:
    arrays = {"steps": np.array(3), "dense/bias": np.array([1, value], kind), "b": np.array(np.nan)}
    with pytest.raises(NonFiniteError, match="dense/bias") as caught:
        CheckpointStore(tmp_path).commit("best", arrays, {})
    assert (caught.value.array, caught.value.exit_code) == ("dense/bias", 1)
    assert names_in(tmp_path) == []


def test_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMAT", 2)
    save_checkpoint(tmp_path / "a.npz", {}, {})
    monkeypatch.undo()
    with pytest.raises(RunError, match="newer nnrun"):
        load_checkpoint(tmp_path / "a.npz")


def test_no_pickle_is_ever_opened(tmp_path: Path) -> None:
    import hashlib
    import io
    import json

    file = io.BytesIO()
    index = np.frombuffer(json.dumps({"arrays": [["x", "object"]], "facts": {}}).encode(), np.uint8)
    np.savez(file, index=index, a0=np.array([{"a": 1}], object))
    data = file.getvalue()
    (tmp_path / "a.npz").write_bytes(data)
    manifest = {"format": 1, "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "a.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "a.npz")
