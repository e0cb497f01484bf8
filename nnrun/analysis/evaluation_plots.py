"""The plots of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnrun.analysis.scores import (
    CALIBRATION_BINS,
    ThresholdCurve,
    average_precision,
    calibration,
    expected_calibration_error,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    told_probability,
)
from nnrun.pages.style import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    RUN_COLORS,
    VALIDATION_COLOR,
    drawable,
    drawing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from nnrun.analysis.predictions import Predictions

_MOST_CELLS = 30  # classes; beyond that the numbers in the cells run into each other
_MOST_NAMES = 60
_MOST_CURVES = 10
_PICTURES = 25
_PICTURE_COLUMNS = 5
_MOST_PANELS = 12  # of columns that are predicted together
_PANEL_COLUMNS = 4
_MOST_POINTS = 20_000  # drawn of a scatter plot
_LONGEST_NAME = 18


def draw_confusion_matrix(matrix: np.ndarray, names: Sequence[str], path: Path) -> None:
    """Draw how many rows of each class were taken for which, coloured by the share of the class.

    Args:
        matrix: Counts `(classes, classes)`, true down and predicted across.
        names: The classes.
        path: The PNG to write.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = min(max(4.2, 1.9 + 0.42 * len(names)), 16)
    with drawing(path, panel=(side + 0.6, side)) as figure:
        axes = figure.add_subplot()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.grid(visible=False)
        axes.set(xlabel="predicted", ylabel="true", title="Confusion matrix")
        ticks = range(len(names)) if len(names) <= _MOST_NAMES else []
        labels = [_shortened(names[tick]) for tick in ticks]
        crowded = max(map(len, labels), default=0) * len(labels) > 36  # noqa: PLR2004 characters
        axes.set_xticks(ticks, labels, rotation=90 if crowded else 0)
        axes.set_yticks(ticks, labels)
        if len(names) <= _MOST_CELLS:
            _write_cells(axes, matrix, shares)
        bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the true class")
        bar.outline.set_visible(False)


def draw_roc(predictions: Predictions, path: Path) -> None:
    """Draw the ROC curve of each class against the rest, or of each label, with its area."""
    _draw_curves(
        predictions,
        path,
        curve=roc_curve,
        area=roc_auc,
        labels=("false positive rate", "true positive rate", "ROC curves", "AUC"),
    )


def draw_precision_recall(predictions: Predictions, path: Path) -> None:
    """Draw the precision-recall curve of each class against the rest, or of each label."""
    _draw_curves(
        predictions,
        path,
        curve=precision_recall_curve,
        area=average_precision,
        labels=("recall", "precision", "Precision-recall curves", "AP"),
    )


class Told(NamedTuple):
    """A probability that was told of each row, and whether it came true, `(rows,)` each."""

    name: str
    true: np.ndarray
    probability: np.ndarray


def draw_calibration(predictions: Predictions, error: float, path: Path) -> None:
    """Draw how often what was told came true, over its probability, and how many rows have which.

    Of two classes that is the probability of the second, of more that of the class predicted; each
    label has a curve of its own.

    Args:
        predictions: Probabilities of rows whose targets are known.
        error: The expected calibration error.
        path: The PNG to write.
    """
    several, share, probability = _told(predictions)
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    rows = np.zeros(CALIBRATION_BINS)
    with drawing(path, panel=(6.2 if several[1:] else 4.6, 4.6)) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color=REFERENCE_COLOR, linewidth=0.8, linestyle=(0, (4, 3)))
        for position, curve in enumerate(several):
            bins = calibration(curve.true, curve.probability)
            filled, rows = bins.rows > 0, rows + bins.rows
            points = bins.confidence[filled], bins.accuracy[filled]
            upper.plot(*points, marker="o", label=curve.name, **_line(position))
        upper.set(ylabel=share, ylim=(-0.02, 1.02), xlim=(0, 1))
        upper.set_title("Calibration")
        upper.set_title(
            _calibration_facts(several, error), loc="right", fontsize=8.5, fontweight="normal"
        )
        lower.bar(edges[:-1], rows, np.diff(edges), align="edge", color=MAIN_COLOR, alpha=0.6)
        lower.set(ylabel="labels of rows" if several[1:] else "rows", xlabel=probability)
        if several[1:]:
            figure.legend(
                *upper.get_legend_handles_labels(), loc="outside right upper", fontsize=8.5
            )


