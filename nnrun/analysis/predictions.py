"""What a model says of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.analysis.column_scores import THRESHOLD
from nnrun.analysis.scores import entropy
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS
from nnrun.pages.document import Block, Cell, Document, Heading, Lines, Mark, Sheet, Text
from nnrun.runs.atomic import write_text
from nnrun.runs.prediction_table import (
    DEVIATION,
    ENTROPY,
    MEAN,
    PREDICTED,
    PROBABILITY,
    prediction_columns,
    table_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT = 1
SHOWN_ROWS = 20
SHOWN_CLASSES = 5
SHOWN_SAMPLED = 3  # a deviation beside each
SHOWN_COLUMNS = 6


@dataclass(frozen=True)
class Sampled:
    """What several draws of dropout said: arrays like the outputs of `Predictions`.

    Attributes:
        draws: How many there were.
        mean: Their mean.
        deviation: Their standard deviation.
    """

    draws: int
    mean: np.ndarray
    deviation: np.ndarray

    def to_json(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """What was said of each row: `mc_mean` and `mc_std`, by name where there are names."""
        for told in zip(self.mean.tolist(), self.deviation.tolist(), strict=True):
            values = (dict(zip(names, one, strict=True)) for one in told) if names else told
            yield dict(zip((MEAN, DEVIATION), values, strict=True))


@dataclass(frozen=True)
class Predictions:
    """Predictions of rows.

    Attributes:
        outputs: Probabilities `(rows, classes)`, values `(rows,)`, or of several columns
            probabilities or values `(rows, columns)`.
        classes: Names of the classes; empty where a row does not belong to one class.
        targets: The true classes or values `(rows,)`, or `(rows, columns)`, where they are known.
        files: The file that each row was read from, for pictures; empty where rows are numbered.
        sampled: What draws of dropout said of the same rows, if any were made.
        columns: Names of the columns, where several are predicted.
        are_labels: Whether these are labels, each with its probability, and not values.
        numbers: The number of each row in its source; empty where they are counted from 0.
    """

    outputs: np.ndarray
    classes: tuple[str, ...] = ()
    targets: np.ndarray | None = None
    files: tuple[str, ...] = ()
    sampled: Sampled | None = None
    columns: tuple[str, ...] = ()
    are_labels: bool = False
    numbers: tuple[int, ...] = ()

    @property
    def predicts(self) -> str:
        """Numbers, labels or classes."""
        if self.classes:
            return CLASSES
        return LABELS if self.are_labels else NUMBERS

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.outputs)

    @property
    def truth(self) -> np.ndarray:
        """The targets, where they must be known.

        Raises:
            ValueError: They are not.
        """
        if self.targets is None:
            raise ValueError("nobody knows the targets of these rows")
        return self.targets

    @property
    def labels(self) -> np.ndarray:
        """The number of the most probable class of each row."""
        labels: np.ndarray = self.outputs.argmax(axis=1)
        return labels

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that class."""
        confidence: np.ndarray = self.outputs.max(axis=1)
        return confidence

    @property
    def held(self) -> np.ndarray:
        """Of labels, 1 where one is taken to hold, else 0; of other columns, their values."""
        return (self.outputs > THRESHOLD).astype(np.int64) if self.are_labels else self.outputs

    def header(self) -> list[str]:
        """The names of the columns."""
        return prediction_columns(
            self.classes,
            from_files=bool(self.files),
            with_targets=self.targets is not None,
            sampled=self.sampled is not None,
            columns=self.columns,
            labels=self.are_labels,
        )

    def records(self) -> Iterator[list[str | int | float]]:
        """The rows, each with a cell for every column of the header."""
        parts: list[Sequence[Any]] = [self.names]
        if not self.columns:
            parts += [self._said(self.targets)] if self.targets is not None else []
            parts.append(self._said(self.labels if self.classes else self.outputs))
        for *cells, numbers in zip(*parts, self._numbers().tolist(), strict=True):
            yield [*cells, *numbers]

    def write(self, path: Path) -> None:
        """Write all rows as CSV.

        Raises:
            RunError: The file cannot be written.
        """
        write_text(path, table_text(self.header(), self.records()))

    def to_json(self) -> list[dict[str, Any]]:
        """The rows as data: `row` or `file`, `predicted`, and `probabilities` by class or label.

        Where draws of dropout were made, `mc_mean` and `mc_std`, and for classes `mc_entropy`.
        """
        if self.sampled is not None:
            plain = replace(self, sampled=None).to_json()
            drawn = self.sampled.to_json(self.classes or self.columns)
            rows = [row | told for row, told in zip(plain, drawn, strict=True)]
            if self.classes:
                entropies = entropy(self.sampled.mean).tolist()
                rows = [row | {ENTROPY: one} for row, one in zip(rows, entropies, strict=True)]
            return rows
        if self.columns:
            return list(self._columns_as_data())
        plain = []
        for record in self.records():
            values: dict[str, Any] = dict(zip(self.header(), record, strict=True))
            if self.classes:
                probabilities = {name: values.pop(f"{PROBABILITY}{name}") for name in self.classes}
                values["probabilities"] = probabilities
            plain.append(values)
        return plain

    def sheet(self) -> Sheet:
        """The first rows as a table."""
        return _columns_sheet(self) if self.columns else _rows_sheet(self)

    def _columns_as_data(self) -> Iterator[dict[str, Any]]:
        first, held, outputs = self.header()[0], self.held.tolist(), self.outputs.tolist()
        for name, predicted, given in zip(self.names, held, outputs, strict=True):
            record = {first: name, "predicted": dict(zip(self.columns, predicted, strict=True))}
            if self.are_labels:
                record["probabilities"] = dict(zip(self.columns, given, strict=True))
            yield record

    @property
    def names(self) -> Sequence[str | int]:
        """The file or the number of each row."""
        return self.files or self.numbers or range(self.rows)

    def _said(self, values: np.ndarray) -> list[str] | list[float]:
        if self.classes:
            return [self.classes[label] for label in values.tolist()]
        return [float(value) for value in values.tolist()]

    def _numbers(self) -> np.ndarray:
        """The columns after the names, as one array."""
        parts = [self.outputs] if self.classes or self.are_labels else []
        if self.columns:
            parts.insert(0, self.held)
            parts = parts if self.targets is None else [self.targets, *parts]
        if self.sampled is not None:
            shape = (self.rows, -1)
            parts += [self.sampled.mean.reshape(shape), self.sampled.deviation.reshape(shape)]
            parts += [entropy(self.sampled.mean)[:, None]] if self.classes else []
        return np.hstack(parts) if parts else np.empty((self.rows, 0))


