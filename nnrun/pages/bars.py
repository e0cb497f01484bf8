"""Progress bars and a spinner for terminals."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from nnrun.config.diagnostics import escaped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.status import Status


def waiting_sign(text: str) -> "Status":
    """A spinner with a text on standard output, to be started and stopped."""
    return _make_console().status(text)


def progress_bars(stream: TextIO) -> "Progress":
    """Bars followed by a text (`told`), which disappear when they end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        console=_make_console(stream),
        transient=True,
    )


def print_above(bars: "Progress", line: str) -> None:
    """Print a line above bars."""
    bars.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _make_console(stream: TextIO | None = None) -> "Console":
    """A console that prints control characters as codes."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class _Console(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                plain = segment.control or segment.text.replace("\n", "").isprintable()
                if not plain:
                    text = "\n".join(map(escaped, segment.text.split("\n")))
                    segment = Segment(text, segment.style)  # noqa: PLW2901
                yield segment

    return _Console(highlight=False, file=stream)
