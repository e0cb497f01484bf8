"""What came out of a gallery of configs: rows, and the page that shows them."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnrun.analysis.curves import epochs_of, finish_axes, finish_values, panel_names, values_of
from nnrun.config.figures import on_validation
from nnrun.pages.document import Block, Cell, Document, Heading, Lines, Picture, Sheet, Text
from nnrun.pages.numbers import format_figure, format_seconds
from nnrun.pages.style import TRAINING_COLOR, VALIDATION_COLOR, drawing
from nnrun.runs.expectations import Figures
from nnrun.runs.history import History

FORMAT = 1
HELD = "held"
MISSED = "missed"
FAILED = "failed"
UNJUDGED = "expects nothing"
AS_EXPECTED = (HELD, UNJUDGED)
"""Statuses with which nothing is wrong."""
_COLUMNS = ("config", "material", "ours", "parameters", "time", "")
_WORDS = frozenset({0, 1, 2, 5})
_PANEL = (2.9, 2.0)
_PANELS = 2
_COLORS = 32  # a line, its smoothed edge and a grid need no more, and the file is a third as large


@dataclass(frozen=True)
class GalleryRow:
    """What came out of one config.

    Attributes:
        group: The title it stands under.
        name: Its name.
        config: Its file.
        shows: What it shows: the first comment of the file.
        material: The figure that the material reports; empty where there is none.
        seeds: The seeds that it was run with.
        runs: The run directories, by seed.
        status: `held`, `missed`, `expects nothing`, or `failed` where it could not be trained to
            its end.
        problem: Why it failed.
        parameters: How many the model has.
        epochs: How many epochs were trained, the mean over the runs.
        seconds: How long a run took, the mean; of a study, how long all of its runs took.
        expectations: A mapping each: `figure`, its mean as `value`, its standard `deviation` over
            the seeds (null for one), `held`, and `equals` or `min` and `max`.
    """

    group: str
    name: str
    config: str
    shows: str
    material: str
    seeds: tuple[int, ...]
    runs: tuple[str, ...] = ()
    status: str = FAILED
    problem: str = ""
    parameters: int | None = None
    epochs: float | None = None
    seconds: float | None = None
    expectations: tuple[Mapping[str, Any], ...] = ()


def gallery_json(rows: Sequence[GalleryRow], out: Path | None) -> dict[str, Any]:
    """The rows as `nnrun gallery --json` prints them."""
    file = None if out is None else str(out)
    return {"format": FORMAT, "file": file, "configs": [asdict(row) for row in rows]}


def first_comment(text: str) -> str:
    r"""The comment that a config opens with, as one line.

    >>> first_comment("# Iris by a small\n# network.\nname: iris # Fisher's\n")
    'Iris by a small network.'
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if "yaml-language-server" not in line:
            lines.append(line.lstrip("#").strip())
    return " ".join(lines)


def mean_figures(runs: Sequence[Figures]) -> Figures:
    """The means of the figures of several runs; None where one of them was not finite."""
    return {name: _mean([figures.get(name) for figures in runs]) for name in runs[0]}


def deviation(runs: Sequence[Figures], figure: str) -> float | None:
    """The standard deviation of a figure over several runs; None for one run, or `params`."""
    known = [value for figures in runs if (value := figures.get(figure)) is not None]
    return statistics.stdev(known) if len(known) > 1 and figure != "params" else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return known[0] if len(set(known)) == 1 else statistics.fmean(known)  # a whole number stays one