def header_of_all(outputs: Mapping[str, Predictions]) -> list[str]:
    """The columns of the predictions of all outputs, each under the name of its output.

    What an output predicts is called like it: `price`, and not `price_predicted`.
    """
    first = next(iter(outputs.values())).header()[0]
    names = [first]
    for name, predictions in outputs.items():
        names += [
            name if column == PREDICTED else f"{name}_{column.removeprefix(f'{PREDICTED}_')}"
            for column in predictions.header()[1:]
        ]
    return names


def write_all(outputs: Mapping[str, Predictions], path: Path) -> None:
    """Write the predictions of all outputs as one CSV file, a row for each row.

    Raises:
        RunError: The file cannot be written.
    """
    if len(outputs) == 1:
        next(iter(outputs.values())).write(path)
        return
    first, *others = (list(predictions.records()) for predictions in outputs.values())
    rows = zip(first, *others, strict=True)
    joined = ([*row[0], *(cell for cells in row[1:] for cell in cells[1:])] for row in rows)
    write_text(path, table_text(header_of_all(outputs), joined))


def all_to_json(outputs: Mapping[str, Predictions]) -> dict[str, Any]:
    """The predictions as data: `classes` and `rows`; of several outputs by their names."""
    told = {
        name: {"classes": predictions.classes, "rows": predictions.to_json()}
        for name, predictions in outputs.items()
    }
    return next(iter(told.values())) if len(told) == 1 else {"outputs": told}


