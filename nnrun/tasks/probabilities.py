"""Turns a model's outputs into probabilities."""

import numpy as np


def as_probabilities(outputs: np.ndarray, *, logits: bool) -> np.ndarray:
    """A classifier's outputs as probabilities of each class.

    Args:
        outputs: `(rows, classes)`, or `(rows, 1)` for the second of two classes.
        logits: Whether they are logits, without sigmoid or softmax.

    Returns:
        float64 `(rows, classes)`; each row sums to 1.
    """
    if outputs.shape[1] == 1:
        second = as_label_probabilities(outputs, logits=logits)
        return np.hstack([1 - second, second])
    outputs = outputs.astype(np.float64)
    if logits:
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    total = outputs.sum(axis=1, keepdims=True)
    alike = np.full_like(outputs, 1 / outputs.shape[1])  # where nothing is likely
    return np.asarray(np.divide(outputs, total, out=alike, where=total > 0))


def as_label_probabilities(outputs: np.ndarray, *, logits: bool) -> np.ndarray:
    """The outputs of independent units as probabilities; float64 of the same shape.

    Args:
        outputs: Of any shape.
        logits: Whether they are logits, without sigmoid.
    """
    outputs = outputs.astype(np.float64)
    # Not 1 / (1 + exp(-x)), which overflows for large negative x.
    return 0.5 * (1 + np.tanh(outputs / 2)) if logits else np.clip(outputs, 0, 1)
