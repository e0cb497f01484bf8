"""Layers of the model that learn something from the training rows, as Keras's `adapt` has them do."""

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
"""What layers have learnt: arguments by the path of the layer in the config."""


@dataclass(frozen=True)
class AdaptLayers:
    """Has layers of the model adapt.

    Attributes:
        learn: Builds the model up to the last of them, and gives what each has learnt; None where
            that is only restored.
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
    """What layers of the model have learnt; as their arguments, it stands in the model itself."""

    learnt: Mapping[str, Mapping[str, Any]]
    name: str = NAME

    @property
    def arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """See `Fitted.arguments`."""
        return self.learnt

    def to_json(self) -> Mapping[str, Mapping[str, Any]]:
        """See `Fitted.to_json`."""
        return self.learnt
