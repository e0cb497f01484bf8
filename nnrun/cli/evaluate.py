"""`nnrun eval`: evaluate a run's model."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    DrawsOption,
    JsonOption,
    OutOption,
    RunArgument,
    RunsDirOption,
    TrustOption,
    check_out,
)
from nnrun.cli.printing import show_document, warn

SplitOption = Annotated[
    str | None,
    typer.Option(
        metavar="SPLIT",
        help="train, validation or test; by default the last of these that exists.",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Evaluate the rows of this CSV file instead."),
]
BatchOption = Annotated[
    int | None, typer.Option(metavar="ROWS", min=1, help="Rows predicted at once.")
]


def eval_cli(
    run: RunArgument,
    split: SplitOption = None,
    data: DataOption = None,
    batch_size: BatchOption = None,
    mc_samples: DrawsOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate the model of a run's best epoch.

    Writes evaluation/SPLIT/ in the run directory: metrics.json with a 95 % interval for each
    figure that has enough rows, predictions.csv, and plots. The model is rebuilt from the run's own
    config, preprocessing and weights. Its data must not have changed, unless you evaluate another
    file with --data.

    Of a cross-validation (`train --folds`) it evaluates all rows, each predicted by the run that did
    not learn from it, and writes evaluation/out-of-fold/ in the study's directory.

    \b
    Example:
      $ nnrun eval latest --split validation
    """
    from nnrun.experiments.api import evaluate
    from nnrun.runs.index import find_either
    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.out_of_fold import evaluate_folds

    check_out(out)
    found = find_either(run, runs_dir, studies=False)
    if isinstance(found, StudyDirectory):
        if split or data or batch_size or mc_samples:
            message = f"{found.name} is a study, and is evaluated on its out-of-fold rows"
            raise typer.BadParameter(f"{message}; name one of its runs, as in {found.name}/0")
        evaluations = evaluate_folds(found, trust=trust, tell=warn)
    else:
        evaluations = evaluate(
            found,
            split=split,
            data=data,
            batch_size=batch_size,
            mc_samples=mc_samples,
            trust=trust,
            tell=warn,
        )
    from nnrun.analysis.evaluation import evaluations_view

    show_document(evaluations_view(evaluations), out, as_json=as_json)
