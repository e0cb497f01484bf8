"""The kinds of values that contain others: lists, mappings, choices, sections and components."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import looks_like_class
from nnrun.config.diagnostics import nearest
from nnrun.config.kind import INVALID, Checking, Kind, Schema, shape_of
from nnrun.config.kinds import Integer, Number, Text
from nnrun.config.options import component_option, keys_of, options_of, to_plain
from nnrun.config.reader import MappingNode, Node, ScalarNode, SequenceNode
from nnrun.config.wording import first_of, group_noun


@dataclass(frozen=True)
class ListOf(Kind):
    """A list whose entries are all of one kind."""

    shapes = frozenset((list,))

    item: Kind
    minimum: int = 0

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        if not isinstance(node, SequenceNode):
            return checker.expected(self, node, path)
        if len(node.items) < self.minimum:
            hint = f"name {self.item.words()}"
            message = "the list is empty"
            if node.items:
                message = f"expected at least {self.minimum} entries, got {len(node.items)}"
            return checker.report(message, node.place, path, hint)
        values = [
            checker.check(self.item, item, f"{path}[{index}]")
            for index, item in enumerate(node.items)
        ]
        return INVALID if INVALID in values else tuple(values)

    def words(self) -> str:
        return f"a list (each entry {self.item.words()})"

    def markdown(self) -> str:
        return f"a list, each entry {self.item.markdown()}"

    def schema(self) -> Schema:
        least = {"minItems": self.minimum} if self.minimum else {}
        return {"type": "array", "items": self.item.schema(), **least}

    def hint(self, value: Any) -> str:
        if isinstance(value, dict):
            return "begin each entry with '- '"
        return f"write a list, as in [{value}]" if isinstance(value, str) else ""

    @property
    def component_groups(self) -> tuple[str, ...]:
        return self.item.component_groups


@dataclass(frozen=True)
class MapOf(Kind):
    """A mapping from arbitrary names (strings, or class labels) to one kind."""

    shapes = frozenset((dict,))

    value: Kind

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        if not isinstance(node, MappingNode):
            return checker.expected(self, node, path)
        values = {}
        for key, item in node.entries.items():
            if isinstance(self.value, SectionOf) and is_null(item):
                item = MappingNode({}, item.place)  # noqa: PLW2901 nothing said is all left out
            values[key] = checker.check(self.value, item, f"{path}.{key}")
            checker.places[f"{path}.{key}"] = node.key_places[key]
        return INVALID if INVALID in values.values() else values

    def words(self) -> str:
        return f"a mapping (each value {self.value.words()})"

    def markdown(self) -> str:
        return f"a mapping, each value {self.value.markdown()}"

    def schema(self) -> Schema:
        value = self.value.schema()
        may_be_empty = isinstance(self.value, SectionOf)  # one of which nothing is said
        return {
            "type": "object",
            "additionalProperties": nullable(value) if may_be_empty else value,
        }

    def inner(self, key: str) -> Kind | None:
        return self.value

    @property
    def sections(self) -> list[type]:
        return self.value.sections


@dataclass(frozen=True)
class OneOf(Kind):
    """Any of several kinds, tried in order."""

    kinds: tuple[Kind, ...]

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        fitting = [kind for kind in self.kinds if shape_of(node) in kind.shapes]
        if len(fitting) > 1 and isinstance(node, MappingNode):
            fitting = _meant(fitting, node)
        if not fitting or self._is_botched_number(node):
            return checker.expected(self, node, path)
        for kind in fitting[:-1]:
            trial = checker.trial()
            value = trial.check(kind, node, path)
            if not trial.problems:
                checker.places.update(trial.places)
                return value
        return fitting[-1].check(checker, node, path)

    def _is_botched_number(self, node: Node) -> bool:
        """Whether a text was meant as a number, so that no other kind should report it."""
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            return False
        takes_number = any(isinstance(kind, Number | Integer) for kind in self.kinds)
        takes_text = any(
            isinstance(kind, Text) and node.value in (kind.choices or (node.value,))
            for kind in self.kinds
        )
        return takes_number and not takes_text and not looks_like_class(node.value)

    def words(self) -> str:
        return " or ".join(kind.words() for kind in self.kinds)

    def markdown(self) -> str:
        return "; or ".join(kind.markdown() for kind in self.kinds)

    def schema(self) -> Schema:
        return any_of([kind.schema() for kind in self.kinds])

    def hint(self, value: Any) -> str:
        return next(filter(None, (kind.hint(value) for kind in self.kinds)), "")

    def inner(self, key: str) -> Kind | None:
        sections = (kind.inner(key) for kind in self.kinds if isinstance(kind, SectionOf))
        return next(filter(None, sections), None)

    @property
    def component_groups(self) -> tuple[str, ...]:
        components = (kind for kind in self.kinds if isinstance(kind, ComponentOf))
        return tuple(group for kind in components for group in kind.groups)

    @property
    def sections(self) -> list[type]:
        return [section for kind in self.kinds for section in kind.sections]


def _meant(kinds: list[Kind], node: MappingNode) -> list[Kind]:
    """The kinds that a mapping's keys suggest: a section is recognized by its options."""
    for kind in kinds:
        if isinstance(kind, SectionOf):
            options = options_of(kind.type)
            if any(nearest(key, options, closeness=0.75) for key in node.entries):
                return [kind]
    return [kind for kind in kinds if not isinstance(kind, SectionOf)] or kinds


