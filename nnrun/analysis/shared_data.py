"""Whether runs have seen the same data; otherwise their figures cannot be compared."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.analysis.compared_run import ComparedRun
from nnrun.analysis.differences import describe_value, find_differences
from nnrun.errors import RunError


def check_data(runs: Sequence[ComparedRun], *, anyway: bool) -> list[str]:
    """Notes about the data of runs.

    A split that is drawn at random follows from the seed, so that runs of different seeds have
    different rows in their parts. Runs of one seed must agree.

    Raises:
        RunError: They differ otherwise, and it was not said to go on.
    """
    if len({run.fingerprint for run in runs}) <= 1:
        return []
    if _drawn_by_seed(runs):
        return ["the seed draws the split, so runs of different seeds were measured on other rows"]
    if anyway:
        return ["the data differ, so differences of the figures may come from them alone"]
    first = runs[0]
    other = next(run for run in runs if run.fingerprint != first.fingerprint)
    raise RunError(
        f"{first.directory.name} and {other.directory.name} were trained on different data: "
        f"{_describe_data(first)} and {_describe_data(other)}; {_why_other_data(first, other)}",
        hint="Their figures say nothing about each other; --anyway compares them all the same.",
    )


def set_apart(runs: Sequence[ComparedRun]) -> tuple[Sequence[ComparedRun], dict[str, str]]:
    """The runs on the data that most of them share, and why the others cannot be compared.

    All are kept where no two share their data: then there is nothing to compare them by.
    """
    kinds: list[list[ComparedRun]] = []
    for run in runs:
        alike = next((kind for kind in kinds if _shares_data(run, kind)), None)
        if alike is None:
            kinds.append([run])
        else:
            alike.append(run)
    kept = max(kinds, key=len)
    if len(kept) < 2:  # noqa: PLR2004 - a comparison takes two
        return runs, {}
    others = [run for run in runs if run not in kept]
    return kept, {
        str(run.directory.path): f"other data: {_why_other_data(kept[0], run)}" for run in others
    }


def _shares_data(run: ComparedRun, others: Sequence[ComparedRun]) -> bool:
    """Whether a run has the same data as others, or other parts of it because of its seed."""
    if any(run.fingerprint == other.fingerprint for other in others):
        return True
    seeds = {other.record.seed for other in others}
    return run.record.seed not in seeds and _drawn_by_seed([others[0], run])


def _why_other_data(first: ComparedRun, other: ComparedRun) -> str:
    """Which settings of the data differ, or that the rows themselves do."""
    datasets = ({"dataset": run.config["dataset"]} for run in (first, other))
    found = [
        f"{item.path} is {describe_value(item.after)} instead of {describe_value(item.before)}"
        for item in find_differences(*datasets)
        if not item.path.startswith("dataset.preprocess")
    ]
    return " and ".join(found) or "the rows themselves are different"


def check_losses(runs: Sequence[ComparedRun]) -> list[str]:
    """Notes if the losses of runs are not comparable."""
    if len({run.record.loss_of for run in runs}) == 1:
        return []
    kinds = dict.fromkeys(run.record.loss_of or "labels in their own units" for run in runs)
    return [f"the losses cannot be compared: they are of {' and of '.join(kinds)}"]


def _drawn_by_seed(runs: Sequence[ComparedRun]) -> bool:
    sources = {json.dumps(_source(run), sort_keys=True, default=str) for run in runs}
    by_seed: dict[int, str] = {}
    agree = all(
        by_seed.setdefault(run.record.seed, run.fingerprint) == run.fingerprint for run in runs
    )
    split = _split(runs[0])
    shares = (split.get("validation"), split.get("test"))
    drawn = split.get("shuffle", True) and any(isinstance(share, int | float) for share in shares)
    return len(sources) == 1 and agree and bool(drawn) and split.get("seed") is None


def have_same_rows(first: ComparedRun, second: ComparedRun) -> bool:
    """Whether two runs split the same rows alike, whichever columns they used as inputs."""
    if not first.fingerprint or not second.fingerprint:
        return False
    drawn = [(_source(run), _split_seed(run)) for run in (first, second)]
    return first.fingerprint == second.fingerprint or drawn[0] == drawn[1]


def _split(run: ComparedRun) -> Mapping[str, Any]:
    split: Mapping[str, Any] = run.config["dataset"].get("split", {})
    return split


def _split_seed(run: ComparedRun) -> int:
    seed = _split(run).get("seed")
    return run.record.seed if seed is None else int(seed)


def _source(run: ComparedRun) -> dict[str, Any]:
    dataset = {key: value for key, value in run.config["dataset"].items() if key != "preprocess"}
    data = {key: value for key, value in run.record.data.items() if key != "fingerprint"}
    return {"dataset": dataset, **data}


def _describe_data(run: ComparedRun) -> str:
    rows = run.record.data.get("rows")
    parts = rows.items() if isinstance(rows, Mapping) else ()
    counts = ", ".join(f"{count:,} {part}" for part, count in parts if isinstance(count, int))
    return f"{counts or 'unknown'} rows (fingerprint {run.fingerprint[:8] or 'unknown'})"
