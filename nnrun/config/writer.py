"""Writes an experiment as YAML text that declares the same experiment when read again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from nnrun.config.options import to_plain
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
        """The tag that our reader would assign; PyYAML's resolvers are those of YAML 1.1."""
        if kind is yaml.ScalarNode:
            return _TAGS[type(resolve_scalar(value)) if implicit[0] else str]
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"

    def represent_number(self, number: float) -> yaml.ScalarNode:
        """A float with all its digits: `1e-05`, unlike PyYAML's `1.0e-05`."""
        text = repr(number)
        return self.represent_scalar(_TAGS[float], _SPECIAL.get(text, text))

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A text; by default, PyYAML would fold unusual line ends into spaces."""
        style = '"' if _RARE_LINE_ENDS.intersection(text) else None
        return self.represent_scalar(_TAGS[str], text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(float, _Dumper.represent_number)


def write_yaml(value: Any) -> str:
    """Plain values as YAML text: block style, keys in order, numbers that read back exactly."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=2**20,
        default_flow_style=False,
    )
    return text


def write_flow(value: Any) -> str:
    """A plain value as YAML text on one line.

    >>> write_flow({"SGD": {"learning_rate": 1e-05, "nesterov": True}}), write_flow("no: 1")
    ('{SGD: {learning_rate: 1e-05, nesterov: true}}', "'no: 1'")
    """
    text: str = yaml.dump(
        [value],
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=2**20,
        default_flow_style=True,
    )
    return text.strip()[1:-1]


def overrides_of(setting: Mapping[str, Any]) -> tuple[str, ...]:
    """Values by path as changes to a config, of the form `training.epochs=5`.

    >>> overrides_of({"optimizer": {"SGD": {"momentum": 0.9}}, "schedule": None})
    ('optimizer={SGD: {momentum: 0.9}}', 'schedule=null')
    """
    return tuple(f"{path}={write_flow(value)}" for path, value in setting.items())


def experiment_to_yaml(experiment: Experiment) -> str:
    """The whole experiment with every default, to train again by itself.

    Options that ask for many runs are left out, since they are not part of one.
    """
    return write_yaml(to_plain(replace(experiment, seeds=None, folds=None, search=None)))
