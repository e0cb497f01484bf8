"""Source text of nnrun's own classes that runs without nnrun."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "nnrun"


@dataclass
class Copies:
    """Source text of classes and functions, in the order of their dependencies.

    Attributes:
        imports: Import statements that the text needs, one name each.
        blocks: The text of each class, function or constant, by its name.
    """

    imports: set[str] = field(default_factory=set)
    blocks: dict[str, str] = field(default_factory=dict)

    def add(self, module: str, name: str) -> None:
        """Copy a class, function or constant from one of nnrun's modules, with its dependencies.

        Raises:
            UserError: It needs what cannot be copied: imports within nnrun in its body.
        """
        if name in self.blocks:
            return
        source = _Source.read(module)
        if name not in source.definitions:
            self._import(source.imports[name], name)
            return
        node = source.definitions[name]
        needed = sorted(set(_names(node)) - {name})
        inner = [item for item in ast.walk(node) if isinstance(item, ast.ImportFrom)]
        if any((item.module or "").startswith(OURS) for item in inner):
            raise UserError(
                f"{name} cannot be written without nnrun", hint="`nnrun train` runs it all the same"
            )
        self.blocks[name] = ""  # so that what refers back to it does not copy it again
        for other in needed:
            if other in source.definitions:
                self.add(module, other)
            elif other in source.imports:
                self._import(source.imports[other], other)
        del self.blocks[name]
        self.blocks[name] = source.text_of(node)

    def _import(self, statement: ast.Import | ast.ImportFrom, name: str) -> None:
        if isinstance(statement, ast.ImportFrom):
            (original,) = (one.name for one in statement.names if (one.asname or one.name) == name)
            if (statement.module or "").split(".")[0] == OURS:
                self.add(str(statement.module), original)
                return
            alias = "" if original == name else f" as {name}"
            self.imports.add(f"from {statement.module} import {original}{alias}")
            return
        for one in statement.names:
            if (one.asname or one.name.split(".")[0]) == name:
                self.imports.add(f"import {one.name}" + (f" as {one.asname}" if one.asname else ""))


@dataclass(frozen=True)
class _Source:
    """A module's text, with what it defines and imports at its top level."""

    lines: list[str]
    definitions: dict[str, ast.stmt]
    imports: dict[str, ast.Import | ast.ImportFrom]

    @classmethod
    def read(cls, module: str) -> _Source:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise UserError(f"the source of {module} is not there")
        text = Path(spec.origin).read_text(encoding="utf-8")
        definitions: dict[str, ast.stmt] = {}
        imports: dict[str, ast.Import | ast.ImportFrom] = {}
        for node in _statements(ast.parse(text).body):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports |= {alias.asname or alias.name.split(".")[0]: node for alias in node.names}
            else:
                definitions |= dict.fromkeys(_defined(node), node)
        return cls(text.splitlines(), definitions, imports)

    def text_of(self, node: ast.stmt) -> str:
        decorators = getattr(node, "decorator_list", ())
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under `if TYPE_CHECKING:` too."""
    for node in body:
        if isinstance(node, ast.If):
            yield from _statements(node.body)
        else:
            yield node


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _names(node: ast.stmt) -> Iterator[str]:
    """The names that a definition refers to, those in quoted annotations too."""
    for item in ast.walk(node):
        if isinstance(item, ast.Name):
            yield item.id
