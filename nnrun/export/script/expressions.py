"""Python expressions as trees, laid out like by ruff or Black."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.components import snake_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nnrun.data.splits import InputSpec

WIDTH = 100
_INDENT = 4


@dataclass(frozen=True)
class Atom:
    """Text on one line: a name, a number, `1 / 255`.

    Attributes:
        text: The text.
        comment: What is said about it at the end of its line.
    """

    text: str
    comment: str = ""


@dataclass(frozen=True)
class Item:
    """What goes between two commas: a value, perhaps after `units=` or `"name": `."""

    value: Expression
    label: str = ""


@dataclass(frozen=True)
class Bracketed:
    """A call, a list, a tuple or a dictionary.

    Attributes:
        opening: `keras.layers.Dense(`, `[`, `(` or `{`.
        items: What stands in it.
        closing: The bracket that closes it.
    """

    opening: str
    items: tuple[Item, ...]
    closing: str


Expression = Atom | Bracketed


def call(function: str, *positional: Expression | str, **named: Expression | str) -> Bracketed:
    """A call; text arguments are code."""
    items = [Item(_expression(value)) for value in positional]
    items += [Item(_expression(value), f"{name}=") for name, value in named.items()]
    return Bracketed(f"{function}(", tuple(items), ")")


def listed(values: Iterable[Expression | str]) -> Bracketed:
    """A list."""
    return Bracketed("[", tuple(Item(_expression(value)) for value in values), "]")


def literal(value: Any, *, tuples: bool = False) -> Expression:
    r"""A plain value as Python writes it, with double quotes.

    Args:
        value: Text, a number, a truth value, None, or lists and mappings of these.
        tuples: Whether lists are written as tuples, as in a shape.

    >>> layout(literal({"a": [1, 2.0], "b": 'say "no"'}))
    '{"a": [1, 2.0], "b": \'say "no"\'}'
    """
    if isinstance(value, str):
        return Atom(double_quoted(value))
    if isinstance(value, dict):
        return dictionary({key: literal(item, tuples=tuples) for key, item in value.items()})
    if isinstance(value, list | tuple):
        items = tuple(Item(literal(item, tuples=tuples)) for item in value)
        return sequence(items, tuples=tuples)
    return Atom(repr(value))


def dictionary(values: Mapping[Any, Expression]) -> Bracketed:
    """A dictionary, its keys plain values: text, numbers or truth values.

    >>> layout(dictionary({"a": Atom("x"), 2: Atom("y")}))
    '{"a": x, 2: y}'
    """
    items = (Item(value, f"{layout(literal(key))}: ") for key, value in values.items())
    return Bracketed("{", tuple(items), "}")


def sequence(items: Sequence[Item], *, tuples: bool = False) -> Bracketed:
    """A list, or a tuple."""
    if not tuples:
        return Bracketed("[", tuple(items), "]")
    return Bracketed("(", tuple(items), ",)" if len(items) == 1 else ")")


def double_quoted(text: str) -> str:
    """Text as a literal in a formatter's preferred quotes."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in written else written


def identifier(text: str) -> str:
    """A name of a config as a Python name.

    >>> identifier("hidden-1"), identifier("2nd"), identifier("class")
    ('hidden_1', '_2nd', 'class_')
    """
    plain = re.sub(r"\W", "_", text)
    plain = f"_{plain}" if plain[0].isdigit() else plain
    return f"{plain}_" if keyword.iskeyword(plain) else plain


class Names:
    """Unique names for variables.

    >>> names = Names()
    >>> names.of("Normalization"), names.of("Normalization")
    ('normalization', 'normalization_2')
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def of(self, name: str) -> str:
        """A new variable name for a layer of a class."""
        plain = snake_case(name)
        number = self._given[plain] = self._given.get(plain, 0) + 1
        return plain if number == 1 else f"{plain}_{number}"


def input_call(spec: InputSpec, name: str = "") -> Bracketed:
    """`keras.Input(…)` for rows of a shape; whole numbers for encoded words."""
    named: dict[str, Expression | str] = {"shape": literal(spec.shape, tuples=True)}
    if spec.dtype == "int32":
        named["dtype"] = literal(spec.dtype)
    if name:
        named["name"] = literal(name)
    return call("keras.Input", **named)


def shown_path(path: Path) -> str:
    """A file's path relative to the current folder, if it is below it."""
    full, here = path.resolve(), Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)


def assign(name: str, value: Expression | str, *, indent: int = 0) -> str:
    """The lines of `name = value` in an indented block."""
    tree = _expression(value)
    comment = f"  # {tree.comment}" if isinstance(tree, Atom) and tree.comment else ""
    text = layout(tree, indent=indent, column=indent + len(name) + 3)
    return f"{' ' * indent}{name} = {text}{comment}"


def layout(value: Expression, *, indent: int = 0, column: int = 0, tail: int = 0) -> str:
    """An expression on one line if it fits, else one item per line.

    Args:
        value: The expression.
        indent: Spaces before the line that it begins in.
        column: Where in that line it begins.
        tail: How many characters follow it in its last line.
    """
    flat = _flat(value)
    if not _has_comment(value) and column + len(flat) + tail <= WIDTH:
        return flat
    if isinstance(value, Atom):
        return value.text
    inner = indent + _INDENT
    alone = len(value.items) == 1 and isinstance(value.items[0].value, Bracketed)
    lines = [_line(item, inner, "" if alone and not item.label else ",") for item in value.items]
    return "\n".join([value.opening, *lines, " " * indent + value.closing.lstrip(",")])


def _line(item: Item, indent: int, comma: str) -> str:
    text = layout(item.value, indent=indent, column=indent + len(item.label), tail=1)
    comment = item.value.comment if isinstance(item.value, Atom) else ""
    return f"{' ' * indent}{item.label}{text}{comma}{f'  # {comment}' if comment else ''}"


def _flat(value: Expression) -> str:
    if isinstance(value, Atom):
        return value.text
    items = ", ".join(item.label + _flat(item.value) for item in value.items)
    return value.opening + items + value.closing


def _has_comment(value: Expression) -> bool:
    if isinstance(value, Atom):
        return bool(value.comment)
    return any(_has_comment(item.value) for item in value.items)


def _expression(value: Expression | str) -> Expression:
    return Atom(value) if isinstance(value, str) else value
