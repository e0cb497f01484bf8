"""What a config may say that a plain Keras script cannot, told before any of it is written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.config.adapting import adapts
from nnrun.config.components import Component
from nnrun.config.graphs import Graph
from nnrun.config.options import options_of
from nnrun.config.writer import is_default
from nnrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.config.schema import Experiment

_WRITTEN = {
    "": {
        "version", "name", "seed", "modules", "dataset", "architecture", "loss", "metrics",
        "optimizer", "schedule", "regularization", "callbacks", "training", "runtime",
        "tensorboard", "expect",
    },
    "dataset": {
        "name", "csv", "target", "features", "task", "positive", "sample_weight", "split",
        "preprocess",
    },
    "dataset.split": {"validation", "test", "stratify", "shuffle"},
    "dataset.preprocess": {"scale", "standardize", "minmax", "one_hot"},
    "regularization": {"l1", "l2", "max_norm", "dropout", "batch_normalization", "clip"},
    "regularization.clip": {"norm", "global_norm", "value"},
    "training": {"epochs", "batch_size", "shuffle", "class_weight", "monitor"},
}  # fmt: skip
"""The options that a script follows, by their section. One that is new is refused until it does."""
_ABOUT_NNRUN = ("runtime", "tensorboard", "expect")
"""Sections that say how nnrun does its work, and nothing of the model."""
WATCHING = ("LayerMonitor", "Traces")
"""Callbacks of nnrun's that look on and change nothing: a script does without them."""
_HINT = "`nnrun train` does it"


def check_expressible(experiment: Experiment) -> None:
    """Refuse a config that says what no script would do.

    Raises:
        ConfigError: With everything that cannot be written as plain Keras.
    """
    problems = [
        Problem(f"{path} cannot be written as plain Keras", experiment.place_of(path), path, _HINT)
        for path in [*_unwritten("", experiment), *_models(experiment)]
    ]
    problems += [
        Problem(f"{one.name} cannot be written as plain Keras", one.place, one.path, _HINT)
        for one in experiment.callbacks
        if one.module and one.module.startswith("nnrun.") and one.name not in WATCHING
    ]
    if problems:
        raise ConfigError(problems)


def _unwritten(path: str, section: Any) -> Iterator[str]:
    """The paths of options that are set and that no line of the script comes from."""
    for name in options_of(type(section)):
        below, value = f"{path}.{name}".lstrip("."), getattr(section, name)
        if below in _ABOUT_NNRUN or is_default(section, name):
            continue
        if name not in _WRITTEN[path]:
            yield below
        elif below in _WRITTEN and dataclasses.is_dataclass(value):
            yield from _unwritten(below, value)


def _models(experiment: Experiment) -> Iterator[str]:
    """Architectures that are neither graphs nor layers in a line nor a preset."""
    declared: Any = experiment.architecture
    if isinstance(declared, Graph):
        layers = [node.layer for node in declared.nodes.values() if node.layer is not None]
        yield from (one.path for one in layers if one.group != "layers")
        return
    listed = [declared] if isinstance(declared, Component) else declared
    plain = isinstance(listed, list | tuple) and all(
        one.is_users_own or one.group in ("layers", "presets") for one in listed
    )
    if not plain:
        yield "architecture"
    else:
        yield from (one.path for one in listed if adapts(one))
