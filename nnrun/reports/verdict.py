"""Whether one side of a comparison is better, said in a sentence."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnrun.config.modes import Directions, Mode
from nnrun.errors import RunError, UserError
from nnrun.reports.compared_run import ComparedRun
from nnrun.reports.comparison import Comparison, Group, direction, directions_of
from nnrun.reports.shared_data import have_same_rows
from nnrun.reports.significance import Interval, mcnemar, paired_bootstrap, welch
from nnrun.runs.predictions import PredictionTable

if TYPE_CHECKING:
    import numpy as np

SPLITS = ("test", "validation")
_POINTS = ("accuracy", "acc", "precision", "recall")
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Verdict:
    """What can be said about two sides.

    Attributes:
        method: `rows` for tests on the same rows, `seeds` for Welch's test, `none`.
        first: The first side's label.
        second: The second side's label.
        text: The sentence.
        metric: The figure that was tested; empty where none was.
        interval: The second side minus the first, as the figure counts; None where nothing was
            tested.
        output: Of several outputs, the one whose predictions were tested; else empty.
    """

    method: str
    first: str
    second: str
    text: str
    metric: str = ""
    interval: Interval | None = None
    output: str = ""


def check_split(split: str | None) -> None:
    """Refuse a part of the data that no run is measured on.

    Raises:
        UserError: It is neither `test` nor `validation`.
    """
    if split not in (None, *SPLITS):
        raise UserError(f"--split: {split!r} is not a part", hint=f"Choose {' or '.join(SPLITS)}.")


def judge(comparison: Comparison, split: str | None = None) -> list[Verdict]:
    """What can be said about each side and the first; of a leaderboard, about its first two.

    Args:
        comparison: The runs.
        split: Whose predictions are tested; where None, those of the test, else of the validation.
    """
    if comparison.one_config:
        return [_judge_seeds_alone(comparison)]
    groups = comparison.groups if comparison.is_small else comparison.ranked[1::-1]
    return [
        verdict
        for other in groups[1:]
        for verdict in judge_pair(groups[0], other, comparison.metric, split)
    ]


def judge_pair(first: Group, second: Group, metric: str, split: str | None) -> list[Verdict]:
    """What can be said about two sides: over the same rows, by output, and over seeds."""
    return [*_judge_rows(first, second, metric, split), _judge_over_seeds(first, second, metric)]


def _judge_seeds_alone(comparison: Comparison) -> Verdict:
    everything = Group("", tuple(comparison.runs))
    metric, count = comparison.metric, len(everything.seeds)
    labels = comparison.groups[0].label, comparison.groups[1].label
    mean, spread = everything.mean(metric), everything.spread(metric)
    if count == 1 or mean is None or spread is None:
        return Verdict("none", *labels, "These runs have the same config and the same seed.")
    figures = f"{metric} is {_amount(metric, mean)} on average, standard deviation {_amount(metric, spread)}"
    return Verdict(
        "none", *labels, f"These runs differ in their seeds alone: over {count} seeds, {figures}."
    )


def _judge_over_seeds(first: Group, second: Group, metric: str) -> Verdict:
    labels = first.label, second.label
    sides = first.values(metric), second.values(metric)
    if not all(sides):
        return Verdict("none", *labels, f"{metric} is not known of both.")
    if len(sides[0]) == len(sides[1]) == 1:
        text = "1 seed each: a difference between seeds cannot be told from this."
        return Verdict("none", *labels, text)
    interval = welch(*sides)
    told = f"{metric} over {len(sides[0])} seeds against {len(sides[1])}"
    if 1 in map(len, sides):
        told += ", the one taken to vary as the others do"
    mode = direction(metric, directions_of(first, second))
    text = _sentence(labels, metric, interval, told, _p("Welch's t test", interval.p), mode=mode)
    return Verdict("seeds", *labels, text, metric, interval)


def _judge_rows(first: Group, second: Group, metric: str, split: str | None) -> list[Verdict]:
    """What the same rows say about each output that both sides have, or why they say nothing."""
    labels = first.label, second.label
    outputs = _common_outputs(first.runs[0], second.runs[0])
    if not outputs:
        text = "They have no output in common, so nothing can be tested row by row."
        return [Verdict("none", *labels, text)]
    parts = [split] if split else SPLITS
    pair = _same_data(first, second, parts)
    if pair is None:
        text = "No two runs of them have the same rows, so nothing can be tested row by row."
        return [Verdict("none", *labels, text)]
    for part in parts:
        if all(_has(run, part) for run in pair):
            known = {**pair[0].outputs, **pair[1].outputs}
            return [
                _test_rows(
                    labels,
                    _figure_of(name, metric, known),
                    part,
                    name,
                    _predictions(pair, part, folders),
                    directions=directions_of(first, second),
                )
                for name, folders in outputs.items()
            ]
    missing = [run for run in pair if not any(_has(run, part) for part in parts)]
    option = f" --split {split}" if split else ""
    commands = " and ".join(f"`nnrun eval {run.directory.path}{option}`" for run in missing or pair)
    text = f"To test the difference row by row, run {commands} first."
    return [Verdict("none", *labels, text)]


def _common_outputs(first: ComparedRun, second: ComparedRun) -> dict[str, tuple[str, str]]:
    """The outputs that two runs have, each with its folders; the only ones, whatever they are called."""
    if len(first.outputs) == len(second.outputs) == 1:
        return {"": ("", "")}
    return {
        name: (folder, second.outputs[name])
        for name, folder in first.outputs.items()
        if name in second.outputs
    }


def _figure_of(output: str, metric: str, outputs: Iterable[str]) -> str:
    """The figure of an output that is nearest to one: itself where it is not another output's.

    >>> [_figure_of("kind", name, ["kind", "width"]) for name in ("val_loss", "val_width_mae")]
    ['val_loss', 'accuracy']
    """
    if not output:
        return metric
    plain = metric.removeprefix("last.").removeprefix("test_").removeprefix("val_")
    owners = [name for name in outputs if plain.startswith(f"{name}_")]
    return metric if not owners or max(owners, key=len) == output else "accuracy"


def _same_data(
    first: Group, second: Group, parts: Sequence[str]
) -> tuple[ComparedRun, ComparedRun] | None:
    """The first two runs with the same rows; such with predictions are preferred."""
    pairs = [
        (run, other) for run in first.runs for other in second.runs if have_same_rows(run, other)
    ]
    able = (pair for pair in pairs if any(all(_has(run, part) for run in pair) for part in parts))
    return next(able, pairs[0] if pairs else None)


def _has(run: ComparedRun, split: str) -> bool:
    return all(
        run.directory.evaluation(split, folder).predictions.is_file()
        for folder in run.outputs.values()
    )


def _predictions(
    pair: Sequence[ComparedRun], split: str, folders: Sequence[str]
) -> list[PredictionTable]:
    return [
        PredictionTable.read(run.directory.evaluation(split, folder).predictions)
        for run, folder in zip(pair, folders, strict=True)
    ]


def _test_rows(
    labels: tuple[str, str],
    metric: str,
    split: str,
    output: str,
    sides: Sequence[PredictionTable],
    *,
    directions: Directions,
) -> Verdict:
    first, second = sides
    of_output = f" of {output}" if output else ""
    if not first.rows or (first.rows, first.targets) != (second.rows, second.targets):
        text = (
            f"The predictions{of_output} for the {split} rows are not of the same rows; "
            "run `nnrun eval` for both again."
        )
        return Verdict("none", *labels, text, output=output)
    name, root = _row_metric(metric, first, directions)
    scores = [_scores(side, name, metric) for side in sides]
    interval = paired_bootstrap(*scores, root=root)
    test = ""
    if name == "accuracy":
        right, other = (score > 0 for score in scores)
        alone = int((right & ~other).sum()), int((other & ~right).sum())
        interval = Interval(interval.difference, interval.low, interval.high, mcnemar(*alone))
        test = (
            f"{_p('McNemar', interval.p)}, {labels[0]} alone is right on {alone[0]:,} rows "
            f"and {labels[1]} alone on {alone[1]:,}"
        )
    told = f"{name}{of_output} on the same {len(first.rows):,} {split} rows"
    if first.columns:
        told += f", {_all_columns(name, first)}"
    mode: Mode = "max" if name == "accuracy" else "min"
    text = _sentence(labels, name, interval, told, test, mode=mode)
    return Verdict("rows", *labels, text, name, interval, output)


def _all_columns(name: str, predictions: PredictionTable) -> str:
    """How the columns of a row became one figure, in words."""
    what = "labels" if predictions.probabilities else "columns"
    if name == "accuracy":
        return f"a row being right where all of its {len(predictions.columns)} {what} are"
    return f"over all {len(predictions.columns)} {what}"


def _row_metric(
    metric: str, predictions: PredictionTable, directions: Directions
) -> tuple[str, bool]:
    """What is measured on the rows, nearest to a figure; and whether as the root of a mean."""
    if not predictions.probabilities:
        absolute = "mae" in metric or "absolute" in metric
        return ("mae", False) if absolute else ("rmse", True)
    known = predictions.columns or set(predictions.targets) <= set(predictions.probabilities)
    return ("log loss" if direction(metric, directions) == "min" and known else "accuracy"), False


def _scores(predictions: PredictionTable, name: str, metric: str) -> "np.ndarray":
    """The figure of each row `(rows,)`, whose mean (or its root) is the figure of all.

    Raises:
        RunError: The predictions hold what is not a number.
    """
    import numpy as np

    if name == "accuracy":
        pairs = zip(predictions.targets, predictions.predicted, strict=True)
        return np.array([float(target == predicted) for target, predicted in pairs])
    try:
        if predictions.errors:
            return np.array(predictions.errors["mae" if name == "mae" else "mse"], float)
        if name == "log loss":
            chosen = np.asarray(_given(predictions), float)
            return _by_row(-np.log(np.maximum(chosen, _LEAST_PROBABILITY)))
        errors = np.array(predictions.predicted, float) - np.array(predictions.targets, float)
    except ValueError as error:
        raise RunError(f"predictions to compare by {metric} hold what is not a number") from error
    return _by_row(np.abs(errors) if name == "mae" else errors**2)


def _given(predictions: PredictionTable) -> list[float] | list[list[float]]:
    """The probability given to what is true, of each row; or of each of its labels."""
    columns = predictions.probabilities
    if not predictions.columns:
        return [float(columns[str(told)][row]) for row, told in enumerate(predictions.targets)]
    given = zip(*(columns[name] for name in predictions.columns), strict=True)
    return [
        [float(p) if float(true) else 1 - float(p) for true, p in zip(*pair, strict=True)]
        for pair in zip(predictions.targets, given, strict=True)
    ]


def _by_row(figures: "np.ndarray") -> "np.ndarray":
    """A figure of each row; of several columns, their mean."""
    return figures.reshape(len(figures), -1).mean(axis=1)  # type: ignore[no-any-return]


def _sentence(
    labels: tuple[str, str],
    metric: str,
    interval: Interval,
    told: str,
    test: str,
    *,
    mode: Mode | None,
) -> str:
    detail = f" ({test})" if test else ""
    if not interval.is_clear:
        span = _range(metric, interval.low, interval.high)
        change = _amount(metric, interval.difference, sign=True)
        return (
            f"No difference can be told between {labels[0]} and {labels[1]}: {labels[1]} minus "
            f"{labels[0]} is {change}, 95 % interval {span}, in {told}{detail}."
        )
    second_wins = (interval.difference > 0) == (mode == "max")
    better, other = labels[second_wins], labels[not second_wins]
    span = _range(metric, *sorted((abs(interval.low), abs(interval.high))))
    change = _amount(metric, abs(interval.difference))
    return f"{better} is better than {other} by {change}, 95 % interval {span}, in {told}{detail}."


def _range(metric: str, low: float, high: float) -> str:
    ends = [_amount(metric, end).removesuffix(" points") for end in (low, high)]
    return " to ".join(ends)


def _amount(metric: str, value: float, *, sign: bool = False) -> str:
    """A difference as people say it: shares in points of a hundred."""
    form = "+" if sign else ""
    if any(word in metric.split("_") for word in _POINTS):
        return f"{100 * value:{form}.1f} points"
    return f"{value:{form}.3g}"


def _p(test: str, p: float | None) -> str:
    if p is None or math.isnan(p):
        return ""
    return f"{test}: p < 0.001" if p < 0.001 else f"{test}: p = {p:.2g}"  # noqa: PLR2004


def sentences(verdicts: Sequence[Verdict], comparison: Comparison) -> list[str]:
    """The sentences of verdicts; where there are more than two sides, with those they are about."""
    if comparison.one_config or len(comparison.groups) == 2:  # noqa: PLR2004 - two are a pair
        return [verdict.text for verdict in verdicts]
    return [
        verdict.text
        if verdict.interval
        else f"{verdict.first} and {verdict.second}: {verdict.text}"
        for verdict in verdicts
    ]
