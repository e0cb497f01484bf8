"""The config language as a JSON Schema, which lets editors complete and check configs.

It is derived from `schema` and the catalogue. `nnrun validate` also checks relations between parts
of a config, which a JSON Schema can't express.
"""

from collections.abc import Mapping
from typing import Any

from nnrun.config.catalogue import Argument, Catalogue, Entry
from nnrun.config.components import IMPORT_PATH
from nnrun.config.kind import Schema
from nnrun.config.nested_kinds import SectionOf, nullable, reference
from nnrun.config.options import options_of
from nnrun.config.schema import Experiment

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MERGED = ("optimizers", "schedules", "losses", "presets", "sources")
"""Groups of which a config has a single member. A file that extends another may leave out their
required arguments, so the schema requires none. Components in lists are replaced with their list.
"""
_BESIDE = ("layers", "applications")
"""The groups whose members are keys next to other options: in the layers of a graph."""


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
        "properties": {"extends": extends, **SectionOf(Experiment).schema()["properties"]},
        "additionalProperties": False,
        "anyOf": [{"required": ["extends"]}, {"required": required}],
        "$defs": definitions,
    }


def _group_definitions(catalogue: Catalogue, group: str) -> dict[str, Schema]:
    """The definition of a group (a choice), and of each of its classes."""
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


def _choice(entries: Mapping[str, Entry]) -> Schema:
    """A member of a group in each of its forms."""
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


def _under_their_classes(entries: Mapping[str, Entry]) -> Schema:
    """The members of a group as the keys of a mapping, each with its arguments."""
    with_arguments = {
        name: {"maxProperties": 0}
        if name == entry.alias == entry.name
        else reference(f"{entry.group}.{entry.name}")
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


def _component(entry: Entry) -> Schema:
    """The arguments of one class: by name, the first one alone, or none."""
    by_name: Schema = {
        "type": "object",
        "properties": {name: _argument(item) for name, item in entry.arguments.items()},
        "additionalProperties": entry.open,
    }
    required = _required(entry)
    if required:
        by_name["required"] = required
    forms = [by_name]
    first = next(iter(entry.arguments.values()), None)
    if first is not None and first.kind.schema():
        forms.append(first.kind.schema())
    elif first is not None:
        forms.append({"type": ["string", "number", "boolean", "array"]})
    if not required:
        forms.append({"type": "null"})
    return {"description": entry.summary, "anyOf": forms}


def _argument(argument: Argument) -> Schema:
    described: Schema = {"description": argument.doc} if argument.doc else {}
    if argument.default is not None:
        described["default"] = argument.default
    schema = argument.kind.schema()
    return {**described, **(schema if argument.required else nullable(schema))}