def _told(predictions: Predictions) -> tuple[list[Told], str, str]:
    """What is drawn of a calibration, and what its axes say; of many labels, the ten worst."""
    truth, outputs = predictions.truth, predictions.outputs
    if predictions.are_labels:
        several = [
            Told(_shortened(name), *_sides(predictions, label))
            for label, name in enumerate(predictions.columns)
        ]
        several.sort(key=lambda item: -expected_calibration_error(item.true, item.probability))
        return several[:_MOST_CURVES], "share that holds", "probability of the label"
    true, probability = told_probability(truth, outputs)
    if len(predictions.classes) == 2:  # noqa: PLR2004 - two classes mirror each other
        name = _shortened(predictions.classes[1])
        return [Told(name, true, probability)], f"share of {name}", f"probability of {name}"
    outcomes = [Told("", true, probability)]
    return outcomes, "share that is right", "probability of the predicted class"


def _calibration_facts(several: Sequence[Told], error: float) -> str:
    """The error; of one curve also what was told and came true of all rows, however rare it is."""
    if several[1:]:
        return f"ECE {error:.4f}"
    curve = several[0]
    return (
        f"ECE {error:.4f}\nmean probability {curve.probability.mean():.3g}, "
        f"share {curve.true.mean():.3g}"
    )


def _line(position: int) -> dict[str, Any]:
    """How one of several curves is told from the others."""
    dashed = position >= len(RUN_COLORS)
    color = RUN_COLORS[position % len(RUN_COLORS)]
    return {"color": color, "linestyle": "--" if dashed else "-", "linewidth": 1.3}


