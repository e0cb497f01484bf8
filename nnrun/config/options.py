"""The options of a config's sections: documented dataclass fields, and their plain values."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any

from nnrun.config.components import Component, Duration, TimeSpan
from nnrun.config.kind import Kind

REQUIRED = object()
"""The default of a required field."""


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
        default: Its default; REQUIRED if it must be given.
        factory: Creates its default.
        default_says: The default in words, if it is determined later.
        by_class: Whether its component's class is a key of the section next to the other options,
            like `Dense` in `{Dense: 30, from: hidden}`.
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
    """The options of a section: dataclass fields by their name in a config.

    Fields named after Python keywords, such as `from_`, lose the underscore.
    """
    declared = [item for item in fields(section) if "kind" in item.metadata]
    return {item.name.removesuffix("_"): item for item in declared}


def keys_of(section: type) -> dict[str, Any]:
    """The options of a section that are keys: all except a component under its class name."""
    options = options_of(section)
    return {name: item for name, item in options.items() if not item.metadata["by_class"]}


def component_option(section: type) -> str | None:
    """The option of a section whose component appears under its class name, if any."""
    options = options_of(section)
    return next((name for name, item in options.items() if item.metadata["by_class"]), None)


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """A checked value as plain YAML values.

    Args:
        value: An experiment, a section, a component, or anything in them.
        defaults: Whether to include options that have their default value.
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
    """Whether an option of a section has its default value."""
    item = options_of(type(section))[name]
    if item.metadata["required"]:
        return False
    made = item.default_factory is not MISSING
    return bool(getattr(section, item.name) == (item.default_factory() if made else item.default))
