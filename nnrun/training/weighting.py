"""Weights of rows or of classes → one weight per row."""

from collections.abc import Mapping

import numpy as np

from nnrun.data.splits import Splits
from nnrun.tasks.targets import TargetSpec
from nnrun.training.engines import Resident, make_resident


def make_resident_training(
    splits: Splits, class_weight: str | Mapping[str, float] | None
) -> Resident:
    """Put the training rows on the device, each with its weight."""
    return make_resident(splits.train, training_weights(splits, class_weight))


def training_weights(
    splits: Splits, class_weight: str | Mapping[str, float] | None
) -> np.ndarray | None:
    """The weight of each training row: its own, or its class's from `row_weights`."""
    if class_weight is None:
        return splits.train.weights
    ((name, target),) = splits.targets.items()  # Keras weighs no classes of several outputs
    return row_weights(splits.train.targets[name], target, class_weight)


def row_weights(
    labels: np.ndarray, target: TargetSpec, class_weight: str | Mapping[str, float] | None
) -> np.ndarray | None:
    """The weight of each training row in the loss; None if all weigh the same.

    `balanced` gives a class the weight rows / (classes * rows of the class), as scikit-learn's
    `class_weight="balanced"` does; a mapping gives classes by name or by integer label their
    weight, and all others 1.

    Args:
        labels: Integers `(rows,)`, or one-hot rows `(rows, classes)`.
        target: What the labels mean.
        class_weight: As in the config.

    Returns:
        A float32 array `(rows,)`.
    """
    if class_weight is None:
        return None
    integers = labels.argmax(axis=1) if target.one_hot else labels
    classes = len(target.classes)
    if isinstance(class_weight, str):
        counts = np.bincount(integers, minlength=classes)
        table = len(integers) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        by_label = {str(label): label for label in range(classes)}
        by_label |= {name: label for label, name in enumerate(target.classes)}
        table = np.ones(classes)
        for key, weight in class_weight.items():
            table[by_label[key]] = weight
    weights: np.ndarray = table[integers].astype(np.float32)
    return weights
