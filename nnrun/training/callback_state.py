"""The callbacks' own state ↔ JSON and named arrays: patience, best values, best weights.

Keras keeps such state in plain attributes, and has no way to save it. So the attributes of every
callback are saved that are numbers, texts, arrays, or lists and mappings of these; what else it
holds (functions, files, the model) is as its constructor made it. So are what Keras's own callbacks
were given as arguments, and the names of the files that they write: the config alone says these.
"""

import functools
import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from nnrun.errors import RunError
from nnrun.reading import open_own
from nnrun.runs.atomic import describe_cause
from nnrun.training.recording import Recorder

ARRAYS = "callback/"
"""What the names of the callbacks' arrays begin with."""


_LOGGING = frozenset(vars(keras.callbacks.CSVLogger("")))
"""What a callback that appends to a file holds to write it; opened anew, it holds others."""

_WEIGHTS = "best_weights"
"""The one list in the state of Keras's own callbacks."""

_ARRAY, _TUPLE, _FILE = "array", "tuple", "file_bytes"
_NOT_STATE = {"_model", "params", "_params", _FILE}
_WRAPPED = "wrapped"
_LARGEST = float(np.finfo(np.float32).max)


class _NotSavableError(Exception):
    """A value that is not a number, text or array, or a container of these."""


