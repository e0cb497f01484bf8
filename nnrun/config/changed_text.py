"""A config with changes written into it, to be trained from a file of its own."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component, uses_own_code
from nnrun.config.kinds import FilePath, Share
from nnrun.config.loading import load_experiment
from nnrun.config.merging import keys_of_path, read_text
from nnrun.config.options import options_of, to_plain
from nnrun.config.plain_reader import read_plain
from nnrun.config.reader import plain_value, read_yaml
from nnrun.config.schema import Experiment
from nnrun.config.text_editing import with_first_entry, with_value_at
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError


def with_changes(config: Path, changes: Sequence[str], target: Path) -> str:
    """The text of a config with changes in it, to be written to another file.

    Comments and the order of things stay. The new text declares what the config does with the
    changes: it is read again, and where that cannot be had by editing, every default is written out.

    Args:
        config: The config file.
        changes: The changes, of the form `training.epochs=5`.
        target: Where the text will stand; file names in it are relative to that.

    Raises:
        ConfigError: The config has mistakes, or the changes make some.
    """
    wanted = load_experiment(config, changes)
    text = read_text(config)
    try:
        for change in changes:
            path, _, value = change.partition("=")
            text = with_value_at(text, keys_of_path(path), read_plain(value))
        if config.resolve().parent != target.resolve().parent:
            text = _moved(text, config, wanted, target)
        reread = load_experiment(target, text=text)
        if reread.name != wanted.name:
            text = with_first_entry(text, "name", wanted.name)
        reread = load_experiment(target, text=text)
        if _declared(reread, target) == _declared(wanted, config):
            return text
    except (LookupError, ConfigError, ValueError):
        pass  # an alias is shared, or a list is that of another file: it is written out
    return experiment_to_yaml(wanted)


def _moved(text: str, config: Path, wanted: Experiment, target: Path) -> str:
    """The text with the files that it names as they are called from the folder of its new place."""
    old, new = config.resolve().parent, target.resolve().parent
    base = plain_value(read_yaml(text, str(target))).get("extends")
    if base is not None:
        text = with_value_at(text, ["extends"], os.path.relpath(old / base, new))
    for keys, file in _files(wanted):
        text = with_value_at(text, keys, os.path.relpath(file, new))
    if uses_own_code(wanted) and wanted.modules is None:
        text = with_value_at(text, ["modules"], os.path.relpath(old, new))
    return text


def _declared(experiment: Experiment, config: Path) -> dict[str, Any]:
    """All that a config declares, its files by their whole names, however it calls them."""
    plain: dict[str, Any] = to_plain(experiment)
    for keys, file in _files(experiment):
        *outer, last = keys
        reduce(getitem, outer, plain)[last] = os.path.realpath(file)
    if uses_own_code(experiment):
        plain["modules"] = os.path.realpath(experiment.modules or config.parent)
    return plain


def _files(section: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The files that a section names, each with the keys that lead to its name."""
    for name, item in options_of(type(section)).items():
        value, kind = getattr(section, item.name), item.metadata["kind"]
        below = (*keys, name)
        if isinstance(value, str) and isinstance(kind, FilePath | Share):
            yield below, value
        elif isinstance(value, Component) and kind.is_named_by_key:
            entry = load_catalogue().find(value.group, value.name)
            for argument in entry.arguments.values() if entry else ():
                if isinstance(argument.kind, FilePath) and argument.name in value.arguments:
                    yield (*below, argument.name), value.arguments[argument.name]
        elif dataclasses.is_dataclass(value) and not isinstance(value, Component):
            yield from _files(value, below)
