"""Scales labels for the loss, by numbers fitted to the training rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.config.label_scales import MINMAX, STANDARDIZE
from nnrun.data.json_values import check_all
from nnrun.data.statistics import Statistics, measure
from nnrun.data.transforms.transform import Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.data.splits import InputSpec, Splits
    from nnrun.tasks.targets import TargetSpec

NAME = "labels"


@dataclass(frozen=True)
class ScaleLabels:
    """Scales numeric targets, each column separately, as in `LABEL_SCALES`."""

    how: str
    name: str = NAME

    def fit(self, splits: Splits, before: Sequence[Fitted] = ()) -> ScaledLabels:
        """Measure the scale of each target in float64; see `Transform.fit`.

        A column that is constant in the training rows becomes 0 there.
        """
        del before
        return ScaledLabels(
            {
                name: _scale(self.how, measure(splits.train.targets[name]))
                for name, target in splits.targets.items()
                if target.can_be_scaled
            }
        )

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> ScaledLabels:
        """See `Transform.restore`."""
        del inputs
        scales = {
            name: (tuple(values["scale"]), tuple(values["offset"]))
            for name, values in learnt.items()
        }
        for name, (scale, offset) in scales.items():
            check_all(float, scale, offset)
            if not len(scale) == len(offset) == targets[name].width or min(scale) <= 0:
                raise TypeError(scale)
        return ScaledLabels(scales)


@dataclass(frozen=True)
class ScaledLabels(Fitted):
    """How labels are scaled.

    Attributes:
        scales: By the target's name, the scale and offset of each column.
    """

    scales: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    name: str = NAME

    def targets(self, targets: Mapping[str, TargetSpec]) -> dict[str, TargetSpec]:
        """See `Fitted.targets`."""
        return {
            name: replace(target, scale=self.scales[name][0], offset=self.scales[name][1])
            if name in self.scales
            else target
            for name, target in targets.items()
        }

    def to_json(self) -> dict[str, Any]:
        """See `Fitted.to_json`."""
        return {
            name: {"scale": list(scale), "offset": list(offset)}
            for name, (scale, offset) in self.scales.items()
        }


def scale_labels(target: TargetSpec, labels: np.ndarray) -> np.ndarray:
    """Labels `(rows, columns)` scaled for the loss, in float64; unchanged without a scale."""
    if not target.scale:
        return labels
    return np.asarray((labels - np.array(target.offset)) / np.array(target.scale))


def _scale(how: str, statistics: Statistics) -> tuple[tuple[float, ...], tuple[float, ...]]:
    least, most = statistics.least, statistics.most
    if how == STANDARDIZE:
        scale, offset = np.sqrt(statistics.variance), statistics.mean
    elif how == MINMAX:
        scale, offset = most - least, least
    else:
        scale, offset = (most - least) / 2, (most + least) / 2
    scale = np.where(least == most, 1.0, scale)
    return tuple(scale.tolist()), tuple(offset.tolist())
