"""How the options of a config's sections are declared: dataclass fields that say what they mean."""

from dataclasses import field, fields
from typing import Any

from nnrun.config.kinds import Kind

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