def draw_most_wrong(
    predictions: Predictions, rows: Sequence[int], pictures: np.ndarray, path: Path
) -> None:
    """Draw rows as pictures, with what they are and what they were taken for.

    Args:
        predictions: Of the whole split.
        rows: Which rows to draw, the worst first; 25 at most are drawn.
        pictures: The rows of the split, `(rows, height, width)` or with channels.
        path: The PNG to write.
    """
    shown = list(rows[:_PICTURES])
    lines = max(1, -(-len(shown) // _PICTURE_COLUMNS))
    white = pictures.max() or 1
    with drawing(
        path,
        columns=_PICTURE_COLUMNS,
        rows=lines,
        title="The most confidently wrong" if shown else "No row is wrong",
        panel=(1.55, 1.95),
    ) as figure:
        for position, row in enumerate(shown, start=1):
            axes = figure.add_subplot(lines, _PICTURE_COLUMNS, position)
            axes.imshow(np.squeeze(pictures[row]) / white, cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            _caption(axes, predictions, row)


def draw_residuals(residuals: np.ndarray, path: Path, names: Sequence[str] = ()) -> None:
    """Draw the histogram of true minus predicted values.

    Args:
        residuals: `(rows,)`, or `(rows, columns)`, each column in a panel of its own.
        path: The PNG to write.
        names: The columns, where there are several.
    """
    for axes, title, column in _panels(path, "Residuals", names, panel=(4.6, 3.4)):
        values = residuals if column is None else residuals[:, column]
        bins = min(60, max(10, round(np.sqrt(len(values)))))
        axes.hist(values, bins=bins, color=MAIN_COLOR, alpha=0.75)
        axes.axvline(0, color=REFERENCE_COLOR, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set(xlabel="true - predicted", ylabel="rows", title=title)
        facts = f"mean {values.mean():.4g}, standard deviation {values.std():.4g}"
        if column is not None:
            facts = f"{values.mean():.3g} ± {values.std():.3g}"
        axes.set_title(facts, loc="right", fontsize=8.5, fontweight="normal")


def draw_predicted_against_true(
    targets: np.ndarray, predicted: np.ndarray, path: Path, names: Sequence[str] = ()
) -> None:
    """Draw each row's predicted over its true value; on the dashed line the two are equal.

    Args:
        targets: `(rows,)`, or `(rows, columns)`, each column in a panel of its own.
        predicted: Likewise.
        path: The PNG to write.
        names: The columns, where there are several.
    """
    step = -(-len(targets) // _MOST_POINTS)
    opacity = 0.7 if len(targets) < 1000 else 0.25  # noqa: PLR2004 - points hide each other
    for axes, title, column in _panels(path, "Predicted against true", names, panel=(4.4, 4.2)):
        true, taken = (
            values if column is None else values[:, column] for values in (targets, predicted)
        )
        ends = [float(min(true.min(), taken.min())), float(max(true.max(), taken.max()))]
        axes.scatter(
            true[::step], taken[::step], s=8, color=MAIN_COLOR, alpha=opacity, linewidths=0
        )
        axes.plot(ends, ends, color=VALIDATION_COLOR, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel="true", ylabel="predicted", title=title, aspect="equal")


def _panels(
    path: Path, title: str, names: Sequence[str], *, panel: tuple[float, float]
) -> Iterator[tuple[Axes, str, int | None]]:
    """A panel for each column with its title and number, or one panel without a number."""
    if not names:
        with drawing(path, panel=panel) as figure:
            yield figure.add_subplot(), title, None
        return
    shown = list(names[:_MOST_PANELS])
    if len(shown) < len(names):
        title += f", the first {len(shown)} of {len(names)} columns"
    across = min(_PANEL_COLUMNS, len(shown))
    down = -(-len(shown) // across)
    smaller = (0.75 * panel[0], 0.75 * panel[1])
    with drawing(path, columns=across, rows=down, title=title, panel=smaller) as figure:
        for column, name in enumerate(shown):
            yield figure.add_subplot(down, across, column + 1), _shortened(name), column


def _write_cells(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    size = 8.5 if len(matrix) <= 12 else 6  # noqa: PLR2004 - classes
    for (true, predicted), count in np.ndenumerate(matrix):
        if count:
            color = "white" if shares[true, predicted] > 0.55 else "#222222"  # noqa: PLR2004
            axes.text(
                predicted, true, f"{count}", ha="center", va="center", color=color, fontsize=size
            )


def _draw_curves(
    predictions: Predictions, path: Path, *, curve: Any, area: Any, labels: Sequence[str]
) -> None:
    across, up, title, area_name = labels
    with drawing(path, panel=(6.2, 4.2)) as figure:
        axes = figure.add_subplot()
        if area_name == "AUC":
            axes.plot([0, 1], [0, 1], color=REFERENCE_COLOR, linewidth=0.8, linestyle=(0, (4, 3)))
        for position, (label, size) in enumerate(_chosen_classes(predictions, area)):
            points: ThresholdCurve = curve(*_sides(predictions, label))
            name = _shortened((predictions.columns or predictions.classes)[label])
            style = "steps-pre" if area_name == "AP" else "default"
            axes.plot(*points, label=f"{name}  {size:.3f}", drawstyle=style, **_line(position))
        axes.set(xlabel=across, ylabel=up, title=title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        axes.set_aspect("equal")
        if axes.get_legend_handles_labels()[0]:
            head = f"{area_name}{'' if predictions.are_labels else ', one against the rest'}"
            figure.legend(loc="outside right upper", title=head, fontsize=8.5)


def _chosen_classes(predictions: Predictions, area: Any) -> list[tuple[int, float]]:
    """The classes or labels to draw with their areas: of many the ten worst.

    Of two classes it is the second alone, whose curves those of the first mirror.
    """
    number = predictions.outputs.shape[1]
    mirrored = number == 2 and not predictions.are_labels  # noqa: PLR2004 - two classes
    candidates = [1] if mirrored else range(number)
    sizes = [(label, area(*_sides(predictions, label))) for label in candidates]
    defined = [(label, size) for label, size in sizes if not np.isnan(size)]
    if len(defined) <= _MOST_CURVES:
        return defined
    return sorted(defined, key=lambda item: item[1])[:_MOST_CURVES]


def _sides(predictions: Predictions, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are of a class or have a label, and the probabilities of it."""
    truth = predictions.truth
    is_true = truth[:, label] > 0 if predictions.are_labels else truth == label
    return is_true, predictions.outputs[:, label]


def _caption(axes: Axes, predictions: Predictions, row: int) -> None:
    true = predictions.classes[predictions.truth[row]]
    taken = predictions.classes[predictions.labels[row]]
    axes.set_title(
        f"{_shortened(taken)} {predictions.confidence[row]:.0%}\nis {_shortened(true)}",
        fontsize=7.5,
        fontweight="normal",
        loc="center",
    )


def _shortened(name: str) -> str:
    return drawable(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…")
