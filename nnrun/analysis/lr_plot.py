"""The picture of a learning-rate range test."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnrun.analysis.lr_curve import RangeCurve
from nnrun.analysis.lr_suggestions import Advice
from nnrun.pages.style import RUN_COLORS, TRAINING_COLOR, VALIDATION_COLOR, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 0.15  # of the height shown, left free above and below
_MARKS = tuple(zip(RUN_COLORS[1:], "osD^vP", strict=True))  # by shape as well as by colour
_WIDE = 2  # columns that the one panel takes


def draw_curve(
    curve: RangeCurve, advice: Advice, path: Path, *, as_well: Sequence[float] = (), title: str = ""
) -> None:
    """Draw the loss against the rate: raw and smoothed, with what every rule says marked on it.

    Args:
        curve: What the range test measured.
        advice: What follows from it, and from trials.
        path: The PNG to write; the same curve gives the same bytes.
        as_well: The rates that do as well as the recommended one, by size.
        title: What stands above it.
    """
    with drawing(path, columns=_WIDE, title=title) as figure:
        axes = figure.add_subplot()
        axes.plot(
            curve.rates, curve.losses, color="#b8b8b8", linewidth=0.7, label="loss of a batch"
        )
        axes.plot(
            curve.rates, curve.smoothed, color=TRAINING_COLOR, linewidth=1.6, label="smoothed"
        )
        _mark_rules(axes, curve, advice)
        if len(as_well) > 1:
            label = f"did as well: {as_well[0]:g} to {as_well[-1]:g}"
            axes.axvspan(as_well[0], as_well[-1], color=VALIDATION_COLOR, alpha=0.12, label=label)
        if advice.recommended is not None:
            axes.axvline(
                advice.recommended,
                color=VALIDATION_COLOR,
                linewidth=1.4,
                label=f"recommended: {advice.recommended:g}",
            )
        axes.set_xscale("log")
        axes.set_xlim(curve.rates[0], max(curve.rates[-1], 1.01 * curve.rates[0]))
        axes.set_ylim(*_limits(curve))
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)


def _mark_rules(axes: "Axes", curve: RangeCurve, advice: Advice) -> None:
    smoothed = curve.smoothed
    for (color, shape), item in zip(_MARKS, advice.suggestions, strict=True):
        if item.rate is None:
            continue
        place = np.interp(np.log(item.rate), np.log(curve.rates), smoothed)
        label = f"{item.rule}: {item.rate:.2g}"
        axes.plot([item.rate], [place], shape, color=color, markersize=6, label=label, zorder=4)


def _limits(curve: RangeCurve) -> tuple[float, float]:
    """The limits of the loss axis, without the explosion, which would flatten everything else."""
    before = max(int(np.argmin(curve.smoothed)) + 1, len(curve.losses) // 2)
    low, high = np.quantile(curve.losses[:before], [0.01, 0.99])
    room = _ROOM * float(high - low) or 1.0
    bottom = float(low) - room
    return (bottom if low < 0 else max(bottom, 0.0)), float(high) + room
