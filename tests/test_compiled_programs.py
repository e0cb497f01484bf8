"""Compiled programs are kept, checked before they are used, and never the cause of a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnrun import compiled_programs
from nnrun.caching import SWITCH
from nnrun.compiled_programs import keep_compiled_programs

SCRIPT = """
import os
from nnrun.device import import_tensorflow
import_tensorflow("cpu")
import tensorflow as tf
step = tf.function(lambda x: tf.sin(x) @ x + tf.exp(-x), jit_compile=True)
print(step(tf.reshape(tf.range(9.0), (3, 3)) / 7).numpy().tobytes().hex())
"""


def compile_in_a_process(cache: Path, **environment: str) -> str:
    settings = {name: value for name, value in os.environ.items() if name != SWITCH}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=settings | {"XDG_CACHE_HOME": str(cache), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def kept_in(cache: Path) -> list[Path]:
    return [path for path in (cache / "nnrun" / "xla").rglob("*") if path.is_file()]


def test_a_damaged_program_is_compiled_anew(tmp_path: Path) -> None:
    plain = compile_in_a_process(tmp_path, **{SWITCH: "1"})
    assert not list(tmp_path.iterdir())
    assert compile_in_a_process(tmp_path) == plain
    (program,) = kept_in(tmp_path)
    sound = program.read_bytes()
    middle = len(sound) // 2
    program.write_bytes(sound[:middle] + bytes(64) + sound[middle + 64 :])
    assert compile_in_a_process(tmp_path) == plain
    (program,) = kept_in(tmp_path)
    assert bytes(64) != program.read_bytes()[middle : middle + 64]


def program(folder: Path, name: str, content: bytes, checksum: str | None = None) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file.rename(f"{file}-{checksum or compiled_programs._checksum(file)}")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    kept, own = tmp_path / "machine", tmp_path / "process-1"
    kept.mkdir()
    own.mkdir()
    return kept, own


def test_only_sound_programs_are_taken_out(folders: tuple[Path, Path]) -> None:
    kept, own = folders
    program(kept, "a.pb", b"sound")
    program(kept, "b.pb", b"damaged", checksum="0" * 64)
    program(kept, "c.pb", b"compiled by one process")
    program(kept, "c.pb", b"and by another")
    assert compiled_programs._take_out(kept, own) == {"a.pb", "c.pb"}
    assert (own / "a.pb").read_bytes() == b"sound"
    assert len(list(kept.iterdir())) == 2


def test_what_a_process_compiled_is_taken_over(folders: tuple[Path, Path]) -> None:
    kept, own = folders
    program(kept, "a.pb", b"known")
    known = compiled_programs._take_out(kept, own)
    (own / "new.pb").write_bytes(b"new")
    (own / "half-written.tmp").write_bytes(b"ne")
    compiled_programs._take_over(own, kept, known)
    assert not own.exists()
    assert sorted(file.name.partition("-")[0] for file in kept.iterdir()) == ["a.pb", "new.pb"]
    own.mkdir()
    assert compiled_programs._take_out(kept, own) == {"a.pb", "new.pb"}


def test_old_programs_make_room(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, killed = folders
    monkeypatch.setattr(compiled_programs, "MOST_BYTES", 20)
    for name, used in (("a.pb", 100), ("b.pb", 300), ("c.pb", 200)):
        os.utime(program(kept, name, b"10 bytes.."), (used, used))
    os.utime(killed, (100, 100))
    (tmp_path / "process-2").mkdir()
    compiled_programs._remove_old(tmp_path)
    assert sorted(file.name[0] for file in kept.iterdir()) == ["b", "c"]
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["machine", "process-2"]


def test_the_users_own_flags_are_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr("atexit.register", lambda *_: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")
    keep_compiled_programs()
    flags = os.environ["TF_XLA_FLAGS"].split()
    assert flags[0] == "--tf_xla_auto_jit=0"
    assert flags[1].startswith(f"--tf_xla_persistent_cache_directory={tmp_path}/nnrun/xla/process-")
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory=/my/own")
    keep_compiled_programs()
    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_persistent_cache_directory=/my/own"
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a blank"))
    keep_compiled_programs()
    assert os.environ["TF_XLA_FLAGS"] == ""