@dataclass(frozen=True)
class ComponentOf(Kind):
    """A component (in one of the four forms) of one of these groups of the catalogue."""

    shapes = frozenset((dict, str))

    groups: tuple[str, ...]

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        return checker.component(self, node, path)

    def words(self) -> str:
        return group_noun(self.groups[0], article=True)

    def markdown(self) -> str:
        return f"[{self.words()}](#{self.groups[0]})"

    def schema(self) -> Schema:
        return any_of([reference(group) for group in self.groups])

    @property
    def component_groups(self) -> tuple[str, ...]:
        return self.groups


@dataclass(frozen=True)
class ArgumentsOf(Kind):
    """The arguments of a component whose name is the key, as in `csv: rows.csv`."""

    is_named_by_key = True

    group: str
    name: str

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        return checker.arguments(self, node, path)

    def words(self) -> str:
        return f"the arguments of {group_noun(self.group, article=True)}"

    def markdown(self) -> str:
        return f"the arguments of [`{self.name}`](#{self.group})"

    def schema(self) -> Schema:
        return reference(f"{self.group}.{self.name}")


@dataclass(frozen=True)
class SectionOf(Kind):
    """A mapping with the fields of a dataclass of `schema`."""

    shapes = frozenset((dict,))

    type: type

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        return checker.section(self, node, path)

    def words(self) -> str:
        return f"a mapping with {first_of(keys_of(self.type), 3)}"

    def schema(self) -> Schema:
        options = options_of(self.type)
        properties = {name: _option_schema(item) for name, item in options.items()}
        holder = component_option(self.type)
        if holder is None:
            return {"type": "object", "properties": properties, "additionalProperties": False}
        del properties[holder]
        groups = options[holder].metadata["kind"].groups
        return {
            "type": "object",
            "properties": properties,
            "allOf": [reference(f"{group}:beside") for group in groups],
            "unevaluatedProperties": False,
        }

    def inner(self, key: str) -> Kind | None:
        options = options_of(self.type)
        return options[key].metadata["kind"] if key in options else None

    @property
    def sections(self) -> list[Any]:
        return [self.type]


def _option_schema(item: dataclasses.Field[Any]) -> Schema:
    """An option of a section; null means its default, so it is allowed if there is one."""
    kind, says = item.metadata["kind"], item.metadata["default_says"]
    described = {"description": item.metadata["doc"]}
    if says:
        described["description"] += f" Default: {says}."
    if item.metadata["required"]:
        return {**described, **kind.schema()}
    default: Schema = {}
    if not isinstance(kind, SectionOf) and not says:
        factory = item.default_factory
        value = item.default if factory is dataclasses.MISSING else factory()
        default = {} if value is None else {"default": to_plain(value)}
    return {**described, **default, **nullable(kind.schema())}


def reference(definition: str) -> Schema:
    """A reference to the schema of a group or a class."""
    return {"$ref": f"#/$defs/{definition}"}


def any_of(schemas: list[Schema]) -> Schema:
    """The schema of anything that fits one of several."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def nullable(schema: Schema) -> Schema:
    """The schema of something that may also be null."""
    if not schema:
        return schema
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}


def is_null(node: Node) -> bool:
    """Whether a node is null."""
    return isinstance(node, ScalarNode) and node.value is None
