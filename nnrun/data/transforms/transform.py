"""The protocol of transforms, and of fitted transforms."""

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
        """The key of its learnt values in `signature.json`."""

    def fit(self, splits: Splits, before: Sequence[Fitted]) -> Fitted:
        """Learn from the training rows only.

        Args:
            splits: The data, as the transforms before it leave them.
            before: Those transforms, fitted.
        """

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> Fitted:
        """Read the output of `to_json`, which may come from an untrusted file.

        Args:
            learnt: That output.
            inputs: The model's inputs.
            targets: What it predicts.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: It is not valid.
        """


class Fitted(ABC):
    """A fitted transform; subclasses define what it does.

    Attributes:
        name: That of the transform.
        turns_rows: Whether it changes the rows before the training; otherwise it is part of the
            model.
    """

    name: str
    turns_rows: ClassVar[bool] = False

    def apply(self, rows: Arrays) -> Arrays:
        """Apply it to rows of any of the inputs."""
        return rows

    def before(self, inputs: Mapping[str, InputSpec]) -> Mapping[str, InputSpec]:
        """The inputs before it, given those after it."""
        return inputs

    def statistics(self, name: str, statistics: Statistics) -> Statistics:
        """The statistics of an input's rows after it; measured anew if it changes the rows."""
        del name
        return statistics

    def renamed(self, inputs: Sequence[str]) -> Fitted | None:
        """The same for a model with these input names; None if it does not apply to inputs."""
        del inputs
        return None

    def targets(self, targets: Mapping[str, TargetSpec]) -> Mapping[str, TargetSpec]:
        """The targets, with their learnt scales."""
        return targets

    @property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """What layers have learnt: arguments, by the layer's path in the config."""
        return {}

    def has_layers(self, name: str) -> bool:
        """Whether it has Keras layers equivalent to `apply` for an input."""
        del name
        return True

    def layers(self, name: str, spec: InputSpec, *, prefix: str = "") -> Sequence[Any]:
        """Keras layers equivalent to `apply` for an input.

        Args:
            name: The input.
            spec: The input as the model takes it.
            prefix: The prefix of the layers' names, if a model has several inputs.
        """
        del name, spec, prefix
        return ()

    def check(self, inputs: Mapping[str, InputSpec]) -> None:
        """Check that, as restored, it produces rows that the model takes.

        Raises:
            ConfigError: It doesn't.
        """
        del inputs

    @abstractmethod
    def to_json(self) -> Any:
        """What it has learnt, as JSON values that read back to the same bits."""
