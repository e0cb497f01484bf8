"""The kinds of value a config may hold: data only.

`checking` reads values by them, `json_schema` describes them to editors and `reference` to people.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Boolean:
    """true or false."""


@dataclass(frozen=True)
class Integer:
    """A whole number between two bounds, both allowed."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Number:
    """A number; `above` and `below` are bounds that are themselves not allowed."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Text:
    """A string: one of `choices` where there are any, matching `pattern` where there is one."""

    choices: tuple[str, ...] = ()
    pattern: str | None = None
    pattern_says: str = ""


@dataclass(frozen=True)
class FilePath:
    """The name of a file that must exist, relative to the config that names it."""


@dataclass(frozen=True)
class Share:
    """A part of the rows: a number of rows (1 or more), a fraction (above 0, below 1) or a file."""


@dataclass(frozen=True)
class Steps:
    """A duration: a number of training steps (batches), or text such as "20 epochs"."""


@dataclass(frozen=True)
class ListOf:
    """A list whose entries are all of one kind."""

    item: Any
    minimum: int = 0


@dataclass(frozen=True)
class MapOf:
    """A mapping from free names (strings, or the labels of classes) to one kind."""

    value: Any


@dataclass(frozen=True)
class OneOf:
    """Any of several kinds, tried in their order."""

    kinds: tuple[Any, ...]


@dataclass(frozen=True)
class ComponentOf:
    """A component (in one of the four forms) of one of these groups of the catalogue."""

    groups: tuple[str, ...]


@dataclass(frozen=True)
class ArgumentsOf:
    """The arguments of one component whose name the key already gives, as in `csv: rows.csv`."""

    group: str
    name: str


@dataclass(frozen=True)
class SectionOf:
    """A mapping with the fields of a dataclass of `schema`."""

    type: type


@dataclass(frozen=True)
class Anything:
    """Any YAML value."""


Kind = (
    Boolean
    | Integer
    | Number
    | Text
    | FilePath
    | Share
    | Steps
    | ListOf
    | MapOf
    | OneOf
    | ComponentOf
    | ArgumentsOf
    | SectionOf
    | Anything
)
