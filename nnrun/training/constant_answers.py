"""The losses to compare a model with: of one answer for all rows, and of the right answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from nnrun.config.tasks import NUMBERS
from nnrun.tasks.targets import TargetSpec

MOST_NUMBERS = 4_000_000
"""No more numbers of the labels are looked at: rows from all over stand for the others."""

_MEANS = ("sum_over_batch_size", "mean")
_LEAST_SHARE = 1e-7
_SURENESS = (1.0, 0.99, 0.95, 0.9, 0.8)
"""What a right answer gives its class: all, or less where labels are smoothed."""


@dataclass(frozen=True)
class References:
    """The two ends of a loss's scale.

    Attributes:
        guess: That of the best answer that is the same for every row.
        perfect: That of answers which are all right.
    """

    guess: float
    perfect: float


def find_references(
    loss: Any, target: TargetSpec, width: int, seen: np.ndarray, asked: np.ndarray
) -> References | None:
    """The losses of guessing and of perfect answers, measured with the loss itself.

    Args:
        loss: A Keras loss, or a function of labels and predictions.
        target: What is predicted.
        width: Numbers that the model gives for a row.
        seen: Labels that the answer which is the same for all rows is made of.
        asked: Labels of the rows that the loss is of.

    Returns:
        Both; None where the loss cannot be measured so.
    """
    seen, asked = _some_rows(seen), _some_rows(asked)
    if getattr(loss, "reduction", "mean") not in _MEANS:
        return None
    try:
        labels = _labels(asked, target, width)
        guesses = [
            _mean(loss, asked, np.broadcast_to(answer, (len(asked), *answer.shape)))
            for answer in _same_answers(_labels(seen, target, width), target, logits=_logits(loss))
        ]
        known = [_mean(loss, asked, right) for right in _right_answers(labels, target, loss)]
    except Exception:  # noqa: BLE001 - a loss of the user's own may do anything with such answers
        return None
    finite = [value for value in guesses if np.isfinite(value)]
    best = [value for value in known if np.isfinite(value)]
    if not finite or not best or min(finite) <= min(best):
        return None
    return References(min(finite), min(best))


def output_width(model: Any, name: str) -> int:
    """The width of an output: numbers per row or, for pictures, in the last axis."""
    output = model.outputs[0] if len(model.outputs) == 1 else model.output[name]
    return int(output.shape[-1])


def penalty_of(model: Any) -> float | None:
    """What the regularizers add to the loss; None if layers add losses of their own."""
    if any(_adds_more(layer) for layer in model._flatten_layers()):
        return None
    penalized = [weight for weight in model.trainable_variables if weight.regularizer is not None]
    return float(sum(float(weight.regularizer(weight)) for weight in penalized))


def _adds_more(layer: Any) -> bool:
    return bool(layer._losses) or getattr(layer, "activity_regularizer", None) is not None


def _some_rows(labels: np.ndarray) -> np.ndarray:
    most = max(1, MOST_NUMBERS // max(1, int(np.prod(labels.shape[1:]))))
    if len(labels) <= most:
        return labels
    return np.asarray(labels[np.linspace(0, len(labels) - 1, most).astype(int)])


def _labels(labels: np.ndarray, target: TargetSpec, width: int) -> np.ndarray:
    """The labels in the form of the model's outputs, `(rows, width)`."""
    if target.classes and width > 1 and labels.ndim == 1:
        eye: np.ndarray = np.eye(width, dtype=np.float32)[labels]
        return eye
    return np.asarray(labels.reshape(len(labels), -1) if labels.ndim == 1 else labels, np.float32)


def _same_answers(labels: np.ndarray, target: TargetSpec, *, logits: bool) -> Iterator[np.ndarray]:
    """Candidates for the best constant answer, `(width,)` each; which is best depends on the loss."""
    mean = labels.mean(axis=0)
    if target.predicts == NUMBERS:
        yield mean
        yield np.median(labels, axis=0)
        return
    shares = np.clip(mean, _LEAST_SHARE, 1 - _LEAST_SHARE).astype(np.float32)
    likely = shares >= (shares.max() if target.classes and len(shares) > 1 else 0.5)
    if logits:
        yield np.log(shares)
        yield np.log(shares / (1 - shares))
    else:
        yield shares
        yield likely.astype(np.float32)
        yield 2 * likely.astype(np.float32) - 1


def _right_answers(labels: np.ndarray, target: TargetSpec, loss: Any) -> Iterator[np.ndarray]:
    """Right answers; for classes, more and less confident ones, since smoothed labels want the latter."""
    if target.predicts == NUMBERS:
        yield labels
        return
    others = max(1, labels.shape[1] - 1)
    for sure in _SURENESS:
        answers = labels * sure + (1 - labels) * (1 - sure) / others
        if _logits(loss):
            clipped = np.clip(answers, _LEAST_SHARE, 1 - _LEAST_SHARE)
            yield np.log(clipped / (1 - clipped) if others == 1 else clipped)
        else:
            yield answers
    if not _logits(loss):
        yield 2 * labels - 1


def _logits(loss: Any) -> bool:
    arguments = getattr(loss, "_fn_kwargs", {})
    return bool(getattr(loss, "from_logits", False) or arguments.get("from_logits"))


def _mean(loss: Any, labels: np.ndarray, answers: np.ndarray) -> float:
    of_rows = keras.losses.get(loss)
    value = of_rows(keras.ops.convert_to_tensor(labels), keras.ops.convert_to_tensor(answers))
    return float(keras.ops.mean(value))
