"""Several runs and studies at once: names, paths, and patterns such as `runs/*`."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.index import find_either
from nnrun.runs.study_directory import StudyDirectory, studies_of
from nnrun.runs.trial_table import TrialTable


def select_runs(texts: Sequence[str], runs_dir: Path) -> tuple[list[RunDirectory], dict[str, str]]:
    """The runs that a user means, each once; of a study, those of its trials that have ended.

    Args:
        texts: As for `select_any`.
        runs_dir: Where the runs lie.

    Returns:
        The runs, and the named folders that hold no run, with the reason.

    Raises:
        RunError: Nothing is meant by a text, or the table of a study is damaged.
    """
    chosen, skipped = select_any(texts, runs_dir)
    found: dict[Path, RunDirectory] = {}
    for item in chosen:
        runs = ended_runs(item) if isinstance(item, StudyDirectory) else [item]
        if not runs:
            skipped[str(item.path)] = "no trial of it has ended"
        for run in runs:
            found.setdefault(run.path.resolve(), run)
    return list(found.values()), skipped


def ended_runs(study: StudyDirectory) -> list[RunDirectory]:
    """The runs of a study's trials that have ended.

    Raises:
        RunError: Its table is damaged.
    """
    return [study.trial(row.number) for row in TrialTable.read(study.table).rows if row.run]


def select_any(
    texts: Sequence[str], runs_dir: Path
) -> tuple[list[RunDirectory | StudyDirectory], dict[str, str]]:
    """The runs and studies that a user means, each once.

    Args:
        texts: What `find_either` takes, and patterns with `*`, `?` or `[…]` over the names of the
            runs and studies, or else over paths.
        runs_dir: Where the runs lie.

    Returns:
        The runs and studies, and what lies where it was said but is neither, with the reason.

    Raises:
        RunError: Nothing is meant by a text.
    """
    found: dict[Path, RunDirectory | StudyDirectory] = {}
    skipped: dict[str, str] = {}
    for text in _expanded(texts, runs_dir):
        try:
            item = find_either(text, runs_dir)
        except RunError as error:
            if isinstance(error.__cause__, OSError) or not Path(text).exists():
                raise
            reason = error.message.replace(f"{Path(text)} is", "it is")
            skipped[text] = reason if Path(text).is_dir() else "it is not a run directory"
        else:
            found.setdefault(item.path.resolve(), item)
    return list(found.values()), skipped


def _expanded(texts: Sequence[str], runs_dir: Path) -> Iterator[str]:
    for text in texts:
        if not glob.has_magic(text) or Path(text).exists():
            yield text
            continue
        # Names first, as in find_run: a pattern may meet other files that lie around.
        named = [] if "/" in text else _named(text, runs_dir)
        met = named or sorted(glob.glob(text))  # noqa: PTH207 - Path.glob takes no absolute pattern
        met = [path for path in met if Path(path) != studies_of(runs_dir)]
        if not met:
            raise RunError(f"no run matches {text!r}", hint=f"Runs are looked for in {runs_dir}.")
        yield from met


def _named(pattern: str, runs_dir: Path) -> list[str]:
    places = (runs_dir, studies_of(runs_dir))
    return [str(path) for place in places for path in sorted(place.glob(pattern))]
