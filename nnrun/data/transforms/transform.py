"""What a transform is, and what it has learnt from the training rows before the first step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.data.splits import Arrays, InputSpec, Splits
    from nnrun.data.statistics import Statistics
    from nnrun.tasks.targets import TargetSpec


class Transform(Protocol):
    """Something that learns from the training rows before the first step."""

    @property
    def name(self) -> str:
        """Under which what it has learnt stands in `signature.json`."""

    def fit(self, splits: Splits, before: Sequence[Fitted]) -> Fitted:
        """Learn from the training rows, and from no others.

        Args:
            splits: The data, as the transforms before it have turned them.
            before: What these have learnt.
        """

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> Fitted:
        """Read what `to_json` gave; it may come from a stranger.

        Args:
            learnt: That.
            inputs: What goes into the model.
            targets: What it predicts.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: It is not that.
        """


class Fitted(ABC):
    """What a transform has learnt; a kind of its own says what it does with that.

    Attributes:
        name: That of the transform.
        turns_rows: Whether the rows are turned before the training; else it is part of the model.
    """

    name: str
    turns_rows: ClassVar[bool] = False

    def apply(self, rows: Arrays) -> Arrays:
        """Rows of inputs, of any number of them, as it makes them."""
        return rows

    def before(self, inputs: Mapping[str, InputSpec]) -> Mapping[str, InputSpec]:
        """What the inputs are before it, of what they are after it."""
        return inputs

    def statistics(self, name: str, statistics: Statistics) -> Statistics:
        """The statistics of an input's rows after it; of rows that it turns, they are measured."""
        del name
        return statistics

    def renamed(self, inputs: Sequence[str]) -> Fitted | None:
        """The same for another model, whose inputs are called so; None where it is not of inputs."""
        del inputs
        return None

    def targets(self, targets: Mapping[str, TargetSpec]) -> Mapping[str, TargetSpec]:
        """The targets, with what it has learnt of them."""
        return targets

    @property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """What layers of the config have learnt: arguments by the layer's path."""
        return {}

    def has_layers(self, name: str) -> bool:
        """Whether there are Keras layers that do to an input's rows what `apply` does."""
        del name
        return True

    def layers(self, name: str, spec: InputSpec, *, prefix: str = "") -> Sequence[Any]:
        """Keras layers that do to an input's rows what `apply` does.

        Args:
            name: The input.
            spec: What its rows are to the model.
            prefix: What the layers' names begin with, where a model has several inputs.
        """
        del name, spec, prefix
        return ()

    def check(self, inputs: Mapping[str, InputSpec]) -> None:
        """See that what it was restored from makes rows that the model takes.

        Raises:
            ConfigError: It does not.
        """
        del inputs

    @abstractmethod
    def to_json(self) -> Any:
        """What was learnt, as plain values that read back to the same bits."""
