"""Help, version, and command lines that cannot be understood."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from nnrun import __version__
from nnrun.cli.app import app

COMMANDS = [command.name for command in app.registered_commands]
ANSI = "\x1b"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(nnrun: Callable[..., Any], command: str) -> None:
    done = nnrun(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert re.search(rf"^ *Examples?:\n +\$ nnrun {command} ", done.out, re.MULTILINE), done.out
    assert ANSI not in done.out
    assert "\b" not in done.out
    assert nnrun(command, "-h").out == done.out


def test_the_help_names_every_command(nnrun: Callable[..., Any]) -> None:
    done = nnrun("--help")
    assert (done.code, done.err) == (0, "")
    assert ANSI not in done.out
    for command in COMMANDS:
        assert re.search(rf"^  {command} +[A-Z]", done.out, re.MULTILINE), command


def test_nothing_at_all_shows_the_help(nnrun: Callable[..., Any]) -> None:
    done = nnrun()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


def test_the_version(nnrun: Callable[..., Any]) -> None:
    done = nnrun("--version")
    assert (done.code, done.out, done.err) == (0, f"nnrun {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["trian", "x.yaml"], "Did you mean 'train'?"),
        (["train", "x.yaml", "--epochs", "3"], "No such option: --epochs"),
        (["train"], "Missing argument 'CONFIG'"),
        (["train", "x.yaml", "--seed", "many"], "Invalid value for '--seed'"),
        (["validate"], "Missing argument 'CONFIG"),
    ],
)
def test_a_command_line_that_is_wrong_exits_with_2(
    nnrun: Callable[..., Any], arguments: list[str], told: str
) -> None:
    done = nnrun(*arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "kept_out"),
    [
        (["--help"], "tensorflow keras pandas matplotlib numpy rich"),
        (["train", "--help"], "tensorflow keras pandas matplotlib numpy"),
        (["eval", "--help"], "tensorflow keras pandas matplotlib numpy"),
        (["predict", "--help"], "tensorflow keras pandas matplotlib numpy"),
        (["validate", "tiny.yaml"], "tensorflow keras pandas matplotlib numpy"),
        (["validate", "wrong.yaml"], "tensorflow keras pandas matplotlib numpy"),
        (["schema"], "tensorflow keras pandas matplotlib numpy"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_light_commands_import_nothing_heavy(
    write_config: Callable[..., Any], arguments: list[str], kept_out: str
) -> None:
    folder = write_config().parent
    write_config("dataset: {name: iriss}\n", "wrong.yaml")
    code = (
        "import atexit, sys\n"
        f"sys.argv = ['nnrun', *{arguments!r}]\n"
        "def tell():\n"
        f"    found = [name for name in {kept_out.split()!r} if name in sys.modules]\n"
        "    print('imported:', *found, file=sys.stderr)\n"
        "atexit.register(tell)\n"
        "from nnrun.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == (2 if "wrong.yaml" in arguments else 0), done.stderr
    assert done.stderr.splitlines()[-1].rstrip() == "imported:"
