"""The file with a model's predictions for rows: `evaluation/<split>/predictions.csv`."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from nnrun.errors import RunError
from nnrun.reading import read_own
from nnrun.runs.atomic import cannot_read
from nnrun.runs.history import escape_cell, unescape_cell

ROW, FILE, TARGET, PREDICTED = "row", "file", "target", "predicted"
ERRORS = ("mse", "mae")
"""The errors reported for reconstructed rows, such as pictures."""
PROBABILITY = "p_"
MEAN, DEVIATION, ENTROPY = "mc_mean", "mc_std", "mc_entropy"


def prediction_columns(
    classes: Sequence[str],
    *,
    from_files: bool,
    with_targets: bool,
    sampled: bool,
    columns: Sequence[str] = (),
    labels: bool = False,
) -> list[str]:
    """The names of the columns of a file of predictions.

    Args:
        classes: Names of the classes; empty for a regression.
        from_files: Whether each row comes from its own file, whose name is then a column.
        with_targets: Whether the targets are known.
        sampled: Whether there are draws with dropout on.
        columns: Names of the columns, where several are predicted.
        labels: Whether these are labels, which have probabilities.

    >>> prediction_columns(["no", "yes"], from_files=False, with_targets=True, sampled=False)
    ['row', 'target', 'predicted', 'p_no', 'p_yes']
    """
    first = FILE if from_files else ROW
    plain = [*([TARGET] if with_targets else []), PREDICTED]
    if columns:
        drawn = [MEAN, DEVIATION] if sampled else []
        kinds = [*plain, *([PROBABILITY.rstrip("_")] if labels else []), *drawn]
        return [first, *(f"{kind}_{name}" for kind in kinds for name in columns)]
    names = [first, *plain]
    names += [f"{PROBABILITY}{name}" for name in classes]
    if sampled and classes:
        names += [f"{kind}_{name}" for kind in (MEAN, DEVIATION) for name in classes]
        names.append(ENTROPY)
    elif sampled:
        names += [MEAN, DEVIATION]
    return names


def table_text(header: Sequence[str], records: Iterable[Sequence[Any]]) -> str:
    """A CSV file with floats of nine digits, and text escaped for spreadsheets.

    Nine digits keep every bit of a float32.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in record] for record in records)
    return file.getvalue()


Said = str | tuple[str, ...]
"""A class or a number; if several columns were predicted, one for each."""

MAX_BYTES = 256_000_000
MAX_CELLS = 20_000_000
"""The most cells of predictions: about two million rows with ten classes."""


@dataclass(frozen=True)
class PredictionTable:
    """A file of predictions with known targets, as text; each sequence has an item per row.

    Attributes:
        rows: The index of each row in its part.
        targets: The targets.
        predicted: The predictions.
        probabilities: By the name of the class or label; empty for regression.
        columns: Names of the columns, where several were predicted.
        errors: For reconstructed rows, the mean squared and mean absolute errors, by the names in
            `ERRORS`; targets and predictions are then empty.
    """

    rows: tuple[str, ...]
    targets: tuple[Said, ...]
    predicted: tuple[Said, ...]
    probabilities: dict[str, tuple[str, ...]]
    columns: tuple[str, ...] = ()
    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of predictions.

        Raises:
            RunError: It is missing or damaged.
        """
        try:
            text = read_own(path, MAX_BYTES).decode()
            if text.count(",") > MAX_CELLS:
                raise ValueError("it has too many cells")
            header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
            columns = dict(zip(header, zip(*lines, strict=True), strict=True))
            several = () if TARGET in columns else _several(columns)
            rows = tuple(map(unescape_cell, columns[ROW]))
            if tuple(header) == (ROW, *ERRORS):
                return cls(rows, (), (), {}, errors={name: columns[name] for name in ERRORS})
            targets, predicted = (
                tuple(zip(*(columns[f"{what}_{name}"] for name in several), strict=True))
                if several
                else tuple(map(unescape_cell, columns[what]))
                for what in (TARGET, PREDICTED)
            )
        except OSError as error:
            raise cannot_read(path, error) from error
        except (csv.Error, ValueError, KeyError) as error:
            raise RunError(f"{path} is damaged: it holds no predictions") from error
        probabilities = {
            name.removeprefix(PROBABILITY): column
            for name, column in columns.items()
            if name.startswith(PROBABILITY)
        }
        return cls(rows, targets, predicted, probabilities, several)


def _several(columns: Iterable[str]) -> tuple[str, ...]:
    """The names of columns that were predicted together, from the file's `target_` columns."""
    prefix = f"{TARGET}_"
    return tuple(name.removeprefix(prefix) for name in columns if name.startswith(prefix))


def _cell(value: str | int | float) -> str | int:
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, str) and not _is_number(value):
        return escape_cell(value)
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
