"""The plots that a run ends with."""

from contextlib import suppress

from nnrun.analysis.curves import draw_learning_curves, draw_learning_rate
from nnrun.analysis.trace_plot import draw_traces, list_panels
from nnrun.errors import RunError
from nnrun.runs.atomic import write_with
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History


def draw_run(
    directory: RunDirectory, history: History, best_epoch: int, *, title: str, scaled: bool = False
) -> None:
    """Draw what there is to draw of a run, into its folder of plots.

    Args:
        directory: The run.
        history: Its epochs, one at least.
        best_epoch: The epoch to mark.
        title: What stands above the curves.
        scaled: Whether the loss is of scaled labels.
    """
    units = {"loss": "of scaled labels"} if scaled else {}
    write_with(
        directory.learning_curves,
        lambda path: draw_learning_curves(
            history, path, best_epoch=best_epoch, title=title, units=units
        ),
    )
    write_with(directory.learning_rate, lambda path: draw_learning_rate(history, path))
    traces = History()
    with suppress(RunError):  # damaged, and gone on with all the same: there is nothing to draw
        traces = History.read(directory.traces) if directory.traces.exists() else traces
    if list_panels(traces):
        write_with(directory.traces_plot, lambda path: draw_traces(traces, path, title=title))
