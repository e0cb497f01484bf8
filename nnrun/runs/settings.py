"""What a run was configured with: the values of its `resolved.yaml` by dotted path."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import looks_like_class
from nnrun.config.plain_reader import read_plain
from nnrun.config.reader import MAX_BYTES
from nnrun.errors import RunError
from nnrun.reading import read_own
from nnrun.runs.atomic import describe_cause
from nnrun.runs.directory import RunDirectory

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Settings:
    """The values of a config.

    Attributes:
        values: By paths as people say them: a component is its class (`optimizer` is `Adam`) and
            its arguments follow at once (`optimizer.learning_rate`).
        exact: The other ways to the same values: those of `--set` (`optimizer.Adam.learning_rate`,
            `architecture.1.Dense.units`), and the entries of lists.
    """

    values: Mapping[str, Value]
    exact: Mapping[str, Value]

    def get(self, path: str) -> Value:
        """The value at a path; None where there is none."""
        return self.values.get(path, self.exact.get(path))


def read_config(directory: RunDirectory) -> dict[str, Any]:
    """A run's config with every default, as plain values.

    Raises:
        RunError: It is missing or damaged.
    """
    return _read(directory)[1]


def read_resolved(directory: RunDirectory) -> str:
    """The text of a run's config, which holds nothing but what nnrun writes: no other file's.

    Raises:
        RunError: It is missing or damaged.
    """
    return _read(directory)[0]


def _read(directory: RunDirectory) -> tuple[str, dict[str, Any]]:
    path = directory.resolved
    try:
        text = read_own(path, MAX_BYTES).decode()
        config = read_plain(text)
    except OSError as error:
        raise RunError(f"cannot read {path}: {describe_cause(error)}") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged: {_cause(error)}") from error
    if not isinstance(config, dict):
        raise RunError(f"{path} is damaged: it is no mapping")
    if "extends" in config:
        raise RunError(f"{path} is damaged: it extends another file")
    return text, config


def flatten(config: Mapping[str, Any]) -> Settings:
    """The values of a config by their paths.

    >>> settings = flatten({"optimizer": {"SGD": {"momentum": 0.9}}, "metrics": ["mae"]})
    >>> settings.values
    {'optimizer': 'SGD', 'optimizer.momentum': 0.9, 'metrics': 'mae'}
    >>> settings.get("optimizer.SGD.momentum"), settings.get("metrics.0")
    (0.9, 'mae')
    """
    settings = Settings({}, {})
    _flatten_mapping(config, "", settings.values, settings)
    return settings


def describe_component(value: Any) -> str:
    """A component in a few words: its class, and the values that say most.

    >>> describe_component({"Dense": {"units": 64, "activation": "relu"}})
    'Dense 64 relu'
    >>> describe_component("Flatten")
    'Flatten'
    """
    if not isinstance(value, Mapping):
        return _word(value)
    parts = []
    for name, arguments in value.items():
        held = arguments.values() if isinstance(arguments, Mapping) else [arguments]
        parts += [str(name), *(_word(item) for item in held if item is not None)]
    return " ".join(parts)


def _cause(error: ValueError) -> str:
    return "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)


def _flatten_mapping(
    mapping: Mapping[str, Any], prefix: str, into: Any, settings: Settings
) -> None:
    for key, value in mapping.items():
        _flatten_value(value, f"{prefix}{key}", into, settings)


def _flatten_value(value: Any, path: str, into: Any, settings: Settings) -> None:
    if isinstance(value, list):
        into[path] = ", ".join(describe_component(item) for item in value)
        _flatten_list(value, path, into, settings)
    elif not isinstance(value, Mapping):
        into[path] = value
    elif (component := _component(value)) is not None:
        name, arguments = component
        into[path] = name
        _flatten_mapping(arguments, f"{path}.", into, settings)
        _flatten_mapping(arguments, f"{path}.{name}.", settings.exact, settings)
    else:
        _flatten_mapping(value, f"{path}.", into, settings)


def _flatten_list(items: list[Any], path: str, into: Any, settings: Settings) -> None:
    """Entries by their number; components that stand there once by their class as well."""
    components = [_component(item) for item in items]
    names = [component[0] for component in components if component]
    for index, (item, component) in enumerate(zip(items, components, strict=True)):
        _flatten_value(item, f"{path}.{index}", settings.exact, settings)
        if component and names.count(component[0]) == 1:
            _flatten_mapping(component[1], f"{path}.{component[0]}.", into, settings)


def _component(value: Any) -> tuple[str, Mapping[str, Any]] | None:
    """The class and the arguments of a component that has arguments."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((name, arguments),) = value.items()
    return (name, arguments) if looks_like_class(name) and isinstance(arguments, Mapping) else None


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return describe_component(value)
    if isinstance(value, list):
        return f"[{', '.join(_words(value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(values: Iterable[Any]) -> Iterator[str]:
    return (_word(value) for value in values)
