"""The options of a config's sections: dataclass fields that say what they mean, and their plain values."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any

from nnrun.config.components import Component, Duration, TimeSpan
from nnrun.config.kind import Kind

REQUIRED = object()
"""The default of a field that must be given."""


def option(
    doc: str,
    kind: Kind,
    default: Any = None,
    *,
    factory: Any = None,
    default_says: str = "",
    by_class: bool = False,
) -> Any:
    """A field of a section.

    Args:
        doc: What the option means.
        kind: The values it takes.
        default: Its default; REQUIRED where it must be given.
        factory: Makes its default.
        default_says: The default in words, where it is worked out later.
        by_class: Whether its component stands in the section under its own class, beside the other
            options, as `Dense` does in `{Dense: 30, from: hidden}`.
    """
    metadata = {
        "doc": doc,
        "kind": kind,
        "required": default is REQUIRED,
        "default_says": default_says,
        "by_class": by_class,
    }
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=None if default is REQUIRED else default, metadata=metadata)


def options_of(section: type) -> dict[str, Any]:
    """The declared options of a section: dataclass fields by the name they have in a config.

    That of a field named like a word of Python's, such as `from_`, has no underscore.
    """
    declared = [item for item in fields(section) if "kind" in item.metadata]
    return {item.name.removesuffix("_"): item for item in declared}


def keys_of(section: type) -> dict[str, Any]:
    """The options of a section that are keys of it: all but a component under its own class."""
    options = options_of(section)
    return {name: item for name, item in options.items() if not item.metadata["by_class"]}


def component_option(section: type) -> str | None:
    """The option of a section whose component stands there under its own class, if it has one."""
    options = options_of(section)
    return next((name for name, item in options.items() if item.metadata["by_class"]), None)


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """A checked value as plain YAML values.

    Args:
        value: An experiment, a section, a component, or what they hold.
        defaults: Whether options that have their default value are written too.
    """
    if isinstance(value, Component):
        arguments = {key: to_plain(item) for key, item in value.arguments.items()}
        return {value.name: arguments} if arguments else value.name
    if isinstance(value, Duration | TimeSpan):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _section_to_plain(value, defaults=defaults)
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def _section_to_plain(section: Any, *, defaults: bool) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, item in options_of(type(section)).items():
        value = getattr(section, item.name)
        if not defaults and is_default_option(section, name):
            continue
        if item.metadata["by_class"]:
            plain |= _under_its_class(value)
            continue
        nested = to_plain(value, defaults=defaults)
        if item.metadata["kind"].is_named_by_key and value is not None:
            nested = to_plain(value.arguments)
        if value is not None or item.metadata["required"]:
            plain[name] = nested
    return plain


def _under_its_class(component: Component | None) -> dict[str, Any]:
    if component is None:
        return {}
    return {component.name: {key: to_plain(item) for key, item in component.arguments.items()}}


def is_default_option(section: Any, name: str) -> bool:
    """Whether an option of a section has the value it would have if it were left out."""
    item = options_of(type(section))[name]
    if item.metadata["required"]:
        return False
    made = item.default_factory is not MISSING
    return bool(getattr(section, item.name) == (item.default_factory() if made else item.default))
