"""A run's config: its `resolved.yaml`, as a whole and by dotted path."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import as_component
from nnrun.config.plain_reader import read_plain
from nnrun.config.reader import MAX_BYTES
from nnrun.errors import RunError, UserError
from nnrun.runs.checksums import read_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.study_directory import StudyDirectory

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Settings:
    """The values of a config by path, in three layers.

    Attributes:
        values: By everyday paths: a component is its class (`optimizer` is `Adam`), followed
            directly by its arguments (`optimizer.learning_rate`); a list is one value.
        listed: The arguments of components in lists, if their class occurs only once
            (`callbacks.EarlyStopping.patience`).
        exact: Other paths to the same values: those of `--set` (`optimizer.Adam.learning_rate`,
            `architecture.1.Dense.units`), and the entries of lists.
    """

    values: Mapping[str, Any]
    listed: Mapping[str, Any]
    exact: Mapping[str, Any]

    @property
    def paths(self) -> list[str]:
        """The everyday paths."""
        return [*self.values, *self.listed]

    def __contains__(self, path: str) -> bool:
        return any(path in layer for layer in (self.values, self.listed, self.exact))

    def get(self, path: str) -> Value:
        """The value at a path, a list as text; None if there is none."""
        for layer in (self.values, self.listed, self.exact):
            if path in layer:
                value = layer[path]
                return describe_briefly(value) if isinstance(value, list) else value
        return None


NO_SETTINGS = Settings({}, {}, {})


def read_run_config(directory: RunDirectory, *, edited: bool = False) -> dict[str, Any]:
    """A run's config as plain values, read quickly without checking them.

    Args:
        directory: The run.
        edited: Whether to accept a file that has been changed.

    Raises:
        RunError: It is missing or damaged.
    """
    return _read(directory, edited=edited)[1]


def read_resolved(directory: RunDirectory | StudyDirectory, *, edited: bool = False) -> str:
    """The text of a run's config, after checking that it is one that nnrun wrote.

    Args:
        directory: The run.
        edited: Whether to accept a file that has been changed.

    Raises:
        RunError: It is missing or damaged.
    """
    return _read(directory, edited=edited)[0]


def _read(directory: RunDirectory | StudyDirectory, *, edited: bool) -> tuple[str, dict[str, Any]]:
    path = directory.resolved
    content = read_file(path, MAX_BYTES, check=not edited)
    try:
        text = content.decode()
        config = read_plain(text)
    except ValueError as error:
        raise RunError(f"{path} is damaged: {_cause(error)}") from error
    if not isinstance(config, dict):
        raise RunError(f"{path} is damaged: it is not a mapping")
    if "extends" in config:
        raise RunError(f"{path} is damaged: it extends another file")
    return text, config


def read_checked_config(directory: RunDirectory | StudyDirectory) -> dict[str, Any]:
    """The config of a run or a study as plain values, checked, with the defaults of this version of nnrun.

    That makes configs written by different versions comparable.

    Raises:
        RunError: It can't be read, or uses another version of the config language.
    """
    from nnrun.config.loading import load_experiment
    from nnrun.config.options import to_plain

    text = read_resolved(directory)
    try:
        config: dict[str, Any] = to_plain(load_experiment(directory.resolved, text=text))
    except UserError as error:
        raise RunError(
            f"{directory.resolved} cannot be read: {error.message.splitlines()[0]}"
        ) from error
    return config


def flatten(config: Mapping[str, Any]) -> Settings:
    """The values of a config by path.

    >>> settings = flatten({"optimizer": {"SGD": {"momentum": 0.9}}, "metrics": ["mae"]})
    >>> settings.values
    {'optimizer': 'SGD', 'optimizer.momentum': 0.9, 'metrics': ['mae']}
    >>> settings.get("optimizer.SGD.momentum"), settings.get("metrics"), settings.get("metrics.0")
    (0.9, 'mae', 'mae')
    """
    settings = Settings({}, {}, {})
    _flatten_mapping(config, "", settings.values, settings)
    return settings


def describe_briefly(value: Any) -> str:
    """A value of a config in a few words: for a component, its class and its arguments' values.

    >>> describe_briefly(["Flatten", {"Dense": {"units": 64, "activation": "relu"}}])
    'Flatten, Dense 64 relu'
    >>> describe_briefly({"MLP": {"hidden": [300, 100], "normalize": None}})
    'MLP [300, 100]'
    """
    if component := as_component(value):
        name, arguments = component
        held = (item for item in arguments.values() if item is not None)
        return " ".join([name, *map(_describe_argument, held)])
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe_briefly(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(describe_briefly, value))
    return describe_scalar(value)


def flat_settings(settings: Mapping[str, Any]) -> dict[str, float | str]:
    """Settings as numbers and words: a class beside its arguments, a list of numbers one by one.

    >>> flat_settings({"optimizer": {"SGD": {"momentum": 0.9}}, "architecture.MLP.hidden": [8, 4]})
    {'optimizer': 'SGD', 'SGD.momentum': 0.9, 'entries of hidden': 2, 'hidden.0': 8, 'hidden.1': 4}
    """
    return dict(
        part for path, value in settings.items() for part in _parts(short_path(path), value)
    )


def _parts(name: str, value: Any) -> Iterator[tuple[str, float | str]]:
    if component := as_component(value):
        kind, arguments = component
        yield name, kind
        for argument, item in arguments.items():
            yield from _parts(f"{kind}.{argument}", item)
    elif isinstance(value, list) and value and all(map(is_number, value)):
        yield f"entries of {name}", len(value)
        for place, item in enumerate(value):
            yield f"{name}.{place}", item
    else:
        yield name, value if is_number(value) else describe_briefly(value)


def short_path(path: str) -> str:
    """An option's name without the sections around it; a place in a list keeps the list's name.

    >>> short_path("training.batch_size"), short_path("architecture.MLP.hidden.0")
    ('batch_size', 'hidden.0')
    """
    names = path.split(".")
    return ".".join(names[-2:]) if names[-1].isdigit() else names[-1]


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def describe_scalar(value: Any) -> str:
    """A scalar as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _describe_argument(value: Any) -> str:
    return f"[{describe_briefly(value)}]" if isinstance(value, list) else describe_briefly(value)


def _cause(error: ValueError) -> str:
    return "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)


def _flatten_mapping(
    mapping: Mapping[str, Any], prefix: str, into: Any, settings: Settings
) -> None:
    for key, value in mapping.items():
        _flatten_value(value, f"{prefix}{key}", into, settings)


def _flatten_value(value: Any, path: str, into: Any, settings: Settings) -> None:
    if isinstance(value, list):
        into[path] = value
        _flatten_list(value, path, settings)
    elif not isinstance(value, Mapping):
        into[path] = value
    elif component := as_component(value):
        name, arguments = component
        into[path] = name
        _flatten_mapping(arguments, f"{path}.", into, settings)
        _flatten_mapping(arguments, f"{path}.{name}.", settings.exact, settings)
    else:
        _flatten_mapping(value, f"{path}.", into, settings)


def _flatten_list(items: list[Any], path: str, settings: Settings) -> None:
    """Entries by index; a component whose class occurs only once, also by its class."""
    components = [as_component(item) for item in items]
    names = [component[0] for component in components if component]
    for index, (item, component) in enumerate(zip(items, components, strict=True)):
        _flatten_value(item, f"{path}.{index}", settings.exact, settings)
        if component and names.count(component[0]) == 1:
            _flatten_mapping(component[1], f"{path}.{component[0]}.", settings.listed, settings)