def all_view(
    outputs: Mapping[str, Predictions], run: str, doubts: Sequence[str], more: str
) -> Document:
    """The first rows of every output as a document.

    Args:
        outputs: The predictions by output.
        run: The run's name.
        doubts: What is doubtful about them, in words.
        more: Where the rows are that are not shown.
    """
    blocks: list[Block] = []
    for name, predictions in outputs.items():
        if len(outputs) > 1:
            blocks.append(Heading(name))
        blocks.append(predictions.sheet())
    rows = next(iter(outputs.values())).rows
    if rows > SHOWN_ROWS:
        blocks.append(Lines([f"and {rows - SHOWN_ROWS:,} more rows; {more}"]))
    return Document(
        f"Predictions of {run}",
        blocks,
        lambda: {"format": FORMAT, "warnings": doubts, **all_to_json(outputs)},
        asides=[f"warning: {doubt}" for doubt in doubts],
    )


def _rows_sheet(predictions: Predictions) -> Sheet:
    """The first rows with their most probable classes.

    Where draws of dropout were made, their mean and standard deviation take the place of the
    probabilities, and stand beside a value.
    """
    classes, sampled = predictions.classes, predictions.sampled
    columns = [predictions.header()[0], "predicted"]
    shown = min(SHOWN_CLASSES if sampled is None else SHOWN_SAMPLED, len(classes))
    if sampled is not None:
        columns.append(_of_draws(sampled))
    elif classes:
        columns.append("probabilities" if shown == len(classes) else "most probable")
    rows: list[list[Text]] = []
    for row, record in zip(range(SHOWN_ROWS), predictions.records(), strict=False):
        cells: list[Text] = [str(record[0]), str(record[1]) if classes else f"{record[1]:.6g}"]
        if classes:
            given = predictions.outputs[row] if sampled is None else sampled.mean[row]
            order = np.argsort(-given, kind="stable")[:shown].tolist()
            told = (f"{classes[i]} {_share(predictions, row, i)}" for i in order)
            cells.append(Cell(", ".join(told), "quiet"))
        elif sampled is not None:
            cells.append(Cell(_number(predictions, row, 0), "quiet"))
        rows.append(cells)
    return Sheet("", columns, rows, frozenset({0, 1, 2} if classes else {0, 2}))


def _of_draws(sampled: Sampled) -> str:
    return f"mean ± standard deviation of {sampled.draws:,} draws"


def _share(predictions: Predictions, row: int, column: int) -> str:
    """The probability of a class or label, or the mean of the draws with their deviation."""
    sampled = predictions.sampled
    if sampled is None:
        return f"{predictions.outputs[row, column]:.1%}"
    mean, deviation = sampled.mean[row, column], sampled.deviation[row, column]
    return f"{mean:.1%} ±{100 * deviation:.1f}"


def _number(predictions: Predictions, row: int, column: int) -> str:
    """A value, or the mean of the draws with their deviation."""
    sampled = predictions.sampled
    if sampled is None:
        return f"{predictions.outputs.reshape(predictions.rows, -1)[row, column]:.4g}"
    shape = (predictions.rows, -1)
    mean, deviation = (one.reshape(shape)[row, column] for one in (sampled.mean, sampled.deviation))
    return f"{mean:.4g} ±{deviation:.2g}"


def _columns_sheet(predictions: Predictions) -> Sheet:
    """The first rows with a column for each label or number, as many as can be read."""
    sampled = predictions.sampled
    shown = predictions.columns[: SHOWN_COLUMNS if sampled is None else SHOWN_SAMPLED]
    left_out = len(predictions.columns) - len(shown)
    more = [f"and {left_out} more"] if left_out else []
    held = predictions.held[:SHOWN_ROWS].tolist()
    rows: list[list[Text]] = []
    for row, (name, values) in enumerate(zip(predictions.names, held, strict=False)):
        cells: list[Text] = [str(name)]
        for column in range(len(shown)):
            if predictions.are_labels:
                mark: Mark = "strong" if values[column] else "quiet"
                cells.append(Cell(_share(predictions, row, column), mark))
            else:
                cells.append(_number(predictions, row, column))
        rows.append([*cells, *[""] * len(more)])
    note = _of_draws(sampled) if sampled is not None else ""
    left = frozenset({0, 1 + len(shown)})
    return Sheet("", [predictions.header()[0], *shown, *more], rows, left, note=note)
