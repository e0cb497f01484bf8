"""The config language as a JSON Schema, by which editors complete and check configs.

It is derived from `schema` and the catalogue. `nnrun validate` checks more: what must hold between
the parts of a config cannot be said here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nnrun.config.catalogue import Argument, Catalogue, Entry
from nnrun.config.components import IMPORT_PATH
from nnrun.config.kinds import (
    Anything,
    ArgumentsOf,
    Boolean,
    ComponentOf,
    FilePath,
    Integer,
    Kind,
    ListOf,
    MapOf,
    Number,
    OneOf,
    SectionOf,
    Share,
    Steps,
    Text,
)
from nnrun.config.options import component_option, options_of
from nnrun.config.schema import Experiment
from nnrun.config.writer import to_plain

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Schema = dict[str, Any]

_MERGED = ("optimizers", "schedules", "losses", "presets", "sources")
"""Groups of which a config names one: a file that extends another may leave out what that one says.

So nothing is required of them here. Components that stand in lists are replaced with their list.
"""
_BESIDE = ("layers", "applications")
"""The groups whose members stand in a section beside other options: in the layers of a graph."""
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "above": "exclusiveMinimum",
    "below": "exclusiveMaximum",
}


def build_schema(catalogue: Catalogue) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of configs, for the Keras that the catalogue describes."""
    options = options_of(Experiment)
    required = [name for name, item in options.items() if item.metadata["required"]]
    extends = {"type": "string", "description": "The file that this one is merged over."}
    definitions = {
        name: definition
        for group in catalogue.groups
        for name, definition in _group_definitions(catalogue, group).items()
    }
    return {
        "$schema": DIALECT,
        "title": "nnrun config",
        "description": f"An experiment with Keras {catalogue.keras_version}.",
        "type": "object",
        "properties": {"extends": extends, **_properties(Experiment)},
        "additionalProperties": False,
        "anyOf": [{"required": ["extends"]}, {"required": required}],
        "$defs": definitions,
    }


def _properties(section: type) -> _Schema:
    return {name: _option(item) for name, item in options_of(section).items()}


def _option(item: dataclasses.Field[Any]) -> _Schema:
    """One option of a section; null leaves it to its default, so it is allowed where there is one."""
    kind, says = item.metadata["kind"], item.metadata["default_says"]
    described = {"description": item.metadata["doc"]}
    if says:
        described["description"] += f" Default: {says}."
    if item.metadata["required"]:
        return {**described, **_schema_of(kind)}
    default: _Schema = {}
    if not isinstance(kind, SectionOf) and not says:
        made = item.default_factory
        value = item.default if made is dataclasses.MISSING else made()
        default = {} if value is None else {"default": to_plain(value)}
    return {**described, **default, **_nullable(_schema_of(kind))}


def _nullable(schema: _Schema) -> _Schema:
    if not schema:
        return schema
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}


def _schema_of(kind: Kind) -> _Schema:
    return _SCHEMAS[type(kind)](kind)


def _bounds(kind: Any) -> _Schema:
    return {
        keyword: getattr(kind, bound)
        for bound, keyword in _BOUNDS.items()
        if getattr(kind, bound, None) is not None
    }


def _text(kind: Text) -> _Schema:
    if kind.choices:
        return {"enum": list(kind.choices)}
    return {"type": "string", **({"pattern": f"^({kind.pattern})$"} if kind.pattern else {})}


def _section(kind: SectionOf) -> _Schema:
    properties, holder = _properties(kind.type), component_option(kind.type)
    if holder is None:
        return {"type": "object", "properties": properties, "additionalProperties": False}
    del properties[holder]
    groups = options_of(kind.type)[holder].metadata["kind"].groups
    return {
        "type": "object",
        "properties": properties,
        "allOf": [_reference(f"{group}:beside") for group in groups],
        "unevaluatedProperties": False,
    }


def _value(kind: Kind) -> _Schema:
    """A value of a mapping; a section of which nothing is said may be left empty."""
    schema = _schema_of(kind)
    return _nullable(schema) if isinstance(kind, SectionOf) else schema


