"""One bit flipped in, or the end cut off, a file of a run: told by every command that reads it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Done

from nnrun.runs.checksums import check_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History

pytestmark = pytest.mark.faults

Nnrun = Callable[..., Done]


def spoiled(content: bytes, places: int = 5) -> Iterator[bytes]:
    """The content with one bit flipped, at several places, and cut short, in several lengths."""
    for number in range(places):
        at = number * (len(content) - 1) // (places - 1)
        yield content[:at] + bytes([content[at] ^ 1 << number]) + content[at + 1 :]
        yield content[:at]


def file_of(run: RunDirectory, name: str) -> Path:
    return next(path for path in run.path.iterdir() if path.name == name)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("run.json", "show"),
        ("run.json", "eval"),
        ("run.json", "resume --epochs 3"),
        ("resolved.yaml", "eval"),
        ("resolved.yaml", "diff tiny_run"),
        ("signature.json", "eval"),
        ("history.csv", "plot --out a.png"),
    ],
)
def test_a_command_refuses_what_it_needs(
    nnrun: Nnrun, tiny_run: RunDirectory, name: str, command: str
) -> None:
    path = file_of(tiny_run, name)
    whole = path.read_bytes()
    verb, *options = command.split()
    for content in spoiled(whole):
        path.write_bytes(content)
        options = [str(tiny_run.path) if word == "tiny_run" else word for word in options]
        done = nnrun(verb, tiny_run.path, *options)
        assert (done.code, done.out) == (2, ""), content
        assert f"{path} is damaged: its content is not what was written" in done.err
        assert "Traceback" not in done.err
    path.write_bytes(whole)
    check_file(path)


@pytest.mark.parametrize(
    "name",
    [
        "config.yaml",
        "resolved.yaml",
        "signature.json",
        "metrics.json",
        "history.csv",
        "model.keras",
    ],
)
def test_show_tells_every_file_that_is_damaged(
    nnrun: Nnrun, tiny_run: RunDirectory, name: str
) -> None:
    path = file_of(tiny_run, name)
    whole = path.read_bytes()
    for content in spoiled(whole):
        path.write_bytes(content)
        done = nnrun("show", tiny_run.path)
        assert done.code == 0
        assert f"{name} is damaged" in done.out, content
    path.write_bytes(whole)
    assert "damaged" not in nnrun("show", tiny_run.path).out


@pytest.mark.parametrize("name", ["run.json", "metrics.json"])
def test_list_goes_on_without_a_damaged_run(
    nnrun: Nnrun, tiny_run: RunDirectory, name: str
) -> None:
    path = file_of(tiny_run, name)
    for content in spoiled(path.read_bytes()):
        path.write_bytes(content)
        done = nnrun("list", "--runs-dir", tiny_run.path.parent)
        assert done.code == 0
        assert f"{name} is damaged" in done.err


def test_every_change_of_the_config_is_told_by_a_resume(
    nnrun: Nnrun, tiny_run: RunDirectory
) -> None:
    """By the values it changed, since a user may have changed them; `epochs` is no exception."""
    whole = tiny_run.resolved.read_text()
    for old, new, told in [
        ("batch_size: 32", "batch_size: 33", "training.batch_size: 32 → 33"),
        ("epochs: 2", "epochs: 3", "training.epochs: 2 → 3"),
        ("epochs: 2", "epocht: 2", "training.epocht: not there → 2"),
        ("name: tiny", "name: [", "resolved.yaml is damaged"),
    ]:
        assert old in whole
        tiny_run.resolved.write_text(whole.replace(old, new))
        done = nnrun("resume", tiny_run.path, "--epochs", 4)
        assert (done.code, done.out) == (2, "")
        assert told in done.err
        assert "Traceback" not in done.err
    tiny_run.resolved.write_bytes(b"\xff" + whole.encode())
    done = nnrun("resume", tiny_run.path, "--epochs", 4)
    assert (done.code, "resolved.yaml is damaged: it is not text" in done.err) == (2, True)


def test_a_resume_replaces_what_it_can_make_anew(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    before = History.read(tiny_run.history).rows
    for path in (tiny_run.history, tiny_run.signature, tiny_run.metrics, tiny_run.model):
        path.write_bytes(path.read_bytes()[:-2])
    with tiny_run.resolved.open("a") as file:
        file.write("# my run\n")
    done = nnrun("resume", tiny_run.path, "--epochs", 3)
    assert done.code == 0, done.err
    for path in (tiny_run.signature, tiny_run.metrics, tiny_run.model, tiny_run.resolved):
        check_file(path)
    assert History.read(tiny_run.history).rows[:2] == before
    assert nnrun("eval", tiny_run.path).code == 0


def test_a_run_without_checksums_is_read_as_it_is(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    (tiny_run.path / "checksums.json").unlink()
    tiny_run.history.write_text("epoch,loss\n1,0.5\n")
    done = nnrun("show", tiny_run.path)
    assert (done.code, "damaged" in done.out) == (0, False)
