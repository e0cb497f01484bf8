"""Problems → what a person, or an editor, reads."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from nnrun.errors import Place, Problem


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or an empty string where none is near.

    >>> did_you_mean("unit", ["units", "activation"])
    "did you mean 'units'?"
    """
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word nearest to a misspelt one, whatever its case; empty where none is near."""
    by_folded = {_fold(name): name for name in known}
    near = difflib.get_close_matches(_fold(word), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else ""


def _fold(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once: by file and line, overrides after files, errors without a place first."""
    nowhere = Place("")
    return sorted(
        dict.fromkeys(problems),
        key=lambda problem: (
            (problem.place or nowhere).is_override,
            (problem.place or nowhere).source,
            (problem.place or nowhere).line,
            (problem.place or nowhere).column,
        ),
    )


def render_problems(problems: Sequence[Problem]) -> str:
    """All problems as text: place, path, message; then the line with a caret and the hint."""
    blocks = [_render(problem) for problem in in_order(problems)]
    return "\n".join(blocks)


def _render(problem: Problem) -> str:
    place = problem.place
    where = ""
    if place is not None:
        where = place.source if place.is_override else f"{place.source}:{place.line}:{place.column}"
    told = ": ".join(part for part in (problem.path, problem.message) if part)
    if problem.severity == "warning":
        told = f"warning: {told}"
    head = f"{where}  {told}" if where else told
    if place is None or place.is_override or not place.text:
        return f"{head}\n     {problem.hint}" if problem.hint else head
    return f"{head}\n{_excerpt(place, problem.hint)}"


def _excerpt(place: Place, hint: str) -> str:
    text = place.text.replace("\t", " ")
    caret = " " * (place.column - 1) + "^" * place.length
    return f"{place.line:>5} | {text}\n      | {caret}  {hint}".rstrip()


def problems_to_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """The same as data: file, line and column (null where unknown), path, message, hint, severity."""
    return [
        {
            "file": problem.place.source if problem.place else None,
            "line": problem.place.line if problem.place else None,
            "column": problem.place.column if problem.place else None,
            "path": problem.path,
            "message": problem.message,
            "hint": problem.hint,
            "severity": problem.severity,
        }
        for problem in in_order(problems)
    ]
