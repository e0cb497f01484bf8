"""What an autoencoder makes of pictures: how far each is from what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.analysis.predictions import SHOWN_ROWS, Predictions
from nnrun.analysis.scores import error_of, root_of
from nnrun.pages.document import Sheet
from nnrun.pages.style import drawing
from nnrun.runs.prediction_table import ERRORS, FILE, ROW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnrun.analysis.bootstrap import Statistic

SHOWN_PICTURES = 10


@dataclass(frozen=True)
class Reconstructions(Predictions):
    """Rows of any shape as an autoencoder gives them back: `outputs` beside `targets`.

    A whole picture fits into no table, so a row is told by its errors: the means, over all its
    values, of their squares (`mse`) and of their sizes (`mae`).
    """

    @property
    def errors(self) -> np.ndarray:
        """The figures of each row, float64 `(rows, 2)`."""
        pairs = zip(self.truth, self.outputs, strict=True)
        differences = ((true.astype(np.float64) - given).ravel() for true, given in pairs)
        told = [((gap**2).mean(), np.abs(gap).mean()) for gap in differences]
        return np.array(told).reshape(-1, len(ERRORS))

    def header(self) -> list[str]:
        """The names of the columns."""
        return [FILE if self.files else ROW, *ERRORS]

    def records(self) -> Iterator[list[str | int | float]]:
        """The rows, each with a cell for every column of the header."""
        for name, errors in zip(self.names, self.errors.tolist(), strict=True):
            yield [name, *errors]

    def to_json(self) -> list[dict[str, Any]]:
        """The rows as data: `row` or `file`, and its figures."""
        return [dict(zip(self.header(), record, strict=True)) for record in self.records()]

    def statistics(self) -> dict[str, Statistic]:
        """The figures of all rows, each as a function of how often each row counts."""
        squares, sizes = self.errors.T
        return {"mse": error_of(squares), "rmse": root_of(squares), "mae": error_of(sizes)}

    def sheet(self) -> Sheet:
        """The first rows as a table."""
        rows = [
            [str(name), *(f"{error:.6g}" for error in errors)]
            for _, (name, *errors) in zip(range(SHOWN_ROWS), self.records(), strict=False)
        ]
        return Sheet("", self.header(), rows)


def draw_reconstructions(made: Reconstructions, path: Path) -> None:
    """Draw the first pictures, each above what was made of it.

    Args:
        made: Of pictures, `(height, width)` or with channels.
        path: The PNG to write.
    """
    shown = min(SHOWN_PICTURES, made.rows)
    pictures = (made.truth[:shown], made.outputs[:shown])
    least, most = (float(end(pictures[0])) for end in (np.min, np.max))
    with drawing(
        path, columns=shown, rows=2, title="Pictures, and what was made of them", panel=(1.2, 1.3)
    ) as figure:
        for line, held in enumerate(pictures):
            for column, picture in enumerate(held):
                axes = figure.add_subplot(2, shown, 1 + line * shown + column)
                scaled = np.clip((picture - least) / ((most - least) or 1), 0, 1)
                axes.imshow(np.squeeze(scaled), cmap="gray", vmin=0, vmax=1)
                axes.set_axis_off()
