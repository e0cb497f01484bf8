"""Evaluates a cross-validation: every row is predicted by the run that did not learn from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnrun.analysis.evaluation import Evaluation, recorded_of, score
from nnrun.analysis.evaluation_files import write_evaluation
from nnrun.device import expect_many_models
from nnrun.errors import RunError, UserError
from nnrun.experiments.api import open_run
from nnrun.runs.directory import refuse_link
from nnrun.runs.evaluation_directory import EvaluationDirectory
from nnrun.runs.study_record import StudyRecord, study_status
from nnrun.runs.trial_table import TrialTable
from nnrun.studies.folds import FOLDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nnrun.analysis.predictions import Predictions
    from nnrun.data.signature import Signature
    from nnrun.data.splits import Part
    from nnrun.runs.study_directory import StudyDirectory

OUT_OF_FOLD = "out-of-fold"
"""The name of these rows, in place of a split's."""


@dataclass(frozen=True)
class _Fold:
    """What the run of a fold says of its validation rows.

    Attributes:
        signature: What its model takes.
        seed: Its seed.
        numbers: The number of each row in the source.
        part: The rows.
        predictions: The predictions, by output.
        recorded: Loss and metrics of the config.
    """

    signature: Signature
    seed: int
    numbers: np.ndarray
    part: Part
    predictions: Mapping[str, Predictions]
    recorded: Mapping[str, float]


def evaluate_folds(
    study: StudyDirectory, *, trust: bool = False, tell: Callable[[str], None]
) -> dict[str, Evaluation]:
    """Evaluate a cross-validation on all of its rows, and write `evaluation/out-of-fold`.

    With several seeds, the folds of the first one are evaluated.

    Args:
        study: The study.
        trust: Whether the user's own code that the runs name may run.
        tell: Called with a sentence if the best weights of a run are damaged and older ones used.

    Returns:
        The figures of each output.

    Raises:
        UserError: It is no cross-validation, a fold has not been trained to its end, or a run
            can't be used.
    """
    expect_many_models()
    folds = [_fold_of(study, number, trust, tell) for number in _trials(study)]
    refuse_link(study.evaluations)
    first = folds[0]
    order = np.argsort(np.concatenate([fold.numbers for fold in folds]), kind="stable")
    part = _joined([fold.part for fold in folds], order)
    evaluations, place = {}, study.evaluations / OUT_OF_FOLD
    for name in first.predictions:
        files = EvaluationDirectory(place / name if len(first.predictions) > 1 else place)
        predictions = _merged(folds, name, order)
        evaluations[name] = _scored(study, folds, name, predictions, files)
        rows, columns = {**part.inputs, **part.read}, first.signature.columns
        write_evaluation(predictions, evaluations[name], files, inputs=rows, columns=columns)
    return evaluations


def _trials(study: StudyDirectory) -> list[int]:
    """The numbers of the trials that are the folds of the first seed.

    Raises:
        UserError: It is no cross-validation, or a fold is missing.
    """
    record = StudyRecord.read(study.record)
    if record.kind != FOLDS:
        raise UserError(
            f"{study.name} is no cross-validation, so it has no out-of-fold rows to evaluate",
            hint=f"Name one of its runs, as in {study.name}/0.",
        )
    count = int(record.plan["folds"])
    rows = [TrialTable.read(study.table).get(number) for number in range(count)]
    missing = [str(n) for n, row in enumerate(rows) if row is None or row.state != "finished"]
    if missing:
        status = study_status(study, record)
        raise UserError(
            f"{study.name} {status}: there is no finished run of fold {', '.join(missing)}",
            hint=f"Continue it: nnrun resume {study.path}",
        )
    return list(range(count))


def _fold_of(study: StudyDirectory, number: int, trust: bool, tell: Callable[[str], None]) -> _Fold:
    run = open_run(study.trial(number), trust=trust, tell=tell)
    part, predictions, recorded = run.predict("validation")
    numbers = run.splits.numbers.get("validation") if run.splits else None
    if numbers is None:
        raise RunError(f"{run.directory.path} is damaged: it is no fold")
    return _Fold(run.signature, run.experiment.seed, numbers, part, predictions, recorded)


def _joined(parts: Sequence[Part], order: np.ndarray) -> Part:
    """The rows of all folds as one part, in the order of the source."""

    def joined(arrays: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([one[name] for one in arrays])[order] for name in arrays[0]}

    return dataclasses.replace(
        parts[0],
        inputs=joined([part.inputs for part in parts]),
        targets=joined([part.targets for part in parts]),
        read=joined([part.read for part in parts]),
        weights=None,
        exact={},
        keys=None,
    )


def _merged(folds: Sequence[_Fold], name: str, order: np.ndarray) -> Predictions:
    """The predictions of an output for the rows of all folds, in the order of the source."""
    own = [fold.predictions[name] for fold in folds]
    numbers = np.concatenate([fold.numbers for fold in folds])[order]
    return dataclasses.replace(
        own[0],
        outputs=np.concatenate([one.outputs for one in own])[order],
        targets=np.concatenate([one.truth for one in own])[order],
        numbers=tuple(numbers.tolist()),
    )


def _scored(
    study: StudyDirectory,
    folds: Sequence[_Fold],
    name: str,
    predictions: Predictions,
    files: EvaluationDirectory,
) -> Evaluation:
    first = folds[0]
    shares = [len(fold.numbers) / predictions.rows for fold in folds]
    recorded = {
        figure: sum(
            share * fold.recorded[figure] for share, fold in zip(shares, folds, strict=True)
        )
        for figure in first.recorded
    }
    return score(
        predictions,
        run=study.name,
        split=OUT_OF_FOLD,
        task=first.signature.targets[name].task,
        epoch=None,
        seed=first.seed,
        recorded=recorded_of(recorded, name if len(first.predictions) > 1 else ""),
        where=str(files.path),
    )
