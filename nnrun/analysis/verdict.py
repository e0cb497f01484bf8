"""Whether one side of a comparison is better, said in a sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite

from nnrun.analysis.compared_run import ComparedRun
from nnrun.analysis.comparison import Comparison, Group, direction, directions_of
from nnrun.analysis.row_tests import compare_rows
from nnrun.analysis.shared_data import have_same_rows
from nnrun.analysis.significance import holm, paired_t, welch
from nnrun.analysis.verdict_wording import Tested, Verdict, describe_amount, is_share
from nnrun.config.figures import Figure
from nnrun.config.modes import Directions
from nnrun.errors import UserError
from nnrun.runs.manifest import read_format
from nnrun.runs.prediction_table import PredictionTable

Finding = Tested | Verdict
SPLITS = ("test", "validation")


def check_split(split: str | None) -> None:
    """Refuse an unknown part of the data.

    Raises:
        UserError: It is neither `test` nor `validation`.
    """
    if split not in (None, *SPLITS):
        raise UserError(f"--split: {split!r} is not a part", hint=f"Choose {' or '.join(SPLITS)}.")


def judge_comparison(comparison: Comparison, split: str | None = None) -> list[Verdict]:
    """Verdicts about each side and the first one; for a leaderboard, about its top two.

    Args:
        comparison: The runs.
        split: Whose predictions are tested; where None, those of the test, else of the validation.
    """
    if comparison.one_config:
        return [_judge_seeds_alone(comparison)]
    groups = comparison.groups if comparison.is_small else comparison.ranked[1::-1]
    return _tell(
        finding
        for other in groups[1:]
        for finding in _find(groups[0], other, comparison.metric, split)
    )


def judge_pair(first: Group, second: Group, metric: str, split: str | None) -> list[Verdict]:
    """Verdicts about two sides: on the same rows, by output, and over seeds."""
    return _tell(_find(first, second, metric, split))


def _find(first: Group, second: Group, metric: str, split: str | None) -> list[Finding]:
    return [*_judge_rows(first, second, metric, split), _judge_over_seeds(first, second, metric)]


def _tell(findings: Iterable[Finding]) -> list[Verdict]:
    """The verdicts; the p values of each method are corrected for the number of its tests."""
    results = list(findings)
    for method in ("rows", "seeds"):
        tests = {
            place: finding
            for place, finding in enumerate(results)
            if isinstance(finding, Tested)
            and finding.method == method
            and finding.interval.p is not None
        }
        adjusted = holm([finding.interval.p or 0.0 for finding in tests.values()])
        for (place, finding), p in zip(tests.items(), adjusted, strict=True):
            if len(tests) > 1:
                interval = replace(finding.interval, adjusted=p).reaching()
                results[place] = replace(finding, interval=interval, tests=len(tests))
    return [finding.verdict() if isinstance(finding, Tested) else finding for finding in results]


def _judge_seeds_alone(comparison: Comparison) -> Verdict:
    everything = Group("", tuple(comparison.runs))
    metric, count = comparison.metric, len(everything.seeds)
    labels = comparison.groups[0].label, comparison.groups[1].label
    mean, spread = everything.mean(metric), everything.spread(metric)
    if count == 1 or mean is None or spread is None:
        return Verdict("none", *labels, "These runs have the same config and the same seed.")
    average = f"{100 * mean:.1f} %" if is_share(metric) else describe_amount(metric, mean)
    text = (
        f"These runs differ only in their seeds: over {count} seeds, {metric} averages {average}, "
        f"with a standard deviation of {describe_amount(metric, spread)}."
    )
    return Verdict("none", *labels, text)


def _judge_over_seeds(first: Group, second: Group, metric: str) -> Finding:
    labels = first.label, second.label
    sides = first.values(metric), second.values(metric)
    if not all(sides):
        return Verdict("none", *labels, f"{metric} is not known for both.")
    if len(sides[0]) == len(sides[1]) == 1:
        text = "With one seed each, this can't tell a better setting from a luckier seed."
        return Verdict("none", *labels, text)
    subject = f"{metric} over {len(sides[0])} seeds against {len(sides[1])}"
    if 1 in map(len, sides):
        subject += ", assuming that the one varies as the others do"
    mode = direction(metric, directions_of(first, second))
    pairs = _paired_by_rows(first, second, metric)
    if pairs:
        told = f"{metric} over the same {len(pairs)} seeds, which draw the rows"
        tested = paired_t(*zip(*pairs, strict=True))
        return Tested("seeds", labels, metric, mode, tested, told, "paired t test")
    return Tested("seeds", labels, metric, mode, welch(*sides), subject, "Welch's t test")


def _paired_by_rows(first: Group, second: Group, metric: str) -> list[tuple[float, float]]:
    """The figures of both sides by seed, where each seed draws rows of its own, the same for both.

    Empty where that is not so: seeds that draw nothing but weights pair nothing.
    """
    sides = [{run.record.seed: run for run in group.runs} for group in (first, second)]
    seeds = sorted(sides[0])
    rows = {run.fingerprint for run in sides[0].values()}
    if seeds != sorted(sides[1]) or len(rows) < len(seeds) or len(seeds) < 2:  # noqa: PLR2004
        return []
    pairs = [(sides[0][seed], sides[1][seed]) for seed in seeds]
    if not all(have_same_rows(*pair) for pair in pairs):
        return []
    figures = [(one.figures.get(metric), other.figures.get(metric)) for one, other in pairs]
    known = [(a, b) for a, b in figures if a is not None and b is not None and isfinite(a + b)]
    return known if len(known) == len(seeds) else []


def _judge_rows(first: Group, second: Group, metric: str, split: str | None) -> list[Finding]:
    """The row-by-row findings about each common output, or why there are none."""
    labels = first.label, second.label
    outputs = _common_outputs(first.runs[0], second.runs[0])
    if not outputs:
        text = "They have no output in common, so nothing can be tested row by row."
        return [Verdict("none", *labels, text)]
    parts = [split] if split else SPLITS
    pair = _same_data(first, second, parts)
    if pair is None:
        text = "No two of their runs have the same rows, so nothing can be tested row by row."
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
    """The common outputs of two runs, each with its folders; single outputs match whatever their names."""
    if len(first.outputs) == len(second.outputs) == 1:
        return {"": ("", "")}
    return {
        name: (folder, second.outputs[name])
        for name, folder in first.outputs.items()
        if name in second.outputs
    }


def _figure_of(output: str, metric: str, outputs: Iterable[str]) -> str:
    """The figure to judge an output by: the given one, unless it belongs to another output.

    >>> [_figure_of("kind", name, ["kind", "width"]) for name in ("val_loss", "val_width_mae")]
    ['val_loss', 'accuracy']
    """
    if not output:
        return metric
    owner = Figure.parse(metric, outputs).output
    return metric if owner in ("", output) else "accuracy"


def _same_data(
    first: Group, second: Group, parts: Sequence[str]
) -> tuple[ComparedRun, ComparedRun] | None:
    """The first two runs with the same rows, preferably with predictions."""
    pairs = [
        (run, other) for run in first.runs for other in second.runs if have_same_rows(run, other)
    ]
    able = (pair for pair in pairs if any(all(_has(run, part) for run in pair) for part in parts))
    return next(able, pairs[0] if pairs else None)


def _has(run: ComparedRun, split: str) -> bool:
    return all(_is_of_best_epoch(run, split, folder) for folder in run.outputs.values())


def _is_of_best_epoch(run: ComparedRun, split: str, folder: str) -> bool:
    """Whether there are predictions by what is still the run's best epoch."""
    evaluation = run.directory.evaluation(split, folder)
    if not evaluation.predictions.is_file():
        return False
    if not evaluation.metrics.is_file():
        return True
    return bool(read_format(evaluation.metrics).get("epoch") in (None, run.record.best_epoch))


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
) -> Finding:
    first, second = sides
    of_output = f" of {output}" if output else ""
    if not first.rows or (first.rows, first.targets) != (second.rows, second.targets):
        text = (
            f"The predictions{of_output} for the {split} rows are not of the same rows in both; "
            "run `nnrun eval` for both again."
        )
        return Verdict("none", *labels, text, output=output)
    tested = compare_rows(metric, sides, directions)
    rows = f"the same {len(first.rows):,} {split} rows"
    columns = f", {tested.columns}" if tested.columns else ""
    facts, ahead = "", None
    if tested.alone:
        ahead = tested.alone[1] - tested.alone[0]
        first_alone, other = tested.alone
        facts = f"only {labels[0]} is right on {first_alone:,} and only {labels[1]} on {other:,}"
    return Tested(
        "rows",
        labels,
        tested.metric,
        "max" if tested.metric == "accuracy" else "min",
        tested.interval,
        f"{tested.metric}{of_output} on {rows}{columns}",
        tested.test,
        output=output,
        facts=facts,
        ahead=ahead,
        on=f"{rows}{of_output and f' in {output}'}{columns and f' ({tested.columns})'}",
        same=tested.same,
    )