def capture_callbacks(
    callbacks: Sequence[Any],
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Copies of the callbacks' state.

    Returns:
        For each callback a mapping that JSON knows, by attribute, and the arrays that these refer
        to, by name.
    """
    arrays: dict[str, np.ndarray] = {}
    states = []
    for number, callback in enumerate(callbacks):
        packing = _Packing(f"{ARRAYS}{number}/{type(callback).__name__}", arrays)
        states.append(packing.pack_attributes(callback))
    return states, arrays


def appended_files(
    callbacks: Sequence[Any], states: Sequence[Mapping[str, Any]], run: Path
) -> dict[str, int]:
    """The files that callbacks append to, by their paths in the run, and their sizes."""
    return {
        os.path.relpath(file, run): state[_FILE]
        for callback, state in zip(callbacks, states, strict=True)
        if (file := _appended_file(callback)) and _FILE in state
    }


def prepare_callbacks(callbacks: Sequence[Any], states: Sequence[Mapping[str, Any]]) -> None:
    """Have callbacks that append to a file continue it; called before they begin."""
    for callback, state in zip(callbacks, states, strict=True):
        file = _appended_file(callback)
        if file:
            size = state.get(_FILE, 0)
            if type(size) is not int or size < 0:
                raise RunError(f"{file} cannot have {size!r:.40} bytes")
            _cut(file, size)
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.append = True


def restore_callbacks(
    callbacks: Sequence[Any],
    states: Sequence[Mapping[str, Any]],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Restore the state that `capture_callbacks` took; called after they have begun.

    Raises:
        ValueError: If these are other callbacks.
    """
    if len(callbacks) != len(states):
        raise ValueError(f"{len(states)} callbacks were saved, and there are {len(callbacks)}")
    for callback, state in zip(callbacks, states, strict=True):
        held = vars(callback)
        values = {name: _unpack(value, arrays) for name, value in state.items()}
        kept = {
            name: one for name, one in values.items() if _is_state(callback, name, held.get(name))
        }
        if _is_keras(type(callback)):
            for name, value in kept.items():
                _check_kind(callback, name, value)
        held.update(kept)
        if isinstance(callback, Recorder):
            callback.restored()


def _check_kind(callback: Any, name: str, value: Any) -> None:
    """Check that an attribute of one of Keras's own callbacks may have this value.

    Raises:
        ValueError: It cannot.
    """
    held = vars(callback).get(name)
    is_method = hasattr(type(callback), name)
    if value is None:
        fits = held is None and not is_method
    elif name == _WEIGHTS:
        shapes = [tuple(variable.shape) for variable in callback.model.weights]
        fits = isinstance(value, list) and list(map(np.shape, value)) == shapes
    elif isinstance(held, bool) or isinstance(value, bool):
        fits = type(held) is type(value)
    else:
        # No method may go, nor the function that a figure is compared with the best by.
        fits = _is_figure(value) and not is_method and name != "monitor_op"
    if not fits:
        raise ValueError(f"{type(callback).__name__}.{name} cannot be {value!r:.40}")


def _is_number(value: Any) -> bool:
    """Whether a value is a number, or an array of NumPy's that is one; truth values are none."""
    if isinstance(value, np.generic | np.ndarray):
        return value.shape == () and value.dtype.kind in "iufV"
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_figure(value: Any) -> bool:
    """Whether a value is a number that Keras can compare with a figure, as float32."""
    return _is_number(value) and not _LARGEST < abs(float(value)) < float("inf")


def _is_state(callback: Any, name: str, value: Any) -> bool:
    """Whether an attribute is part of a callback's state, and not one of its arguments."""
    if isinstance(callback, Recorder):
        return name in callback.state
    if name in _NOT_STATE | _arguments(callback.__class__):
        return False
    if name in _LOGGING and _appended_file(callback):
        return False
    plain = value is None or isinstance(value, bool) or _is_number(value)
    return plain or name == _WEIGHTS or not _is_keras(type(callback))


def _appended_file(callback: Any) -> Path | None:
    """The file that a callback appends to, which belongs to its state; None for most callbacks."""
    appends = isinstance(callback, keras.callbacks.CSVLogger) or hasattr(callback, "write_into")
    name = getattr(callback, "filename", None) if appends else None
    return Path(name) if name else None


@functools.cache
def _arguments(kind: type) -> frozenset[str]:
    """The arguments of Keras's own constructors.

    Keras turns the sign of `min_delta` when it first compares: it must not find it turned already.
    """
    constructors = [
        vars(base)["__init__"]
        for base in kind.__mro__[:-1]
        if "__init__" in vars(base) and _is_keras(base)
    ]
    return frozenset(name for made in constructors for name in inspect.signature(made).parameters)


def _is_keras(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras"


class _Packing:
    """Turns attributes into JSON values, and collects their arrays."""

    def __init__(self, prefix: str, arrays: dict[str, np.ndarray]) -> None:
        self.prefix = prefix
        self.arrays = arrays

    def pack_attributes(self, callback: Any) -> dict[str, Any]:
        state: dict[str, Any] = {}
        file = _appended_file(callback)
        if file and file.exists():
            state[_FILE] = file.stat().st_size
        for name, value in vars(callback).items():
            if not _is_state(callback, name, value):
                continue
            try:
                state[name] = self._pack(value, name)
            except _NotSavableError:
                continue
        return state

    def _pack(self, value: Any, where: str) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (np.ndarray, np.generic)):
            return self._pack_array(np.array(value), where)
        if isinstance(value, (list, tuple)):
            items = [self._pack(item, f"{where}/{index}") for index, item in enumerate(value)]
            return items if isinstance(value, list) else {_WRAPPED: _TUPLE, "items": items}
        if isinstance(value, dict):
            keys = self._pack(list(value), f"{where}/keys")
            items = self._pack(list(value.values()), where)
            return {_WRAPPED: "dict", "keys": keys, "items": items}
        raise _NotSavableError

    def _pack_array(self, array: np.ndarray, where: str) -> dict[str, Any]:
        if array.dtype.kind not in "biufV" or array.dtype.names:
            raise _NotSavableError
        name = f"{self.prefix}/{where}"
        self.arrays[name] = array
        return {_WRAPPED: _ARRAY, "name": name}


def _unpack(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if value[_WRAPPED] == _ARRAY:
        array = arrays[value["name"]]
        return array if array.shape else array[()]
    if value[_WRAPPED] == _TUPLE:
        return tuple(_unpack(item, arrays) for item in value["items"])
    return dict(zip(_unpack(value["keys"], arrays), _unpack(value["items"], arrays), strict=True))


def _cut(file: Path, size: int) -> None:
    """Cut off what was written to a file after the state was saved.

    Raises:
        RunError: It is a link, which may lead out of the run.
    """
    try:
        with open(open_own(file, os.O_RDWR), "rb+") as opened:  # noqa: PTH123 - of a descriptor
            if os.fstat(opened.fileno()).st_size > size:
                opened.truncate(size)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"cannot write {file}: {describe_cause(error)}") from error


def model_arrays(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of a snapshot that belong to the model."""
    return {name: array for name, array in arrays.items() if not name.startswith(ARRAYS)}
