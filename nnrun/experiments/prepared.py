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
    """An experiment with its data at hand, checked against each other.

    Attributes:
        experiment: The checked config.
        splits: The rows.
        transforms: What was learnt from the training rows before the first step.
        warnings: What is doubtful about the data, in words.
        config: The config file.
        base: The run that the model is built on, if it is built on one.
    """

    experiment: Experiment
    splits: Splits
    transforms: Transforms
    warnings: tuple[str, ...]
    config: Path
    base: Base | None = None

    @property
    def signature(self) -> Signature:
        """What the model takes and gives."""
        return Signature.of(self.splits, self.transforms)

    @property
    def steps_per_epoch(self) -> int:
        """Training steps (batches) in an epoch, a partial last one counted."""
        return math.ceil(self.splits.train.rows / self.experiment.training.batch_size)
