"""What a model says of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.reports.column_scores import THRESHOLD
from nnrun.reports.scores import entropy
from nnrun.runs.atomic import write_text
from nnrun.runs.predictions import PREDICTED, PROBABILITY, prediction_columns, table_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Group
    from rich.table import Table

SHOWN_ROWS = 20
SHOWN_CLASSES = 5
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
    """

    outputs: np.ndarray
    classes: tuple[str, ...] = ()
    targets: np.ndarray | None = None
    files: tuple[str, ...] = ()
    sampled: Sampled | None = None
    columns: tuple[str, ...] = ()
    are_labels: bool = False

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
        parts: list[Sequence[Any]] = [self._names()]
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
        """The rows as data: `row` or `file`, `predicted`, and `probabilities` by class or label."""
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

    def view(self) -> Table:
        """The first rows, as something that a console prints."""
        return predictions_view(self)

    def _columns_as_data(self) -> Iterator[dict[str, Any]]:
        first, held, outputs = self.header()[0], self.held.tolist(), self.outputs.tolist()
        for name, predicted, given in zip(self._names(), held, outputs, strict=True):
            record = {first: name, "predicted": dict(zip(self.columns, predicted, strict=True))}
            if self.are_labels:
                record["probabilities"] = dict(zip(self.columns, given, strict=True))
            yield record

    def _names(self) -> Sequence[str | int]:
        return self.files or range(self.rows)

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


def all_view(outputs: Mapping[str, Predictions]) -> Group:
    """The first rows of every output, as something that a console prints."""
    from rich.console import Group
    from rich.text import Text

    if len(outputs) == 1:
        return Group(*(predictions.view() for predictions in outputs.values()))
    parts: list[Any] = []
    for name, predictions in outputs.items():
        parts += [*([""] if parts else []), Text(name, style="bold"), predictions.view()]
    return Group(*parts)


def predictions_view(predictions: Predictions) -> Table:
    """The first rows with their most probable classes, as something that a console prints."""
    from rich.table import Table
    from rich.text import Text

    if predictions.columns:
        return _columns_view(predictions)
    shown = min(SHOWN_CLASSES, len(predictions.classes))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("file" if predictions.files else "row", overflow="fold")
    table.add_column("predicted", justify="left" if shown else "right")
    if shown:
        table.add_column("probabilities" if shown == len(predictions.classes) else "most probable")
    for row, record in zip(range(SHOWN_ROWS), predictions.records(), strict=False):
        said = str(record[1]) if shown else f"{record[1]:.6g}"
        cells = [Text(str(record[0])), Text(said)]
        if shown:
            order = np.argsort(-predictions.outputs[row], kind="stable")[:shown]
            told = (
                f"{predictions.classes[i]} {predictions.outputs[row, i]:.1%}"
                for i in order.tolist()
            )
            cells.append(Text("  ".join(told), style="dim"))
        table.add_row(*cells)
    return table


def _columns_view(predictions: Predictions) -> Table:
    """The first rows with a column for each label or number, as many as can be read."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("file" if predictions.files else "row", overflow="fold")
    shown = predictions.columns[:SHOWN_COLUMNS]
    for name in shown:
        table.add_column(Text(name), justify="right", overflow="fold")
    left_out = len(predictions.columns) - len(shown)
    if left_out:
        table.add_column(f"and {left_out} more")
    for row, record in zip(range(SHOWN_ROWS), predictions.to_json(), strict=False):
        values = list(record["predicted"].values())[: len(shown)]
        if predictions.are_labels:
            given = predictions.outputs[row].tolist()
            cells = [
                Text(f"{p:.1%}", style="bold" if holds else "dim")
                for holds, p in zip(values, given, strict=False)
            ]
        else:
            cells = [Text(f"{value:.4g}") for value in values]
        table.add_row(Text(str(predictions.files[row] if predictions.files else row)), *cells)
    return table
