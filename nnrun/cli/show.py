"""`nnrun show`: show a config before it runs, or a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import (
    JsonOption,
    OutOption,
    RunsDirOption,
    SetOption,
    TrustOption,
    check_out,
    gather_overrides,
)
from nnrun.cli.printing import show_document

if TYPE_CHECKING:
    from nnrun.pages.document import Document


def show_cli(
    what: Annotated[
        str, typer.Argument(help="A YAML file, a run, or a study.", metavar="CONFIG_OR_RUN")
    ],
    changes: SetOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the model of a config: a .png, .svg or .pdf file."
        ),
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a config would run, or how a run or a study went.

    For a config: every value with its default (differences are marked), the model layer by layer,
    the split of the rows, the memory needed, the time (estimated from a few real steps), the
    learning rate over the training, and anything doubtful about the data. Nothing is written
    except the picture that --plot asks for. This builds the model, so if the config names code of
    its own, it needs --trust.

    For a run (its name, the start of its name, its path, or latest): what it was, its metrics,
    what was expected, the loss over the epochs, and where its files are. For a study: its trials,
    and the mean of each metric over its seeds.

    \b
    Examples:
      $ nnrun show configs/digits_mlp.yaml --set training.batch_size=128
      $ nnrun show configs/digits_mlp.yaml --plot digits.png
      $ nnrun show latest
    """
    check_out(out)
    if _is_config(Path(what)):
        overrides = gather_overrides(changes)
        check_out(plot, [f".{form}" for form in FORMS], option="--plot")
        document = _config_view(Path(what), overrides, runs_dir, trust=trust, plot=plot)
    else:
        if plot is not None:
            raise typer.BadParameter("it draws a config, but this is a run", param_hint="--plot")
        if changes:
            raise typer.BadParameter("it changes a config, but this is a run", param_hint="--set")
        document = _run_view(what, runs_dir)
    show_document(document, out, as_json=as_json)


FORMS = ("png", "svg", "pdf")
"""The suffixes of pictures of a model."""


def _is_config(path: Path) -> bool:
    try:
        return path.is_file() or (path.suffix in (".yaml", ".yml") and not path.is_dir())
    except OSError:  # a name longer than file systems take, or no right to look there
        return path.suffix in (".yaml", ".yml")


def _config_view(
    config: Path, overrides: list[str], runs_dir: Path, *, trust: bool, plot: Path | None
) -> "Document":
    from nnrun.experiments.api import describe

    card = describe(config, overrides=overrides, runs_dir=runs_dir, trust=trust, plot=plot)
    from nnrun.analysis.card import card_view

    return card_view(card)


def _run_view(run: str, runs_dir: Path) -> "Document":
    from nnrun.analysis.run_view import read_report, run_view
    from nnrun.analysis.study_report import read_study
    from nnrun.analysis.study_view import study_view
    from nnrun.runs.index import find_either
    from nnrun.runs.study_directory import StudyDirectory

    target = find_either(run, runs_dir)
    if isinstance(target, StudyDirectory):
        return study_view(read_study(target))
    return run_view(read_report(target))
