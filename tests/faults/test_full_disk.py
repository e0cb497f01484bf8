"""A file that cannot be written: the cause in a line, and the last good state kept."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, complaints

from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import RunRecord, derived_status

pytestmark = pytest.mark.faults


def limit(size: int) -> Callable[[], None]:
    """Lets no file grow beyond `size` bytes, which fails as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_no_room_for_the_first_checkpoint(
    tmp_path: Path, write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> None:
    config = write_config(TINY.replace("[8]", "[300, 300]"))
    process = nnrun_process("train", config, "--run-dir", "run", preexec_fn=limit(200_000))
    _, err = process.communicate()
    assert process.returncode == 2, err
    (line,) = complaints(err)
    assert line.startswith("nnrun: cannot write run/checkpoints/")
    assert line.endswith("the file would be larger than is allowed")
    assert not (tmp_path / "run").exists()


@pytest.mark.campaign
def test_no_room_later_on(
    tmp_path: Path, write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> None:
    config = write_config(TINY.replace("epochs: 2", "epochs: 100000"))
    process = nnrun_process("train", config, "--run-dir", "run", preexec_fn=limit(60_000))
    _, err = process.communicate(timeout=60)
    run = RunDirectory(tmp_path / "run")
    assert process.returncode == 2, err
    assert "Traceback" not in err
    assert len(complaints(err)) == 1
    assert derived_status(run) == "failed"
    assert RunRecord.read(run.record).stop_reason.startswith("cannot write ")
    assert len(History.read(run.history)) > 0
    assert CheckpointStore(run.checkpoints).load("last").refused == ()
    assert list(run.path.rglob(".*.tmp*")) == []
