"""Hints for Keras objects written as in Python: `keras.layers.Dense(100, activation="relu")`."""

import ast
import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import EllipsisType
from typing import Any

from nnrun.config.catalogue import Catalogue, Entry
from nnrun.config.habits import renamed
from nnrun.config.reader import resolve_scalar
from nnrun.errors import Place

LEFT_OPEN = "…"
LONGEST = 1000
"""The most characters of a text that are considered."""
_ENDINGS = ("", ")", "])", "))", "]))")
"""The rest of a call after a comma, which ends an entry of a YAML list."""
_CALL = re.compile(r"(?:model\.add\()?[A-Za-z_][\w.]*\(")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_REST = re.compile(r"(\w+)=[^=].*\)")
_WORDS = {"True": "true", "False": "false", "None": "null", "Ellipsis": LEFT_OPEN}
_ADDING = {"add", "append"}
_CONTAINERS = {"Sequential"}


def in_yaml(
    catalogue: Catalogue, groups: Sequence[str], text: str, path: str, given: Any = None
) -> str:
    """A hint with the YAML for a class written as in Python; empty for other text.

    Args:
        catalogue: What the classes take.
        groups: The groups to search first.
        text: The text in place of a class's name.
        path: Its path, which shows whether the YAML is an entry of a list.
        given: The arguments under it in YAML.
    """
    text = text.strip().rstrip(",;").replace(LEFT_OPEN, "...")
    if len(text) > LONGEST or not (_CALL.match(text) or _PATH.fullmatch(text)):
        rest = _REST.fullmatch(text)
        return "" if rest is None else f"arguments go in braces: `{{…, {rest[1]}: …}}`"
    reader = _Reader(catalogue, groups)
    try:
        value = reader.read(text)
    except (LookupError, RecursionError, SyntaxError, ValueError):
        return _about_unread(reader, text, path)
    if reader.refused:
        return reader.refused
    if given is not None and isinstance(value, str):
        value = {value: given}
    return f"write `{_in_place(path, value)}`"


def whole_call(text: str, place: Place) -> str:
    """The whole call from its line, if YAML has split it at a comma."""
    start, depth = place.column - 1, 0
    if text.count("(") <= text.count(")") or not place.text.startswith(text, start):
        return text
    for index, char in enumerate(place.text[start:], start=start):
        depth += (char == "(") - (char == ")")
        if char == ")" and depth == 0:
            return place.text[start : index + 1]
    return text


def _about_unread(reader: "_Reader", text: str, path: str) -> str:
    """A hint if only the name can be read."""
    name = re.split(r"\(", text.removeprefix("model.add("))[0].rpartition(".")[2]
    entry = reader.find(name)
    if entry is not None:
        first = next(iter(entry.arguments), "")
        value = {entry.alias or entry.name: {first: ...}} if first else entry.name
        return f"write `{_in_place(path, value)}`"
    if _PATH.fullmatch(text):
        module, _, own = text.rpartition(".")
        return f"a class of your own is written `{module}:{own}`"
    return ""


def _in_place(path: str, value: Any) -> str:
    """A component as written at a path: as an entry of a list, or after the option's name."""
    if path.endswith("]"):
        return f"- {_flow(value, outer=True)}"
    option = path.rpartition(".")[2]
    return f"{option}: {_flow(value)}" if option.islower() else _flow(value)


def _flow(value: Any, *, outer: bool = False) -> str:
    """A value in YAML's flow style, an outermost mapping without its braces."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {_flow(item)}" for key, item in value.items())
        return inner if outer else f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, bool | EllipsisType | None):
        return _WORDS[str(value)]
    if isinstance(value, str):
        is_plain = re.fullmatch(r"[A-Za-z_./][\w./ -]*", value) and resolve_scalar(value) == value
        return value if is_plain else f"'{value}'"
    return repr(value)


class _Reader:
    """Turns a Python expression into plain values, and its classes into components."""

    def __init__(self, catalogue: Catalogue, groups: Sequence[str]) -> None:
        self.catalogue = catalogue
        self.groups = [*groups, *(one for one in catalogue.groups if one not in groups)]
        self.wanted = groups
        self.refused = ""

    def read(self, text: str) -> Any:
        """The plain value of a text.

        Raises:
            LookupError: It names an unknown class.
            SyntaxError: It is not Python.
            ValueError: It has a value that YAML can't represent.
        """
        return self._value(_parsed(text), outer=True)

    def find(self, name: str, *, everywhere: bool = True) -> Entry | None:
        """The class of a name, ignoring case, preferably in the wanted groups."""
        for group in self.groups if everywhere else self.wanted:
            names = {*self.catalogue.names(group), *self.catalogue.aliases(group)}
            entry = self.catalogue.find(group, name)
            if entry is None and (near := _same_word(name, names)):
                entry = self.catalogue.find(group, near)
            if entry is not None:
                return entry
        return None

    def _value(self, node: ast.expr, *, outer: bool = False) -> Any:
        match node:
            case ast.Constant(value=str() | int() | float() | None | EllipsisType()):
                return node.value
            case ast.List() | ast.Tuple():
                return [self._value(item) for item in node.elts]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.Call():
                return self._component(node)
            case ast.Name() | ast.Attribute():
                return self._name(node, outer=outer)
        raise ValueError(ast.unparse(node))

    def _name(self, node: ast.Name | ast.Attribute, *, outer: bool) -> str:
        name = node.id if isinstance(node, ast.Name) else node.attr
        entry = self.find(name, everywhere=not outer)
        if entry is None and outer:
            raise LookupError(name)
        return name if entry is None else entry.alias or entry.name

    def _component(self, call: ast.Call) -> Any:
        if isinstance(
            call.func, ast.Call
        ):  # a layer of the Functional API, and what it is applied to
            return self._component(call.func)
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in _ADDING and len(call.args) == 1:
            return self._value(call.args[0])
        if name in _CONTAINERS:
            return self._value(call.args[0]) if call.args else []
        entry = self.find(name)
        if entry is None:
            raise LookupError(name)
        if entry.refused:
            self.refused = entry.refused[0].lower() + entry.refused[1:].rstrip(".")
            return entry.name
        arguments = dict(self._arguments(call, entry))
        shown = entry.alias or entry.name
        if len(arguments) == 1 and not call.keywords:
            return {shown: next(iter(arguments.values()))}  # what stands first needs no name
        return {shown: arguments} if arguments else shown

    def _arguments(self, call: ast.Call, entry: Entry) -> Iterator[tuple[str, Any]]:
        names = list(entry.arguments)
        if len(call.args) > len(names):
            raise ValueError(f"{entry.name} does not take that many arguments")
        for name, node in zip(names, call.args, strict=False):
            yield name, self._value(node)
        for keyword in call.keywords:
            if keyword.arg is None:
                raise ValueError("a mapping of arguments")
            named = keyword.arg if keyword.arg in names else renamed(keyword.arg, names)
            if named:
                yield named, self._value(keyword.value)


def _parsed(text: str) -> ast.expr:
    for ending in _ENDINGS:
        with contextlib.suppress(SyntaxError, ValueError, MemoryError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know
            return ast.parse(text + ending, mode="eval").body
    raise SyntaxError(text)


def _same_word(name: str, names: set[str]) -> str:
    """The name that differs from a word only in case."""
    return next((word for word in sorted(names) if word.casefold() == name.casefold()), "")
