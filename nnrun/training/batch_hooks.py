"""Callbacks within an epoch: a chunk of steps ends wherever a callback is due."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from nnrun.config.components import Component
from nnrun.errors import Problem

HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")
EVERY_STEP = 1
MANY_STEPS = 1000
"""Steps from which on it is told that a call after each of them takes time."""


def _of_save_freq(callback: Any) -> int | None:
    return None if callback.save_freq == "epoch" else int(callback.save_freq)


def _of_tensorboard(callback: Any) -> int | None:
    # It counts the calls: what it writes at every tenth step takes all ten.
    looks = callback.update_freq != "epoch" or callback.write_steps_per_second
    return EVERY_STEP if looks or callback._should_trace else None


_KERAS: dict[str, Callable[[Any], int | None]] = {
    "ModelCheckpoint": _of_save_freq,
    "OrbaxCheckpoint": _of_save_freq,  # of newer versions of Keras
    "TensorBoard": _of_tensorboard,
    "TerminateOnNaN": lambda _: None,  # a loss that is not finite ends any training
    "BackupAndRestore": lambda one: None if one.save_freq == "epoch" else EVERY_STEP,
}
"""How many steps lie between two calls that each of Keras's hooks needs; None where it needs none."""


def period(callback: Any) -> int | None:
    """How many training steps lie between two calls of a callback.

    Returns:
        1 for a class of the user's own with a hook for batches, as `model.fit` calls it; None for a
        callback that does without, which is called wherever a chunk happens to end.
    """
    wanted = [_period_of_hook(callback, name) for name in HOOKS]
    return min([number for number in wanted if number is not None], default=None)


def _period_of_hook(callback: Any, name: str) -> int | None:
    hook = _function(callback, name)
    if hook is getattr(keras.callbacks.Callback, name):
        return None
    for known, period_of in _KERAS.items():
        if hook is getattr(getattr(keras.callbacks, known, None), name, None):
            return period_of(callback)
    return EVERY_STEP


def _function(callback: Any, name: str) -> Any:
    method = getattr(callback, name)
    return getattr(method, "__func__", method)


def periods(callbacks: Sequence[Any]) -> set[int]:
    """The periods of all callbacks that count training steps."""
    return {every for callback in callbacks if (every := period(callback)) is not None}


def slow_callbacks(
    components: Sequence[Component], callbacks: Sequence[Any], steps: int
) -> Iterator[Problem]:
    """A warning for each callback whose calls after every step take a second or more.

    Args:
        components: What the config declares.
        callbacks: Keras's objects, in the same order.
        steps: Training steps of all epochs.
    """
    if steps < MANY_STEPS:
        return
    for component, callback in zip(components, callbacks, strict=True):
        if period(callback) == EVERY_STEP:
            message = (
                f"{component.name} is called at each of {steps:,} training steps, as model.fit "
                "calls it; that takes a millisecond or more a step"
            )
            hint = "hooks for epochs alone cost nothing"
            yield Problem(message, component.place, component.path, hint, severity="warning")


def steps_to_call(wanted: set[int], done: int) -> int | None:
    """How many steps remain until the next callback is due.

    >>> steps_to_call({3, 5}, done=9), steps_to_call(set(), done=9)
    (1, None)
    """
    return min((every - done % every for every in wanted), default=None)


def watches_evaluation(callbacks: Sequence[Any]) -> bool:
    """Whether a callback counts evaluation batches, which must then be as large as in `fit`."""
    return any(_watches(callback) for callback in callbacks)


def _watches(callback: Any) -> bool:
    hooks = {_function(callback, name) for name in TEST_HOOKS}
    if not hooks.isdisjoint(_of_class(keras.callbacks.TensorBoard)):
        return bool(callback.update_freq != "epoch")
    return not hooks <= _of_class(keras.callbacks.Callback)


def _of_class(kind: type) -> set[Any]:
    return {vars(kind)[name] for name in TEST_HOOKS if name in vars(kind)}
