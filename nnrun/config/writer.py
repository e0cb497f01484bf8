"""An experiment → YAML text that, read again, declares the same experiment."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml

from nnrun.config.components import Component, Duration
from nnrun.config.kinds import ArgumentsOf
from nnrun.config.options import options_of
from nnrun.config.reader import resolve_scalar
from nnrun.config.schema import Experiment

_TAGS = {
    type(None): "tag:yaml.org,2002:null",
    bool: "tag:yaml.org,2002:bool",
    int: "tag:yaml.org,2002:int",
    float: "tag:yaml.org,2002:float",
    str: "tag:yaml.org,2002:str",
}
_RARE_LINE_ENDS = frozenset("\x85\u2028\u2029")
_SPECIAL = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which quotes whatever YAML 1.2 would not read back as text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out; a config needs no anchors."""
        del data
        return True

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag that our reader would give; PyYAML's own resolvers are those of YAML 1.1."""
        if kind is yaml.ScalarNode:
            return _TAGS[type(resolve_scalar(value)) if implicit[0] else str]
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"

    def represent_number(self, number: float) -> yaml.ScalarNode:
        """A float with all its digits: `1e-05` and not PyYAML's `1.0e-05`."""
        text = repr(number)
        return self.represent_scalar(_TAGS[float], _SPECIAL.get(text, text))

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A text; PyYAML alone would fold the rarer line ends into spaces."""
        style = '"' if _RARE_LINE_ENDS.intersection(text) else None
        return self.represent_scalar(_TAGS[str], text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(float, _Dumper.represent_number)


def write_yaml(value: Any) -> str:
    """Plain values as YAML text: block style, keys in their order, numbers that read back exactly."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=2**20,
        default_flow_style=False,
    )
    return text


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """A checked value as plain YAML values.

    Args:
        value: An experiment, a section, a component, or what they hold.
        defaults: Whether options that have their default value are written too.
    """
    if isinstance(value, Component):
        arguments = {key: to_plain(item) for key, item in value.arguments.items()}
        return {value.name: arguments} if arguments else value.name
    if isinstance(value, Duration):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
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
        if isinstance(item.metadata["kind"], ArgumentsOf) and value is not None:
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
    made = item.default_factory is not dataclasses.MISSING
    return bool(getattr(section, item.name) == (item.default_factory() if made else item.default))


def experiment_to_yaml(experiment: Experiment) -> str:
    """The whole experiment, every default written out; it trains again alone."""
    return write_yaml(to_plain(experiment))
