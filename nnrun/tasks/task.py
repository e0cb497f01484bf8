"""The protocol of a task: everything that depends on what a model predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from nnrun.config.components import Component
from nnrun.config.tasks import TASKS, TaskFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from nnrun.tasks.target_cells import LabelColumn
    from nnrun.tasks.targets import Targets, TargetSpec


class Task(ABC):
    """What a model predicts, and everything that follows from that.

    Args:
        name: Its name in the config, or the import path of the user's own.
    """

    outline: ClassVar[TaskFacts]
    """What the config's rules, the metrics and the reports need to know about it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = TASKS.get(name) or replace(self.outline, name=name)

    @abstractmethod
    def read(self, columns: Sequence[LabelColumn]) -> Targets:
        """Read the targets of the data set, and what they mean.

        Args:
            columns: The target columns; no cell is missing.

        Raises:
            DataError: They don't hold such a target.
        """

    @abstractmethod
    def read_like(
        self, columns: Sequence[LabelColumn], spec: TargetSpec, source: str
    ) -> np.ndarray:
        """Read the targets of further rows, with the meaning of earlier ones.

        Args:
            columns: The target columns.
            spec: What the targets mean.
            source: Where the earlier rows came from, for messages.

        Raises:
            DataError: A cell is missing, or its value is unknown.
        """

    def ending(self, target: TargetSpec) -> tuple[int, str]:
        """The units and the activation of the output layer."""
        return self.facts.ending(len(target.classes), target.width, one_hot=target.one_hot)

    @abstractmethod
    def loss(self, target: TargetSpec, units: int, activation: str) -> Component:
        """The default loss.

        Args:
            target: The target.
            units: Width of the model's output.
            activation: The last activation; "linear" for logits.
        """

    @abstractmethod
    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """The model's outputs `(rows, …)` as reported predictions.

        For classes and labels, these are probabilities `(rows, classes)`; for numbers, values
        `(rows,)` or `(rows, columns)`.
        """

    @abstractmethod
    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """The targets as the truth that predictions are compared with."""

    def doubts(self, target: TargetSpec, parts: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Warnings about the targets, one line each.

        Args:
            target: What is predicted.
            parts: The targets of each part, by its name.
        """
        yield from ()


def keras_loss(name: str, *, from_logits: bool = False) -> Component:
    """One of Keras's losses, with `from_logits` set if it takes logits."""
    arguments: dict[str, Any] = {"from_logits": True} if from_logits else {}
    return Component(name, "losses", "keras.losses", arguments)
