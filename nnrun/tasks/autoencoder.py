"""The autoencoder: predicts the model's own input after preprocessing."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NoReturn

from nnrun.config.tasks import TASKS
from nnrun.tasks.regression import Regression
from nnrun.tasks.targets import TargetColumn, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from nnrun.tasks.target_cells import LabelColumn


class Autoencoder(Regression):
    """Predicts its input: numbers, or pictures."""

    outline = TASKS["autoencoder"]

    def read(self, columns: Sequence[LabelColumn]) -> NoReturn:
        """Not supported, since the target is not a column; see `target_of_input`."""
        raise TypeError("an autoencoder predicts its input, and no column")

    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """Pictures as they are, else float64 `(rows, columns)`."""
        return raw if len(target.shape) > 1 else super().outputs(raw, target, logits=logits)

    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Pictures as they are, else float64 `(rows, columns)`."""
        return labels if len(target.shape) > 1 else super().truth(labels, target)


def target_of_input(
    task: str, name: str, shape: tuple[int, ...], features: Sequence[str]
) -> TargetSpec:
    """The target that is an input of the model.

    Args:
        task: The task.
        name: The input.
        shape: The shape of a row.
        features: The columns that go into it; empty for pictures.
    """
    columns = tuple(map(TargetColumn, features)) if len(features) > 1 else ()
    return TargetSpec(task, width=prod(shape), columns=columns, input=name, shape=shape)
