"""Layers of the model that adapt to the training rows, as with Keras's `adapt`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnrun.data.json_values import arguments_of_layers
from nnrun.data.transforms.transform import Fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nnrun.data.splits import InputSpec, Splits
    from nnrun.tasks.targets import TargetSpec

NAME = "adapting"

Learnt = dict[str, dict[str, Any]]
"""What layers have learnt: arguments, by the layer's path in the config."""


@dataclass(frozen=True)
class AdaptLayers:
    """Adapts layers of the model.

    Attributes:
        learn: Builds the model up to the last of them, and returns what each has learnt; None if
            that is only to be restored.
    """

    learn: Callable[[Splits, Sequence[Fitted]], Learnt] | None = None
    name: str = NAME

    def fit(self, splits: Splits, before: Sequence[Fitted]) -> AdaptedLayers:
        """See `Transform.fit`."""
        if self.learn is None:
            raise RuntimeError("there is nothing that layers could adapt in")
        return AdaptedLayers(self.learn(splits, before))

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> AdaptedLayers:
        """See `Transform.restore`."""
        del inputs, targets
        return AdaptedLayers(arguments_of_layers(learnt))


@dataclass(frozen=True)
class AdaptedLayers(Fitted):
    """What layers of the model have learnt; the model has it as their arguments."""

    learnt: Mapping[str, Mapping[str, Any]]
    name: str = NAME

    @property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """See `Fitted.arguments`."""
        return self.learnt

    def to_json(self) -> Mapping[str, Mapping[str, Any]]:
        """See `Fitted.to_json`."""
        return self.learnt
