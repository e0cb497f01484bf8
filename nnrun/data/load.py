"""Loads data: from the config's `dataset` section to splits ready for training."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.components import Component
from nnrun.config.roles import Roles, roles_of_dataset
from nnrun.data.dealing import Dealing, columns_left, deal, with_own_target
from nnrun.data.describing import check_source
from nnrun.data.fingerprint import fingerprint
from nnrun.data.splits import EXACT, InputSpec, Part, Splits
from nnrun.data.splitting import RowFacts, split_rows
from nnrun.data.weights import refuse_no_weight
from nnrun.errors import DataError, DataFaults
from nnrun.sources.finding import find_file, find_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.config.schema import Dataset
    from nnrun.config.split import Split
    from nnrun.data.signature import Signature
    from nnrun.sources.frame import Frame
    from nnrun.tasks.targets import TargetSpec


Frames = dict[str, "Frame"]
"""The rows of the source that was read last, by what was read."""


def load_splits(
    dataset: Dataset,
    *,
    seed: int,
    roles: Roles | None = None,
    exact: bool | None = None,
    frames: Frames | None = None,
) -> Splits:
    """Read a data set and split it as the config asks; transforms are not applied yet.

    Args:
        dataset: The config's section; relative paths start from the working directory.
        seed: The experiment's seed, which determines how rows are drawn.
        roles: How a graph uses the columns; None for one input and one target.
        exact: Whether inputs that float32 loses precision of are kept in float64; None for those
            that are scaled. Runs of nnrun 0.1.0 keep all in float32.
        frames: Where rows are kept for the next time, if the same source is read again and again.

    Returns:
        The parts. A single input is "inputs", those of a graph have its names: `(rows, *shape)`,
        uint8 for images, float32 for tables and strings for text. A single target is "targets",
        those of a graph have its outputs' names: `(rows,)` int32 labels, `(rows, columns)` float32
        numbers, or `(rows, classes)` float32 if one-hot; transforms add an autoencoder's targets.

    Raises:
        DataError: The data cannot be found, read, or used as the config asks.
    """
    _check_source(dataset, roles)
    asked = roles or roles_of_dataset(dataset)
    frame = _read_source(dataset, asked, frames)
    dealing, rows, notes = deal(frame, dataset, asked)
    targets = _as_one_hot(dealing.targets) if dataset.preprocess.one_hot else dealing.targets
    numbers = split_rows(_row_facts(rows, dealing, dataset.split, frame), dataset.split, seed)
    is_exact = dataset.preprocess.scales_columns if exact is None else exact
    parts = {
        name: _as_asked(part, targets, is_exact=is_exact, weighs=name in dataset.weighting.parts)
        for name, part in _divided(rows, numbers, _other_parts(frame, dataset, dealing)).items()
    }
    refuse_no_weight(parts)
    return Splits(
        inputs=_exact_specs(dealing) if is_exact else dealing.inputs,
        targets=targets,
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        fingerprint=fingerprint(parts),
        source=frame.source,
        notes=notes,
        numbers=numbers,
    )


def _check_source(dataset: Dataset, roles: Roles | None) -> None:
    for problem in check_source(dataset, roles):
        raise DataError(problem.message, hint=problem.hint)


def _stamp(dataset: Dataset) -> tuple[int, ...]:
    """When a file was changed, and its size; nothing for a source that is no file."""
    for source in dataset.sources.values():
        if isinstance(source, Component) and "path" in source.arguments:
            with suppress(OSError):
                found = Path(str(source.arguments["path"])).stat()
                return found.st_mtime_ns, found.st_size
    return ()


def _read_source(dataset: Dataset, roles: Roles, frames: Frames | None) -> Frame:
    """All rows; the columns of text inputs are read as text.

    Those that were kept are read again only if the file has changed.
    """
    if frames is None:
        return _read_anew(dataset, roles)
    what = repr((dataset.sources, roles.texts, roles.inputs, _stamp(dataset)))
    if what not in frames:
        frames.clear()
        frames[what] = _read_anew(dataset, roles)
    return frames[what]


def _read_anew(dataset: Dataset, roles: Roles) -> Frame:
    source = find_source(dataset)
    if not roles.texts:
        return source.read()
    left = columns_left(source.columns(), dataset, roles)
    return source.read([name for text in roles.texts for name in roles.inputs[text] or left])


def _other_parts(frame: Frame, dataset: Dataset, dealing: Dealing) -> dict[str, Part]:
    """The parts with their own rows: published test rows, and files.

    Raises:
        DataError: A file cannot be used.
    """
    parts = {} if frame.test is None else {"test": dealing.deal(frame.test)}
    faults, texts = DataFaults(), [name for name in dealing.columns if frame.is_text(name)]
    for part, path in dataset.split.files.items():
        with faults.noted():
            parts[part] = dealing.deal(find_file(dataset, path).read(texts))
    faults.refuse()
    return parts


def _row_facts(rows: Part, dealing: Dealing, split: Split, frame: Frame) -> RowFacts:
    labels = next(
        (rows.targets[name] for name, one in dealing.targets.items() if one.classes), None
    )
    groups = rows.keys if split.group is not None else None
    order = rows.keys if split.order is not None else None
    return RowFacts(rows.rows, labels, groups, order, has_test=frame.test is not None)


def _divided(
    rows: Part, numbers: Mapping[str, np.ndarray], others: Mapping[str, Part]
) -> dict[str, Part]:
    """The rows of each part: those drawn from the set itself, and the others."""
    if list(numbers) == ["train"]:
        return {"train": rows, **others}
    return {**{part: rows.take(index) for part, index in numbers.items()}, **others}


def _exact_specs(dealing: Dealing) -> dict[str, InputSpec]:
    """The inputs, in float64 if float32 would lose precision."""
    return {
        name: replace(spec, dtype=EXACT) if name in dealing.exact else spec
        for name, spec in dealing.inputs.items()
    }


def _as_asked(
    rows: Part, targets: Mapping[str, TargetSpec], *, is_exact: bool, weighs: bool
) -> Part:
    """Rows with inputs in float64 where needed, and targets one-hot if the config says so."""
    inputs = {**rows.inputs, **rows.exact} if is_exact else rows.inputs
    weights = rows.weights if weighs else None
    return Part(inputs, _encode(rows.targets, targets), weights, exact=rows.exact)


def load_rows(
    dataset: Dataset, signature: Signature, file: str, roles: Roles | None = None
) -> Part:
    """Read further rows of a data set from a file: features, targets and weights, by column name.

    Transforms are not applied yet.

    Args:
        dataset: The config's section.
        signature: The model's features and classes.
        file: The file, with the columns of the config's source.
        roles: As for `load_splits`.

    Raises:
        DataError: The file cannot be used or has an unknown class, or the data set is not a table.
    """
    own = find_source(dataset).target
    asked = with_own_target(roles or roles_of_dataset(dataset), own)
    dealing = replace(_dealing_of(signature, asked), weight=dataset.weighting.column_evaluated)
    part = dealing.deal(_further_rows(dataset, signature, file))
    inputs = {**part.inputs, **part.exact}
    return Part(inputs, _encode(part.targets, signature.targets), part.weights)


def load_inputs(dataset: Dataset, signature: Signature, file: str) -> dict[str, np.ndarray]:
    """Read rows to predict, `(rows, columns)` by input, text as strings; targets are not read.

    Raises:
        DataError: As for `load_rows`.
    """
    frame = _further_rows(dataset, signature, file)
    dealing = _dealing_of(signature, Roles({}, {}))
    part = dealing.part(frame, frame.inputs(dealing.columns), {})
    return {**part.inputs, **part.exact}


def _dealing_of(signature: Signature, roles: Roles) -> Dealing:
    """How further rows become the inputs and targets of a model."""
    exact = tuple(name for name, spec in signature.inputs.items() if spec.dtype == EXACT)
    return Dealing(roles, signature.inputs, signature.targets, signature.source, exact)


def _further_rows(dataset: Dataset, signature: Signature, file: str) -> Frame:
    pictures = [spec for spec in signature.inputs.values() if not spec.columns]
    if pictures:
        shape = " x ".join(map(str, pictures[0].shape))
        raise DataError(
            f"{file} cannot be read as rows of this data set: they are pictures of {shape} pixels, "
            "not tables",
            hint="`nnrun predict` takes PNG and JPEG files",
        )
    texts = [name for spec in signature.inputs.values() for name in spec.text]
    return find_file(dataset, file).read(texts)


def _as_one_hot(targets: Mapping[str, TargetSpec]) -> dict[str, TargetSpec]:
    if not any(target.classes for target in targets.values()):
        raise DataError(
            "preprocess.one_hot needs classes, one for each row, and the target gives none",
            hint="remove preprocess.one_hot",
        )
    return {
        name: replace(target, width=len(target.classes), one_hot=True) if target.classes else target
        for name, target in targets.items()
    }


def _encode(
    arrays: Mapping[str, np.ndarray], targets: Mapping[str, TargetSpec]
) -> dict[str, np.ndarray]:
    return {
        name: np.eye(targets[name].width, dtype=np.float32)[array]
        if targets[name].one_hot
        else array
        for name, array in arrays.items()
    }
