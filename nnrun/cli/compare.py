"""`nnrun compare`: runs side by side, and whether a difference means anything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, check_out
from nnrun.cli.printing import show_document, tell_written, write_page

if TYPE_CHECKING:
    from nnrun.analysis.comparison import Comparison
    from nnrun.pages.document import Document

RunsArgument = Annotated[
    list[str], typer.Argument(help="Runs, studies, or a pattern.", metavar="RUN_OR_STUDY")
]
SplitOption = Annotated[
    str | None, typer.Option(metavar="PART", help="Which rows to compare by: test or validation.")
]
MetricOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The metric that decides; by default what is monitored, val_accuracy or val_loss.",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(metavar="NAME,…", help="Metrics and settings to show instead of the usual ones."),
]
PrecisionOption = Annotated[
    int, typer.Option(min=0, max=15, help="Digits after the decimal point.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Also write it to FILE (.html, .md, .json, .csv or .png), replacing it if it exists.",
    ),
]
AnywayOption = Annotated[
    bool, typer.Option("--anyway", help="Compare runs even if their data differ.")
]


def compare_cli(
    runs: RunsArgument,
    split: SplitOption = None,
    metric: MetricOption = None,
    columns: ColumnsOption = None,
    precision: PrecisionOption = 4,
    out: OutOption = None,
    anyway: AnywayOption = False,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Compare runs, and say whether the difference means anything.

    Shows how their configs differ and how they did. All other runs are compared with the first.
    Runs that differ only in their seeds count as one side, and more than three sides make a
    leaderboard. Differences are tested row by row where `nnrun eval` has written predictions, and
    across seeds by Welch's t test, or by a paired one where the seeds draw the rows. A side is
    called better only where the test and the interval agree.

    \b
    Example:
      $ nnrun compare base wide --metric val_accuracy --out comparison.html
      $ nnrun compare 'runs/*'

    A run is a path, a name, the start of a name, or `latest`; a study is the runs of its trials.
    Exits with 2 if the data differ.
    """
    from nnrun.analysis.comparison import compare_runs, read_runs
    from nnrun.analysis.comparison_files import comparison_view
    from nnrun.analysis.verdict import check_split, judge_comparison
    from nnrun.runs.selection import select_runs

    check_split(split)
    check_out(out, (".html", ".png", ".csv", ".md", ".json"))
    directories, skipped = select_runs(runs, runs_dir)
    compared, unread = read_runs(directories)
    skipped |= unread
    comparison = compare_runs(compared, metric=metric, split=split, anyway=anyway, skipped=skipped)
    verdicts = judge_comparison(comparison, split)
    chosen = [name.strip() for name in (columns or "").split(",") if name.strip()]
    document = comparison_view(comparison, verdicts, columns=chosen, precision=precision)
    show_document(document, as_json=as_json)
    if out is not None:
        _write(document, comparison, out)
        tell_written(out, as_json=as_json)


def _write(document: "Document", comparison: "Comparison", out: Path) -> None:
    from nnrun.analysis.comparison_files import draw_comparison, to_csv
    from nnrun.runs.atomic import write_text, write_with

    match out.suffix.lower():
        case ".png":
            write_with(out, lambda path: draw_comparison(comparison, path))
        case ".csv":
            write_text(out, to_csv(comparison))
        case _:
            write_page(document, out)
