"""Several runs at once: names, paths, and patterns such as `runs/*`."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.index import find_run


def select_runs(texts: Sequence[str], runs_dir: Path) -> tuple[list[RunDirectory], dict[str, str]]:
    """Find the runs that a user means, without repetition.

    Args:
        texts: Names as for `find_run`, and patterns with `*`, `?` or `[…]` for names of runs, or
            else for paths.
        runs_dir: The folder of the runs.

    Returns:
        The runs, and the named folders that hold no run, with the reason.

    Raises:
        RunError: A text matches nothing.
    """
    found: dict[Path, RunDirectory] = {}
    skipped: dict[str, str] = {}
    for text in _expanded(texts, runs_dir):
        try:
            run = find_run(text, runs_dir)
        except RunError as error:
            if isinstance(error.__cause__, OSError) or not Path(text).exists():
                raise
            reason = error.message.replace(f"{Path(text)} is", "it is")
            skipped[text] = reason if Path(text).is_dir() else "it is not a run directory"
        else:
            found.setdefault(run.path.resolve(), run)
    return list(found.values()), skipped


def _expanded(texts: Sequence[str], runs_dir: Path) -> Iterator[str]:
    for text in texts:
        if not glob.has_magic(text) or Path(text).exists():
            yield text
            continue
        # Names first, as in find_run: a pattern may meet other files that lie around.
        named = [] if "/" in text else sorted(map(str, runs_dir.glob(text)))
        met = named or sorted(glob.glob(text))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not met:
            raise RunError(f"no run matches {text!r}", hint=f"Runs are looked for in {runs_dir}.")
        yield from met
