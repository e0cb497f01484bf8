"""The filter language of `nnrun list`: `optimizer=Adam and val_accuracy>0.88`.

    filter      →  all ("or" all)*
    all         →  part ("and" part)*
    part        →  "not" part | "(" filter ")" | comparison
    comparison  →  name ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~") value

A value is a number, a word, or text in quotes. What a run lacks (and what is not finite) equals
`none`, and is neither less nor greater than anything.
"""

import math
import operator as operators
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from nnrun.config.diagnostics import excerpt
from nnrun.errors import Place, UserError, as_sentence
from nnrun.runs.settings import Value

Lookup = Callable[[str], Value]

MAX_DEPTH = 50
"""How deep parentheses and `not` may stand in each other."""
MAX_LENGTH = 10_000
"""Characters of a filter."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>[<>!=]=|[=<>~])|(?P<mark>[()])
    |(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s()<>=~!"']+)|(?P<wrong>\S))""",
    re.VERBOSE,
)
_ORDERS = {"<": operators.lt, "<=": operators.le, ">": operators.gt, ">=": operators.ge}
_KEYWORDS = ("and", "or", "not")
_FOREIGN = {"&&": "and", "&": "and", "||": "or", "|": "or", ",": "and"}
_ABSENT = ("none", "nan", "null")


@dataclass(frozen=True)
class Token:
    """A piece of a filter: its kind, its text (without quotes), and where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def number(self) -> float | None:
        """Its number; None for text and anything in quotes."""
        if self.kind != "word":
            return None
        try:
            return int(self.text)
        except ValueError:
            pass
        try:
            return float(self.text)
        except ValueError:
            return None

    def is_keyword(self, word: str) -> bool:
        """Whether it is `and`, `or` or `not`, in whatever case."""
        return self.kind == "word" and self.text.lower() == word


@dataclass(frozen=True)
class Condition:
    """A name, one of `= != < <= > >= ~`, and a value."""

    name: Token
    operator: str
    value: Token

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds for a run, whose values `lookup` gives by name."""
        value = lookup(self.name.text)
        if isinstance(value, float) and not math.isfinite(value):
            value = None
        if self.operator in ("=", "!="):
            return _equal(value, self.value) == (self.operator == "=")
        if value is None:
            return False
        if self.operator == "~":
            return self.value.text.casefold() in _text(value)
        return _ordered(value, self.operator, self.value)


