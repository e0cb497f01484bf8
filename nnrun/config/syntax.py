"""PyYAML's errors in words for people who write configs."""

import re
from typing import Any

import yaml

from nnrun.errors import Place, Problem

_CALL = re.compile(r"\b[A-Z]\w*\(")
_IN_BRACES = "write arguments in braces, as in `Dense: {units: 10, activation: relu}`"
_BEGAN = "began"
_STANDS = "stands"

# What PyYAML's message contains; what we say; where it is to be shown; what to do.
_TRANSLATIONS = (
    ("\\t", "a tab cannot indent YAML", _STANDS, "use spaces"),
    ("expected a single document", "a config is one YAML document", _STANDS, "remove the `---`"),
    (
        "mapping values are not allowed",
        "a ':' in the wrong place",
        _STANDS,
        "check the indentation and the line above, or put the text in quotes",
    ),
    (
        "sequence entries are not allowed",
        "a '-' where no list can begin",
        _STANDS,
        "begin the list on a line of its own",
    ),
    (
        "cannot start any token",
        "a value cannot begin with this character",
        _STANDS,
        "put the value in quotes",
    ),
    (
        "could not find expected ':'",
        "this line has no ':'",
        _BEGAN,
        "write `key: value`, with a space after the colon",
    ),
    ("flow node", "a value, or a closing bracket, is missing", _STANDS, "close every [ and {"),
    ("flow sequence", "the list is not closed", _BEGAN, "a ',' or ']' is missing"),
    ("flow mapping", "the mapping is not closed", _BEGAN, "a ',' or '}' is missing"),
    ("unknown escape", "unknown escape in the text", _STANDS, "in 'single quotes' a \\ is plain"),
    ("quoted scalar", "the quote is not closed", _BEGAN, "add the missing quote"),
    (
        "expected <block end>",
        "this does not fit the lines above",
        _STANDS,
        "indent it like the lines it belongs to",
    ),
    ("undefined alias", "no anchor (&) has this name", _STANDS, "write the value out"),
    ("duplicate anchor", "this anchor is repeated here", _STANDS, "use another name"),
)


def syntax_problem(error: yaml.MarkedYAMLError, source: str, lines: list[str]) -> Problem:
    """The error as a problem that says what to do about it."""
    stands = error.problem_mark or error.context_mark
    if stands is None or not "".join(lines[stands.line :]).strip():
        place = _end_of(source, lines)
    else:
        place = place_of(stands, source, lines)
    if place.text[place.column - 1 : place.column] == "\t":
        return Problem("a tab cannot indent YAML", place, hint="use spaces")
    text = f"{error.context or ''} {error.problem or ''}"
    for needle, message, where, hint in _TRANSLATIONS:
        if needle in text:
            if where == _BEGAN and error.context_mark:
                place = place_of(error.context_mark, source, lines)
            is_python = _CALL.search(place.text) is not None
            return Problem(message, place, hint=_IN_BRACES if is_python else hint)
    return Problem(f"not valid YAML: {text.strip()}", place)


def _end_of(source: str, lines: list[str]) -> Place:
    """The position after the last line that is not blank."""
    last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
    text = lines[last].rstrip() if lines else ""
    return Place(source, last + 1, len(text) + 1, 1, text)


def place_of(mark: Any, source: str, lines: list[str]) -> Place:
    """The single character that a PyYAML mark points at."""
    shown = lines[mark.line] if mark.line < len(lines) else ""
    return Place(source, mark.line + 1, mark.column + 1, 1, shown)