_SCHEMAS: dict[type, Callable[[Any], _Schema]] = {
    Anything: lambda _: {},
    ArgumentsOf: lambda kind: _reference(f"{kind.group}.{kind.name}"),
    Boolean: lambda _: {"type": "boolean"},
    ComponentOf: lambda kind: _any_of([_reference(group) for group in kind.groups]),
    FilePath: lambda _: {"type": "string", "minLength": 1},
    Integer: lambda kind: {"type": "integer", **_bounds(kind)},
    ListOf: lambda kind: {
        "type": "array",
        "items": _schema_of(kind.item),
        **({"minItems": kind.minimum} if kind.minimum else {}),
    },
    MapOf: lambda kind: {"type": "object", "additionalProperties": _value(kind.value)},
    Number: lambda kind: {"type": "number", **_bounds(kind)},
    OneOf: lambda kind: _any_of([_schema_of(inner) for inner in kind.kinds]),
    SectionOf: _section,
    Share: lambda _: _any_of([{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]),
    Steps: lambda _: _any_of(
        [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\s*\S+\s*epochs?\s*$"}]
    ),
    Text: _text,
}


def _reference(definition: str) -> _Schema:
    return {"$ref": f"#/$defs/{definition}"}


def _any_of(schemas: list[_Schema]) -> _Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _group_definitions(catalogue: Catalogue, group: str) -> dict[str, _Schema]:
    """The definition of a group, which is a choice, and one for each of its classes."""
    entries: dict[str, Entry] = {}
    for name in (*catalogue.names(group), *catalogue.aliases(group)):
        entry = catalogue.find(group, name)
        if entry is not None and not entry.refused:
            entries[name] = entry
    return {
        group: _choice(entries),
        **({f"{group}:beside": _under_their_classes(entries)} if group in _BESIDE else {}),
        **{
            f"{group}.{name}": _component(entry)
            for name, entry in entries.items()
            if name == entry.name and not entry.alias
        },
    }


def _choice(entries: Mapping[str, Entry]) -> _Schema:
    """A member of a group in each of the forms it may have."""
    bare = [name for name, entry in entries.items() if not _required(entry)]
    return {
        "anyOf": [
            {"enum": bare},
            {"type": "string", "pattern": f"^{IMPORT_PATH}$"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                **_under_their_classes(entries),
                "additionalProperties": False,
            },
        ]
    }


def _under_their_classes(entries: Mapping[str, Entry]) -> _Schema:
    """The members of a group as the keys of a mapping, each with its arguments."""
    with_arguments = {
        name: {"maxProperties": 0}
        if name == entry.alias == entry.name
        else _reference(f"{entry.group}.{entry.name}")
        for name, entry in entries.items()
    }
    return {
        "properties": with_arguments,
        "patternProperties": {f"^{IMPORT_PATH}$": {"type": ["object", "null"]}},
    }


def _required(entry: Entry) -> list[str]:
    if entry.group in _MERGED:
        return []
    return [argument.name for argument in entry.arguments.values() if argument.required]


def _component(entry: Entry) -> _Schema:
    """The arguments of one class: by name, the first one alone, or none."""
    by_name: _Schema = {
        "type": "object",
        "properties": {name: _argument(item) for name, item in entry.arguments.items()},
        "additionalProperties": entry.open,
    }
    required = _required(entry)
    if required:
        by_name["required"] = required
    forms = [by_name]
    first = next(iter(entry.arguments.values()), None)
    if first is not None and _schema_of(first.kind):
        forms.append(_schema_of(first.kind))
    elif first is not None:
        forms.append({"type": ["string", "number", "boolean", "array"]})
    if not required:
        forms.append({"type": "null"})
    return {"description": entry.summary, "anyOf": forms}


def _argument(argument: Argument) -> _Schema:
    described: _Schema = {"description": argument.doc} if argument.doc else {}
    if argument.default is not None:
        described["default"] = argument.default
    schema = _schema_of(argument.kind)
    return {**described, **(schema if argument.required else _nullable(schema))}
