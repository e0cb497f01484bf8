"""What a plain Keras script cannot express, reported before anything is written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.config.components import is_import_path
from nnrun.config.options import is_default_option, options_of
from nnrun.config.roles import roles_of
from nnrun.config.schema import SOURCE_KEYS
from nnrun.config.split import Fold
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
        *SOURCE_KEYS, "classes", "target", "features", "task", "positive", "sample_weight", "split",
        "preprocess",
    },
    "dataset.sample_weight": {"column", "validation"},
    "dataset.split": {"validation", "test", "stratify", "shuffle"},
    "dataset.preprocess": {"scale", "standardize", "minmax", "one_hot", "transforms", "target"},
    "regularization": {"l1", "l2", "max_norm", "dropout", "batch_normalization", "clip"},
    "regularization.clip": {"norm", "global_norm", "value"},
    "training": {"epochs", "batch_size", "shuffle", "class_weight", "monitor", "mode", "fine_tune"},
    "training.fine_tune": {"after_epoch", "learning_rate", "unfreeze"},
}  # fmt: skip
"""The options that a script follows, by their section. One that is new is refused until it does."""
_ABOUT_NNRUN = ("runtime", "tensorboard", "expect")
"""Sections that say how nnrun does its work, and nothing of the model."""
WATCHING = ("LayerMonitor", "Traces")
"""Callbacks of nnrun's that look on and change nothing: a script does without them."""
_HINT = "train with `nnrun train`, or leave it out"


def check_expressible(experiment: Experiment) -> None:
    """Refuse a config that a script could not reproduce.

    Raises:
        ConfigError: With everything that cannot be written as plain Keras.
    """
    problems = [
        Problem(
            "`nnrun code` does not know how to write this option, and a script without it would do "
            "something else",
            experiment.place_of(path),
            path,
            _HINT,
        )
        for path in _unwritten("", experiment)
    ]
    problems += [
        Problem(
            f"{callback.name} works between the steps of nnrun's own training loop, which a script that "
            "calls `fit` does not have",
            callback.place,
            callback.path,
            _HINT,
        )
        for callback in experiment.callbacks
        if (callback.module or "").startswith("nnrun.") and callback.name not in WATCHING
    ]
    problems += [
        Problem(
            f"`nnrun code` knows tasks of nnrun's own, and cannot tell what {aim.task} does",
            experiment.place_of("dataset.task"),
            "dataset.task",
            _HINT,
        )
        for aim in roles_of(experiment).aims.values()
        if is_import_path(aim.task)
    ]
    if problems:
        raise ConfigError(problems)


def _unwritten(path: str, section: Any) -> Iterator[str]:
    """The paths of options that are set but have no effect on the script."""
    for name in options_of(type(section)):
        below, value = f"{path}.{name}".lstrip("."), getattr(section, name)
        if below in _ABOUT_NNRUN or is_default_option(section, name):
            continue
        if name not in _WRITTEN[path] or isinstance(value, Fold):
            yield below
        elif below in _WRITTEN and dataclasses.is_dataclass(value):
            yield from _unwritten(below, value)
