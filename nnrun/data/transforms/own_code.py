"""Calls a user's transform class and checks what it returns.

Each call uses a new object, since a later command only has what `fit` returned.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from nnrun.data.json_values import plain_json
from nnrun.device import import_tensorflow
from nnrun.errors import ConfigError, Problem, UserError, is_out_of_memory
from nnrun.objects import first_line, instantiate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.config.components import Component

_METHODS = {"fit": "fit(self, rows)", "apply": "apply(self, rows, learnt)"}
_FEWEST_AXES = 2
"""The number of rows, and the shape of one."""


@dataclass(frozen=True)
class OwnCode:
    """A user's transform class, with its arguments.

    Attributes:
        component: How the config names it.
        device: The device to set up before its module may import TensorFlow.
    """

    component: Component
    device: str = "auto"

    @property
    def has_layers(self) -> bool:
        """Whether it has a `layers` method."""
        return callable(getattr(self._made(), "layers", None))

    def fit(self, rows: np.ndarray) -> Any:
        """What it learns from rows `(rows, *shape)`, as read back from JSON.

        Raises:
            ConfigError: It raises an error, or returns something that JSON cannot represent.
        """
        transform = self._made()
        with self.blamed("fit"), np.errstate(all="ignore"):  # what comes of it is looked at
            learnt = transform.fit(_unwritable(rows))
        try:
            return plain_json(learnt)
        except TypeError as error:
            hint = "give numbers, texts, lists and dictionaries; `array.tolist()` makes a list"
            self.refuse(f"fit gives {error}, which signature.json cannot hold", hint)

    def apply(self, rows: np.ndarray, learnt: Any) -> np.ndarray:
        """Apply it to rows `(rows, *shape)`; returns finite numbers, as many rows.

        Raises:
            ConfigError: It raises an error, or gives something else.
        """
        transform = self._made()
        with self.blamed("apply"), np.errstate(all="ignore"):
            turned = transform.apply(_unwritable(rows), copy.deepcopy(learnt))
        if not isinstance(turned, np.ndarray):
            self.refuse(f"apply gives a value of type {type(turned).__name__}, not a NumPy array")
        if turned.dtype.kind not in "fiub":
            self.refuse(f"apply gives an array of dtype {turned.dtype}, not of numbers")
        if turned.ndim < _FEWEST_AXES or 0 in turned.shape[1:]:
            hint = "a row is an array of its own, of one number at least"
            self.refuse(f"apply gives an array of shape {turned.shape}", hint)
        if len(turned) != len(rows):
            self.refuse(f"apply gives {len(turned):,} rows for {len(rows):,}")
        self.check_finite(turned)
        return turned

    def check_finite(self, rows: np.ndarray) -> None:
        """Check that the rows it returned are finite.

        Raises:
            ConfigError: They are not.
        """
        finite = np.isfinite(rows).all(axis=tuple(range(1, rows.ndim)))
        if not finite.all():
            first = int(finite.argmin())
            bad = f"{int((~finite).sum()):,} of {len(rows):,} rows"
            self.refuse(
                f"apply gives values that are not finite, in {bad}; the first is row {first}"
            )

    def layers(self, learnt: Any, dtype: str) -> list[Any]:
        """The Keras layers that, according to it, do the same as `apply`.

        Args:
            learnt: What it has learnt.
            dtype: The dtype they compute in, unless they set one.

        Raises:
            ConfigError: It raises an error, or gives something else.
        """
        import keras

        transform, policy = self._made(), keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)  # half of it cannot hold rows as they were read
        try:
            with self.blamed("layers"):
                returned = transform.layers(copy.deepcopy(learnt))
        finally:
            keras.config.set_dtype_policy(policy)
        layers = list(returned) if isinstance(returned, list | tuple) else [returned]
        for layer in layers:
            if not isinstance(layer, keras.Layer):
                self.refuse(
                    f"layers gives a value of type {type(layer).__name__}, not a Keras layer"
                )
        return layers

    def _made(self) -> Any:
        import_tensorflow(self.device)  # before its own module may do so, which would take longer
        with self.blamed("__init__"):
            transform = instantiate(self.component)
        missing = [
            how for name, how in _METHODS.items() if not callable(getattr(transform, name, None))
        ]
        if missing:
            names = " and no ".join(f"`{how.partition('(')[0]}`" for how in missing)
            hint = f"give it {' and '.join(f'`{how}`' for how in missing)}"
            raise self._problem(f"{self.component.name} is no transform: it has no {names}", hint)
        return transform

    @contextlib.contextmanager
    def blamed(self, method: str) -> Iterator[None]:
        """Within the block, report exceptions of the user's code as problems of the component."""
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            message = f"{self.component.name}.{method} raised {type(error).__name__}"
            hints = [self._line(error)]
            if "read-only" in str(error):
                hints.append("the rows are those of the data set itself; change a copy")
            hint = "; ".join(filter(None, hints))
            raise self._problem(f"{message}: {first_line(error)}", hint) from error

    def _line(self, error: Exception) -> str:
        """The line of the user's file that raised an error, in words; empty if none did."""
        module = sys.modules.get(self.component.name.partition(":")[0])
        file = getattr(module, "__file__", None)
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == file
        ]
        return f"look at line {lines[-1]} of {file}" if lines else ""

    def refuse(self, message: str, hint: str = "") -> NoReturn:
        """Refuse what a method returned; the text begins with the method's name.

        Raises:
            ConfigError: Always.
        """
        raise self._problem(f"{self.component.name}.{message}", hint)

    def _problem(self, message: str, hint: str) -> ConfigError:
        place, path = self.component.place, self.component.path
        return ConfigError([Problem(message, place, path, hint)])


def _unwritable(rows: np.ndarray) -> np.ndarray:
    """A read-only view of the rows."""
    seen = rows.view()
    seen.flags.writeable = False
    return seen
