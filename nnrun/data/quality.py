"""Warnings about the data, before any time is spent on training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.wording import NAMED, listed_names
from nnrun.data.splits import EXACT
from nnrun.data.statistics import Statistics, measure
from nnrun.sources.precision import find_loss
from nnrun.tasks.lookup import find_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nnrun.data.splits import Part, Splits
    from nnrun.data.transforms.chain import Transforms

FAR = 10
"""The largest mean (in absolute value) or standard deviation of an input without a warning."""
FAR_WEIGHT = 10
"""The mean sample weight, or its inverse, that goes without a warning."""


def inspect(splits: Splits, transforms: Transforms) -> list[str]:
    """Warnings about the rows, one line each.

    Args:
        splits: The data.
        transforms: What was learnt from the training rows.
    """
    warnings = [*splits.notes, *_shared_rows(splits), *_weight_warnings(splits.train)]
    for name, target in splits.targets.items():
        parts = {part: rows.targets[name] for part, rows in splits.parts.items()}
        warnings += find_task(target.task).doubts(target, parts)
    for name, spec in splits.inputs.items():
        if not spec.text:
            warnings += _input_warnings(splits, name, transforms)
        if name in splits.train.exact:
            warnings += _precision_warnings(splits, name)
    return list(dict.fromkeys(warnings))  # two inputs may take the same column


def _shared_rows(splits: Splits) -> Iterator[str]:
    others = {name: part for name, part in splits.parts.items() if name != "train"}
    if not others:
        return
    known = set(_rows_as_bytes(splits.train))
    for name, part in others.items():
        shared = sum(row in known for row in _rows_as_bytes(part))
        if shared:
            yield (
                f"{shared:,} of {part.rows:,} {name} rows ({shared / part.rows:.1%}) also stand "
                f"among the training rows, so the {name} figures flatter the model"
            )


def _weight_warnings(train: Part) -> Iterator[str]:
    if train.weights is None:
        return
    mean = float(train.weights.mean(dtype=np.float64))
    if not 1 / FAR_WEIGHT <= mean <= FAR_WEIGHT:
        yield (
            f"the training rows weigh {mean:.3g} on average, and so the loss and its gradients are "
            f"{mean:.3g} times those of rows that weigh 1; consider weights whose mean is near 1"
        )


def _rows_as_bytes(part: Part) -> Iterator[bytes]:
    """The inputs of each row, joined."""
    # Of text, what was read: other texts may have become the same numbers.
    read = {**part.inputs, **part.exact, **part.read}
    texts = [array for array in read.values() if array.dtype == object]
    inputs: list[Iterable[bytes]] = [map(_text_as_bytes, array) for array in texts]
    numbers = [array for array in read.values() if array.dtype != object]
    if numbers:
        flat = [np.ascontiguousarray(array).reshape(part.rows, -1) for array in numbers]
        as_bytes = [array.view(np.uint8) for array in flat]
        joined = as_bytes[0] if len(as_bytes) == 1 else np.concatenate(as_bytes, axis=1)
        inputs.append(row.tobytes() for row in joined)
    return map(b"".join, zip(*inputs, strict=True))


def _text_as_bytes(row: np.ndarray) -> bytes:
    return json.dumps(row.tolist()).encode()


def _input_warnings(splits: Splits, name: str, transforms: Transforms) -> Iterator[str]:
    for part, content in splits.parts.items():
        array = content.inputs[name]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            yield f"{bad:,} values of the {part} {name} are missing or infinite"
            return
    train, spec = splits.train, splits.inputs[name]
    is_turned = name in train.read
    statistics = measure((train.inputs if is_turned else {**train.inputs, **train.exact})[name])
    features = spec.features if spec.shape == (len(spec.features),) else ()
    constant = np.atleast_1d(statistics.least == statistics.most)
    if constant.any():
        whose = [features[i] for i in np.flatnonzero(constant)] if features else [name]
        what = listed_names(whose, "column" if features else "input", "columns")
        yield f"{what} never change{'s' * (len(whose) == 1)} in the training rows"
    yield from _scale_warnings(name, features, transforms.statistics(name, statistics))


def _precision_warnings(splits: Splits, name: str) -> Iterator[str]:
    """The precision that float32 loses of an input, or that the input is read in float64."""
    spec, columns = splits.inputs[name], splits.train.exact[name].T
    lost = {
        feature: loss
        for feature, column in zip(spec.features, columns, strict=True)
        if (loss := find_loss(column))
    }
    if spec.dtype == EXACT:
        whose = listed_names([*lost], "column", "columns")
        yield (
            f"the model takes its rows in float64, which {whose} need{'s' * (len(lost) == 1)}; in "
            "Keras alone, call it as `model(rows)`, since `model.predict(rows)` makes rows float32"
        )
        return
    for feature, loss in [*lost.items()][:NAMED]:
        yield (
            f"the column '{feature}' {loss}; consider preprocess: `standardize: true`, which is "
            "then computed in float64, or take an offset off"
        )
    if len(lost) > NAMED:
        yield f"{len(lost) - NAMED:,} more columns lose values in float32"


def _scale_warnings(name: str, features: Sequence[str], statistics: Statistics) -> Iterator[str]:
    deviation = np.sqrt(np.atleast_1d(statistics.variance))
    distance = np.maximum(np.abs(np.atleast_1d(statistics.mean)), deviation)
    worst = int(distance.argmax())
    if distance[worst] <= FAR:
        return
    least, most = (np.atleast_1d(ends)[worst] for ends in (statistics.least, statistics.most))
    what = f"the column '{features[worst]}'" if features else f"the input '{name}'"
    advice = "`standardize: true`" if features or most != 255 else "`scale: 255`"  # noqa: PLR2004
    yield (
        f"{what} reaches the model unscaled, from {least:g} to {most:g} "
        f"(mean {np.atleast_1d(statistics.mean)[worst]:.3g}, "
        f"standard deviation {deviation[worst]:.3g}); consider preprocess: {advice}"
    )
