"""The style of plots."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nnrun.config.diagnostics import escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING_COLOR = "#1f77b4"
VALIDATION_COLOR = "#d95f02"
MAIN_COLOR = TRAINING_COLOR
RUN_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Colours for several runs, safe for the colour-blind (Okabe and Ito), without the yellow."""
REFERENCE_COLOR = "#888888"
PANEL = (4.6, 3.4)
"""Width and height of a panel, in inches."""
_UNDATED: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "nnrun",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.dpi": 150,
}


@contextmanager
def drawing(
    path: Path,
    *,
    columns: int = 1,
    rows: int = 1,
    title: str = "",
    panel: tuple[float, float] = PANEL,
    form: str = "png",
) -> Iterator["Figure"]:
    """A figure in the style of all plots, written when the block ends.

    Args:
        path: The file to write; the same drawing gives the same bytes.
        columns: The number of panels side by side.
        rows: The number of rows of panels.
        title: The title above them.
        panel: Width and height of a panel, in inches.
        form: `png`, `svg` or `pdf`.
    """
    # Not pyplot: it takes half a second to import and keeps every figure in a global list.
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The defaults first: a user's matplotlibrc is not to change what a run looks like.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(panel[0] * columns, panel[1] * rows), layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            figure.suptitle(drawable(title), fontsize=11)
        yield figure
        # Without the version of matplotlib in it, the same drawing gives the same bytes.
        figure.savefig(path, format=form, metadata=_UNDATED[form])


def png_of(draw: Callable[[Path], None]) -> bytes:
    """The PNG that a function draws into the file it is called with."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.png"
        draw(path)
        return path.read_bytes()


def drawable(text: str) -> str:
    """Text that matplotlib can draw, without interpreting it as mathematics."""
    return escaped(text).replace("$", r"\$")
