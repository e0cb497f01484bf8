"""An experiment with its data at hand."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from nnrun.data.signature import Signature

if TYPE_CHECKING:
    from pathlib import Path

    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Splits
    from nnrun.data.transforms.chain import Transforms
    from nnrun.experiments.base import Base


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An experiment with its data, checked against each other.

    Attributes:
        experiment: The checked config.
        splits: The rows.
        transforms: The fitted transforms.
        warnings: Warnings about the data.
        config: The config file.
        base: The run that the model is built on, if any.
    """

    experiment: Experiment
    splits: Splits
    transforms: Transforms
    warnings: tuple[str, ...]
    config: Path
    base: Base | None = None

    @property
    def signature(self) -> Signature:
        """The signature of the model."""
        return Signature.of(self.splits, self.transforms)

    @property
    def steps_per_epoch(self) -> int:
        """Training steps (batches) per epoch, including a partial last one."""
        return math.ceil(self.splits.train.rows / self.experiment.training.batch_size)
