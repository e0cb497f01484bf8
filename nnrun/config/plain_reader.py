"""A fast reader for YAML that nnrun wrote: plain values, without positions or hints."""

from typing import Any

import yaml

from nnrun.config.reader import MAX_BYTES, MAX_DEPTH, resolve_scalar

# Libyaml's parser where PyYAML was built with it: ten times as fast. Only its events are used, so
# that no constructor and no resolver of PyYAML's ever runs.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_plain(text: str) -> Any:
    """Read one YAML document as dictionaries, lists and scalars, by YAML 1.2's reading of scalars.

    Args:
        text: The output of `writer.write_yaml`: no aliases, no tags.

    Raises:
        ValueError: It is not YAML, or contains something that nnrun never writes.

    >>> read_plain("optimizer: {Adam: {learning_rate: 1e-4}}")
    {'optimizer': {'Adam': {'learning_rate': 0.0001}}}
    """
    if len(text) > MAX_BYTES:
        raise ValueError("it is too large")
    try:
        return _build(yaml.parse(text, Loader=_Loader))
    except (yaml.YAMLError, OverflowError) as error:
        raise ValueError("it is not YAML") from error


def _build(events: Any) -> Any:
    """Build the value of a document from its events, without recursion."""
    holders: list[dict[str, Any] | list[Any]] = [[]]
    keys: list[str | None] = [None]  # of the innermost mapping: the key that awaits its value
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                raise ValueError("it has tags")
            value = resolve_scalar(event.value) if event.style in (None, "") else event.value
            if isinstance(holders[-1], dict) and keys[-1] is None:
                keys[-1] = event.value
            else:
                _put(holders, keys, value)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            holder: dict[str, Any] | list[Any]
            holder = {} if isinstance(event, yaml.MappingStartEvent) else []
            if event.tag is not None or (isinstance(holders[-1], dict) and keys[-1] is None):
                raise ValueError("it has tags or keys that are no text")
            _put(holders, keys, holder)
            holders.append(holder)
            keys.append(None)
            if len(holders) > MAX_DEPTH:
                raise ValueError("it is nested too deep")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            holders.pop()
            keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise ValueError("it has aliases")
    (document,) = holders[0]
    return document


def _put(holders: list[Any], keys: list[str | None], value: Any) -> None:
    if isinstance(holders[-1], dict):
        holders[-1][keys[-1]] = value
        keys[-1] = None
    else:
        holders[-1].append(value)
