"""Formats problems for people and editors."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from nnrun.errors import Place, Problem

LONGEST_TEXT = 400
"""The most characters of a message, a path or a hint that are printed."""
MOST_PROBLEMS = 50
"""The most problems that are printed; JSON has all of them."""
SHORTEST_PART = 3
"""The fewest letters of an abbreviation of a known word."""
EXCERPT_WIDTH = 110
"""The most characters of a config line that are printed."""

_SYNONYMS = {
    "alpha": ("negative_slope",),
    "activationfunction": ("activation",),
    "batch": ("batch_size",),
    "criterion": ("loss",),
    "crossentropy": ("sparse_categorical_crossentropy",),
    "data": ("dataset",),
    "decay": ("weight_decay", "decay_rate"),
    "f1": ("f1_score",),
    "file": ("csv", "path"),
    "filepath": ("path",),
    "iterations": ("epochs",),
    "labels": ("target",),
    "layers": ("architecture",),
    "lr": ("learning_rate",),
    "lrelu": ("leaky_relu",),
    "maxepochs": ("epochs",),
    "minibatchsize": ("batch_size",),
    "model": ("architecture",),
    "nesterovmomentum": ("nesterov",),
    "network": ("architecture",),
    "neurons": ("units", "hidden"),
    "nodes": ("units",),
    "none": ("linear",),
    "normalize": ("standardize",),
    "numepochs": ("epochs",),
    "objective": ("loss",),
    "p": ("rate",),
    "prob": ("rate",),
    "randomseed": ("seed",),
    "randomstate": ("seed",),
    "rmse": ("root_mean_squared_error",),
    "scheduler": ("schedule",),
    "sparsecrossentropy": ("sparse_categorical_crossentropy",),
    "stepsize": ("learning_rate",),
    "testsplit": ("test",),
    "val": ("validation",),
    "validationsplit": ("validation",),
    "valsplit": ("validation",),
    "xavier": ("GlorotUniform",),
}
"""Other words for the known ones, in lower case."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the nearest known word; empty if none is near.

    >>> did_you_mean("unit", ["units", "activation"])
    "did you mean 'units'?"
    """
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """The known word nearest to a misspelt one, ignoring case; empty if none is near.

    `closeness` is the required similarity, from 0 to 1.

    >>> nearest("lr", ["momentum", "learning_rate"])
    'learning_rate'
    """
    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(_fold(name), name)
    folded = _fold(word)
    for meant in _SYNONYMS.get(folded, ()):
        if _fold(meant) in by_folded and folded not in by_folded:
            return by_folded[_fold(meant)]
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=closeness)
    if not near and len(folded) >= SHORTEST_PART:
        near = [name for name in by_folded if name.startswith(folded) or name.endswith(folded)]
    return by_folded[near[0]] if len(near) == 1 else ""


def _fold(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once: those without a position, then by file and line, then overrides."""

    def position(problem: Problem) -> tuple[bool, str, int, int]:
        place = problem.place or Place("")
        source = "" if place.is_override else place.source
        return place.is_override, source, place.line, place.column

    return sorted(dict.fromkeys(problems), key=position)


def in_one_line(problem: Problem) -> str:
    """A problem's position, path, message and hint, for a list of warnings.

    >>> in_one_line(Problem("is odd", Place("a.yaml", 3), "loss", "leave it out"))
    'a.yaml:3: loss: is odd. Leave it out.'
    """
    place = problem.place
    where = "" if place is None else place.source + (f":{place.line}" * (not place.is_override))
    parts = [part for part in (where, problem.path, problem.message) if part]
    return ": ".join(parts) + (f". {problem.hint}" if problem.hint else "")


def render_problems(problems: Sequence[Problem]) -> str:
    """All problems as text: position, path, message; then the line with a caret and the hint.

    Control characters in the user's text are escaped.
    """
    ordered = in_order(problems)
    blocks = [_render(problem) for problem in ordered[:MOST_PROBLEMS]]
    if len(ordered) > MOST_PROBLEMS:
        blocks.append(f"… and {len(ordered) - MOST_PROBLEMS:,} more")
    return "\n".join(blocks)


def _render(problem: Problem) -> str:
    place, where = problem.place, where_is(problem)
    text = ": ".join(_shown(part) for part in (problem.path, problem.message) if part)
    if problem.severity == "warning":
        text = f"warning: {text}"
    head = f"{where}  {text}" if where else text
    hint = _shown(problem.hint)
    if place is None or place.is_override or not place.text:
        return f"{head}\n     {hint}" if hint else head
    return f"{head}\n{excerpt(place, hint)}"


def where_is(problem: Problem) -> str:
    """The file, line and column of a problem, or the override that it stands in; empty if unknown."""
    place = problem.place
    if place is None:
        return ""
    source = _shown(place.source)
    return source if place.is_override else f"{source}:{place.line}:{place.column}"


def _shown(text: str) -> str:
    """Text on one line, cut to a maximum length, without control characters."""
    return escaped(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…")


def escaped(text: str) -> str:
    """Text with unprintable characters escaped as in repr."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def excerpt(place: Place, hint: str) -> str:
    """The line with its number, and below it a caret under the text it refers to."""
    text = place.text.replace("\t", " ")
    start = place.column - 1
    left = max(0, start - EXCERPT_WIDTH // 2) if len(text) > EXCERPT_WIDTH else 0
    right = left + EXCERPT_WIDTH
    before = ("…" if left else "") + escaped(text[left:start])
    marked = escaped(text[start : min(start + place.length, right)])
    after = escaped(text[start + place.length : right]) + ("…" if right < len(text) else "")
    caret = " " * text_columns(before) + "^" * max(1, text_columns(marked))
    return f"{place.line:>5} | {before}{marked}{after}\n      | {caret}  {hint}".rstrip()


def text_columns(text: str) -> int:
    """The width of a text in a terminal: two columns for a wide character, none for an accent."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in ("W", "F") for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


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
