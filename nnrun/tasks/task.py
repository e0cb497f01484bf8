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
    """What a model is to predict, and what follows from it.

    Args:
        name: What the config calls it: a name, or the import path of one of the user's own.
    """

    outline: ClassVar[TaskFacts]
    """What the rules of a config, the metrics and the reports must know of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = TASKS.get(name) or replace(self.outline, name=name)

    @abstractmethod
    def read(self, columns: Sequence[LabelColumn]) -> Targets:
        """The targets of the rows to train on, and what they mean.

        Args:
            columns: The columns to predict; no cell is missing.

        Raises:
            DataError: They hold what is no such target.
        """

    @abstractmethod
    def read_like(
        self, columns: Sequence[LabelColumn], spec: TargetSpec, source: str
    ) -> np.ndarray:
        """The targets of further rows, in the meaning of those before.

        Args:
            columns: The columns to predict.
            spec: What the targets mean.
            source: Where the rows before came from, for messages.

        Raises:
            DataError: A cell is missing, or holds what was not there before.
        """

    def ending(self, target: TargetSpec) -> tuple[int, str]:
        """The units and the activation of the output layer."""
        return self.facts.ending(len(target.classes), target.width, one_hot=target.one_hot)

    @abstractmethod
    def loss(self, target: TargetSpec, units: int, activation: str) -> Component:
        """The loss where the config names none.

        Args:
            target: What is predicted.
            units: Width of the model's output.
            activation: The last activation; "linear" for logits.
        """

    @abstractmethod
    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """What a model gives for `(rows, …)`, as the predictions that are reported.

        Of classes and labels these are probabilities `(rows, classes)`, of numbers values `(rows,)`
        or `(rows, columns)`.
        """

    @abstractmethod
    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """What the model was trained on, as the truth that predictions are reported beside."""

    def doubts(self, target: TargetSpec, parts: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Warnings about the targets, one line each.

        Args:
            target: What is predicted.
            parts: The targets of each part, by its name.
        """
        yield from ()


def keras_loss(name: str, *, from_logits: bool = False) -> Component:
    """A loss of Keras's, told that it takes logits where it does."""
    arguments: dict[str, Any] = {"from_logits": True} if from_logits else {}
    return Component(name, "losses", "keras.losses", arguments)
