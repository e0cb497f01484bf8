"""The commands, and the one place where errors become messages and exit codes."""

import io
import signal
import sys
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
    search,
    show,
    tensorboard,
    train,
    validate,
)
from nnrun.cli.printing import complain
from nnrun.cli.streams import hold_streams, lost_output
from nnrun.config.diagnostics import render_problems
from nnrun.errors import (
    MEMORY_HINT,
    TOO_LITTLE_MEMORY,
    ConfigError,
    UserError,
    is_out_of_memory,
)
from nnrun.training.signals import Interrupted, Interrupting

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DOING = (
    "train",
    "search",
    "resume",
    "eval",
    "validate",
    "lr-find",
    "plot",
    "rm",
    "gallery",
    "tensorboard",
)
"""Commands whose work counts even if their output can't be printed."""

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
app.command("search")(search.search_cli)
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
    """Run the command line; every user error ends in a message and an exit code."""
    hold_streams()
    interrupting = Interrupting()
    for number in _ENDING:
        # What nohup has a process ignore stays ignored.
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupting)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does from the start
    code = _run()
    if lost := lost_output():
        complain(f"nnrun: some output was lost on standard output: {lost}")
        is_done = sys.argv[1:2] and sys.argv[1] in _DOING and "--json" not in sys.argv
        code = code or (0 if is_done else 1)
    sys.exit(code)


def _run() -> int:
    """Run a command, report any error, and return the exit code."""
    try:
        app(prog_name="nnrun")  # as `python -m nnrun` is to be called too
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except ConfigError as error:
        complain(f"{render_problems(error.problems)}\n\n{_count(error)}")
        return error.exit_code
    except UserError as error:
        hint = f"\n  {error.hint}" if error.hint else ""
        complain(f"nnrun: {error.message}{hint}")
        return error.exit_code
    except Interrupted as interrupted:
        name = signal.Signals(interrupted.number).name
        text = "interrupted" if name == "SIGINT" else f"stopped by {name}"
        complain(f"nnrun: {text}")
        return 128 + interrupted.number
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        complain(f"nnrun: {TOO_LITTLE_MEMORY}\n  {MEMORY_HINT}")
        return 1
    return 0


def _count(error: ConfigError) -> str:
    number = len(error.problems)
    return f"nnrun: {number} problem{'s' if number > 1 else ''}; nothing was run"
