"""The config's own values as a setting of its search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnrun.config.components import as_component, looks_like_class
from nnrun.config.defaults import UNKNOWN, default_of, is_default_argument, without_defaults
from nnrun.config.domains import Choices, Constant, Domain, Filled, same
from nnrun.config.merging import keys_of_path
from nnrun.config.options import to_plain
from nnrun.config.space import Coupling

if TYPE_CHECKING:
    from nnrun.config.schema import Experiment
    from nnrun.config.space import Dimension, Setting, Space


def own_setting(experiment: Experiment, space: Space) -> Setting | None:
    """The setting equal to an experiment's own values; None if the space doesn't contain them.

    Args:
        experiment: The checked config.
        space: What its search varies.
    """
    plain = to_plain(experiment)
    setting: dict[str, Any] = {}
    for dimension in space.dimensions:
        value = _own_value(plain, dimension)
        if value is UNKNOWN:
            return None
        setting |= dimension.setting_of(value)
    return setting if space.answers(setting) is not None else None


def _own_value(plain: Mapping[str, Any], dimension: Dimension) -> Any:
    """The value of a dimension in a config; UNKNOWN if it is not in the domain."""
    if not isinstance(dimension, Coupling):
        return _as_in(dimension.domain, _value_at(plain, dimension.name))
    entries = dimension.domain.entries if isinstance(dimension.domain, Choices) else ()
    for entry in entries:
        if isinstance(entry, Filled) and isinstance(entry.parts, Mapping):
            values = {
                path: _as_in(part, _value_at(plain, path)) for path, part in entry.parts.items()
            }
            if UNKNOWN not in values.values():
                return values
    return UNKNOWN


def _value_at(plain: Any, path: str) -> Any:
    """The plain value at a path; the default for an argument left out, null for an option."""
    owner = ""
    for key in keys_of_path(path):
        if isinstance(plain, str) and plain.casefold() == key.casefold():
            plain = {}  # a class without arguments
        elif isinstance(plain, list):
            plain = plain[int(key)] if key.isdigit() and int(key) < len(plain) else UNKNOWN
        elif isinstance(plain, dict):
            names = {name.casefold(): name for name in plain}
            missing = default_of(owner, key) if looks_like_class(owner) else None
            plain = plain[names[key.casefold()]] if key.casefold() in names else missing
        else:
            return UNKNOWN
        owner = key
    return plain


def _as_in(domain: Domain, own: Any) -> Any:
    """The value of a domain that is equivalent to one of a config; UNKNOWN if there is none."""
    if own is UNKNOWN:
        return UNKNOWN
    if domain.answers(own, "") is not None:
        return own
    if isinstance(domain, Constant):
        is_same = same(without_defaults(own), without_defaults(domain.value))
        return domain.value if is_same else UNKNOWN
    if isinstance(domain, Choices):
        values = (_as_in(entry, own) for entry in domain.entries)
        return next((value for value in values if value is not UNKNOWN), UNKNOWN)
    if isinstance(domain, Filled):
        return _filled(domain, own)
    return UNKNOWN


def _filled(domain: Filled, own: Any) -> Any:
    """The same for a list, or for a class whose omitted arguments have their defaults."""
    if not isinstance(domain.parts, Mapping):
        if not isinstance(own, list) or len(own) != len(domain.parts):
            return UNKNOWN
        items = [_as_in(part, item) for part, item in zip(domain.parts, own, strict=True)]
        return UNKNOWN if UNKNOWN in items else items
    component = as_component(own)
    if component is None or list(domain.parts) != [component[0]]:
        return UNKNOWN
    name, given = component
    held = domain.parts[name]
    if not isinstance(held, Filled) or not isinstance(held.parts, Mapping):
        alone = next(iter(given.values())) if len(given) == 1 else UNKNOWN
        value = _as_in(held, alone)
        return UNKNOWN if value is UNKNOWN else {name: value}
    parts = held.parts
    if not all(key in parts or is_default_argument(name, key, given[key]) for key in given):
        return UNKNOWN
    values = {
        key: _as_in(part, given[key] if key in given else default_of(name, key))
        for key, part in parts.items()
    }
    return UNKNOWN if UNKNOWN in values.values() else {name: values}