def draw_small_curves(history: History, path: Path) -> None:
    """Draw the loss and the first metric of a run, small enough for a page of many.

    The training curve stands half an epoch to the left, as in the run's own plots.
    """
    names = panel_names(history)[:_PANELS]
    epochs = epochs_of(history)
    with drawing(path, columns=len(names), panel=_PANEL) as figure:
        for position, name in enumerate(names, start=1):
            axes = figure.add_subplot(1, len(names), position)
            drawn: list[float] = []
            for column, shift, color in (
                (name, 0.5, TRAINING_COLOR),
                (on_validation(name), 0.0, VALIDATION_COLOR),
            ):
                values = values_of(history, column)
                if values:
                    places = [epoch - shift for epoch in epochs]
                    axes.plot(places, values, color=color, linewidth=1.4)
                drawn += values
            finish_axes(axes, "epoch", min(epochs) - 1, max(epochs))
            axes.set_title(name.replace("_", " "))
            finish_values(axes, name, drawn)
    _reduce_colors(path)


def _reduce_colors(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(_COLORS)
    reduced.save(path, optimize=True)


def gallery_view(
    rows: Sequence[GalleryRow], facts: str, pictures: Mapping[str, Picture], out: Path | None
) -> Document:
    """The rows as a document.

    Args:
        rows: What came out.
        facts: What it was run with, in a sentence.
        pictures: The learning curves, by the config's name.
        out: The page that is written; None where there is none.
    """
    unjudged = sum(row.status == UNJUDGED for row in rows)
    held, judged = sum(row.status == HELD for row in rows), len(rows) - unjudged
    told = f"{held} of {judged} configs meet their expectations"
    if unjudged:
        told += f", and {unjudged} {'has' if unjudged == 1 else 'have'} none"
    summary = [
        f"Written by `nnrun gallery`: {told}. {facts}".rstrip(),
        "Results are those of the best epoch, whose weights the saved model has. With several "
        "seeds they are means with standard deviations, and the means are compared with what the "
        "config expects. In the curves, training is blue and validation is orange.",
    ]
    blocks: list[Block] = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group]
        cells = [_cells(row) for row in members]
        blocks += [Heading(_in_a_line(group)), Sheet("", _COLUMNS, cells, _WORDS)]
        for row in members:
            blocks += _section(row)
            blocks += [pictures[row.name]] if row.name in pictures else []
    return Document("Gallery", blocks, lambda: gallery_json(rows, out), summary=summary)


def _cells(row: GalleryRow) -> list[Text]:
    return [
        Cell(row.name, link=f"#{row.name.lower()}"),
        _in_a_line(row.material),
        Cell("\n".join(map(figure_text, _figures(row))) or _in_a_line(row.problem), breaks=True),
        "" if row.parameters is None else f"{row.parameters:,}",
        "" if row.seconds is None else format_seconds(row.seconds),
        Cell(row.status, "" if row.status in AS_EXPECTED else "bad"),
    ]


def _section(row: GalleryRow) -> Iterator[Block]:
    yield Heading(row.name, 3)
    file = Cell(Path(row.config).name, link=row.config)
    yield Lines([[f"{_in_a_line(row.shows)} (".lstrip(), file, ")"]])
    if row.problem:
        yield Lines([f"It {row.status}: {_in_a_line(row.problem)}"])


def _figures(row: GalleryRow) -> Iterable[Mapping[str, Any]]:
    return (item for item in row.expectations if item["figure"] != "params" or not item["held"])


def figure_text(item: Mapping[str, Any]) -> str:
    """An expectation with what was reached, in a few words.

    >>> figure_text({"figure": "val_loss", "value": 0.25, "deviation": 0.01, "held": True, "max": 1})
    'val_loss 0.25 ± 0.01'
    >>> figure_text({"figure": "val_loss", "value": 2, "deviation": None, "held": False, "max": 1.5})
    'val_loss 2, not at most 1.5'
    """
    spread = item["deviation"]
    text = f"{item['figure']} {_rounded(item['value'])}"
    text += "" if spread is None else f" ± {spread:.1g}"
    if item["held"]:
        return text
    words = {"equals": "", "min": "at least ", "max": "at most "}
    wanted = (f"{word}{_rounded(item[key])}" for key, word in words.items() if key in item)
    return f"{text}, not {' and '.join(wanted)}"


def _rounded(value: float | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else format_figure(value)


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
