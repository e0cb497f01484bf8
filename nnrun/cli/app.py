"""The commands, and the one place where errors become messages and exit codes."""

import io
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from nnrun import __version__
from nnrun.cli import (
    code,
    compare,
    diff,
    evaluate,
    gallery,
    listing,
    lr_find,
    plot,
    predict,
    resume,
    rm,
    schema,
    show,
    tensorboard,
    train,
    validate,
)
from nnrun.cli.printing import complain
from nnrun.config.diagnostics import render_problems
from nnrun.errors import ConfigError, UserError

INTERRUPTED = 128 + signal.SIGINT

app = typer.Typer(
    name="nnrun",
    help="Run experiments with neural networks in Keras: declare in YAML, train fast.",
    epilog="Start with: nnrun train configs/digits_mlp.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train.train_cli)
app.command("resume")(resume.resume_cli)
app.command("eval")(evaluate.eval_cli)
app.command("predict")(predict.predict_cli)
app.command("validate")(validate.validate_cli)
app.command("show")(show.show_cli)
app.command("code")(code.code_cli)
app.command("lr-find")(lr_find.lr_find_cli)
app.command("list")(listing.list_cli)
app.command("plot")(plot.plot_cli)
app.command("rm")(rm.rm_cli)
app.command("tensorboard")(tensorboard.tensorboard_cli)
app.command("compare")(compare.compare_cli)
app.command("diff")(diff.diff_cli)
app.command("gallery")(gallery.gallery_cli)
app.command("schema")(schema.schema_cli)


class _Interrupted(BaseException):
    """Ctrl-C outside of training, where nothing needs to be finished first."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nnrun {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; every error of the user's ends in a message and an exit code."""
    signal.signal(signal.SIGINT, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does from the start
    try:
        app(prog_name="nnrun")  # as `python -m nnrun` is to be called too
    except ConfigError as error:
        _fail(f"{render_problems(error.problems)}\n\n{_count(error)}", error.exit_code)
    except UserError as error:
        hint = f"\n  {error.hint}" if error.hint else ""
        _fail(f"nnrun: {error.message}{hint}", error.exit_code)
    except _Interrupted:
        _fail("nnrun: interrupted", INTERRUPTED)
    sys.exit(0)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise _Interrupted


def _count(error: ConfigError) -> str:
    number = len(error.problems)
    return f"nnrun: {number} problem{'s' if number > 1 else ''}; nothing was run"


def _fail(message: str, code: int) -> NoReturn:
    complain(message)
    sys.exit(code)
