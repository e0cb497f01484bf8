"""What is printed: text of others never steers the terminal."""

import sys
import textwrap
from collections.abc import Iterable
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TextIO

from nnrun.config.diagnostics import escaped

if TYPE_CHECKING:
    from rich.console import Console


def make_console(**options: Any) -> "Console":
    """A rich console that shows what would steer a terminal as its code; `options` are rich's."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class _Console(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                plain = segment.control or segment.text.replace("\n", "").isprintable()
                yield segment if plain else Segment(printable(segment.text), segment.style)

    return _Console(highlight=False, **options)


def printable(text: str) -> str:
    """Text whose only unseen characters are the ends of its lines."""
    return "\n".join(map(escaped, text.split("\n")))


def fold(text: str, stream: TextIO) -> str:
    """A sentence broken between words where a terminal shows it; a program gets it as one line."""
    if not stream.isatty():
        return text
    return textwrap.fill(
        text, get_terminal_size().columns, break_long_words=False, break_on_hyphens=False
    )


def warn(text: str) -> None:
    """Print a warning on standard error."""
    complain(fold(f"warning: {text}", sys.stderr))


def complain(text: str) -> None:
    """Print a line, or several, on standard error."""
    print(printable(text), file=sys.stderr)  # noqa: T201 - this is the one place that prints errors