@dataclass(frozen=True)
class Not:
    """The negation of a condition."""

    part: "Node"

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds for a run."""
        return not self.part.holds(lookup)


@dataclass(frozen=True)
class AllOf:
    """Several conditions, all of which must hold."""

    parts: "tuple[Node, ...]"

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds for a run."""
        return all(part.holds(lookup) for part in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """Several conditions, one of which must hold."""

    parts: "tuple[Node, ...]"

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds for a run."""
        return any(part.holds(lookup) for part in self.parts)


Node = Condition | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Filter:
    """A parsed filter.

    >>> adam = parse_filter("optimizer=adam and not val_accuracy < 0.9")
    >>> adam.holds({"optimizer": "Adam", "val_accuracy": 0.93}.get)
    True
    >>> adam.holds({"optimizer": "SGD", "val_accuracy": 0.93}.get)
    False
    """

    text: str
    root: Node
    comparisons: tuple[Condition, ...]

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds for a run, whose values `lookup` gives by name (None: it has none)."""
        return self.root.holds(lookup)

    @property
    def names(self) -> tuple[str, ...]:
        """The names it compares, each once."""
        return tuple(dict.fromkeys(item.name.text for item in self.comparisons))

    def check_values(self, values: Callable[[str], Sequence[Value]]) -> None:
        """Refuse comparing numbers with a word by order, which could never hold.

        Args:
            values: The values that the runs have by a name.

        Raises:
            UserError: With a caret under the word.
        """
        for item in self.comparisons:
            ordering = item.operator not in ("=", "!=", "~")
            known = [value for value in values(item.name.text) if value is not None]
            if ordering and item.value.number is None and known and all(map(_is_number, known)):
                message = f"{item.name.text} is a number, and {item.value.text!r} is none"
                _fail(self.text, item.value, message)

    def refuse_name(self, name: str, message: str, hint: str) -> NoReturn:
        """Raise an error about a name.

        Raises:
            UserError: With a caret under the name where it first stands.
        """
        token = next(item.name for item in self.comparisons if item.name.text == name)
        _fail(self.text, token, message, hint)


def parse_filter(text: str) -> Filter:
    """Parse a filter.

    Raises:
        UserError: It cannot be understood; with a caret under the place.
    """
    if len(text) > MAX_LENGTH:
        raise UserError(f"--filter: it has more than {MAX_LENGTH:,} characters")
    parser = _Parser(text)
    root = parser.parse()
    return Filter(text, root, tuple(parser.comparisons))


class _Parser:
    """Recursive descent; a function for each line of the grammar above."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.next = 0
        self.depth = 0
        self.comparisons: list[Condition] = []

    def parse(self) -> Node:
        root = self.any()
        left = self.peek()
        if left.kind != "end":
            self.refuse_rest(left)
        return root

    def any(self) -> Node:
        parts = [self.all()]
        while self.take_keyword("or"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all(self) -> Node:
        parts = [self.part()]
        while self.take_keyword("and"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def part(self) -> Node:
        token = self.peek()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _fail(self.text, token, f"nested more than {MAX_DEPTH} deep")
        node: Node
        if self.take_keyword("not"):
            node = Not(self.part())
        elif token.kind == "mark" and token.text == "(":
            self.next += 1
            node = self.any()
            closing = self.peek()
            if closing.text != ")" or closing.kind != "mark":
                if closing.kind != "end":
                    self.refuse_rest(closing)
                _fail(self.text, token, "this parenthesis is never closed")
            self.next += 1
        else:
            node = self.comparison()
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        name = self.peek()
        named = name.kind in ("word", "quoted") and not _is_keyword(name)
        if not named:
            _fail(self.text, name, "expected a name, as in val_accuracy > 0.88")
        self.next += 1
        operator = self.peek()
        if operator.kind != "operator":
            hint = "= != < <= > >= or ~ (holds the text)"
            _fail(self.text, operator, f"expected a comparison after {name.text!r}", hint)
        if name.number is not None:
            _fail(self.text, name, "the name goes on the left, as in val_accuracy > 0.88")
        self.next += 1
        value = self.peek()
        if value.kind not in ("word", "quoted") or _is_keyword(value):
            hint = "put the word in quotes" if _is_keyword(value) else ""
            _fail(self.text, value, f"expected a value after {operator.text!r}", hint)
        self.next += 1
        found = Condition(name, "=" if operator.text == "==" else operator.text, value)
        self.comparisons.append(found)
        return found

    def peek(self) -> Token:
        return self.tokens[self.next]

    def take_keyword(self, word: str) -> bool:
        taken = self.peek().is_keyword(word)
        self.next += taken
        return taken

    def refuse_rest(self, token: Token) -> NoReturn:
        hint = ""
        if token.text in _FOREIGN and token.kind == "word":
            hint = f"did you mean '{_FOREIGN[token.text]}'?"
        elif token.kind == "operator":
            hint = "one comparison at a time: a > 1 and a < 2"
        elif token.kind == "word":
            hint = "text of several words goes in quotes"
        elif token.text == ")":
            hint = "no parenthesis is open"
        _fail(self.text, token, f"expected 'and' or 'or' before {token.text!r}", hint)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        token = Token(kind, match[kind], match.start(kind), match.end(kind))
        if kind == "wrong":
            quote = token.text in ("'", '"')
            message = (
                "this quote is never closed" if quote else f"{token.text!r} has no meaning here"
            )
            _fail(text, token, message, "did you mean '!='?" if token.text == "!" else "")
        if kind == "quoted":
            token = Token(kind, token.text[1:-1], token.start, token.end)
        yield token
    yield Token("end", "the end", len(text), len(text) + 1)


def _is_keyword(token: Token) -> bool:
    return any(token.is_keyword(word) for word in _KEYWORDS)


def _fail(text: str, token: Token, message: str, hint: str = "") -> NoReturn:
    place = Place("--filter", 1, token.start + 1, token.end - token.start, text)
    raise UserError(f"--filter: {message}\n{excerpt(place, as_sentence(hint))}")


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Value) -> str:
    return str(value).casefold()


def _equal(value: Value, token: Token) -> bool:
    if value is None:
        return token.kind == "word" and token.text.lower() in _ABSENT
    if _is_number(value) and token.number is not None:
        return value == token.number
    return _text(value) == token.text.casefold()


def _ordered(value: str | float | bool, operator: str, token: Token) -> bool:
    compare: Callable[[Any, Any], bool] = _ORDERS[operator]
    if not _is_number(value):
        return compare(_text(value), token.text.casefold())
    return token.number is not None and compare(value, token.number)
