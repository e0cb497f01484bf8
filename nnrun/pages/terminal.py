"""A document in a terminal: padded text, with colours and Unicode if they can be shown."""

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from os import environ
from shutil import get_terminal_size
from typing import Self, TextIO

from nnrun.config.diagnostics import escaped, text_columns
from nnrun.pages.document import (
    SIGNS,
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Heading,
    Line,
    Lines,
    Plot,
    Sheet,
    as_cell,
    as_cells,
)
from nnrun.pages.text_table import GAP, narrow, padded, sheet_lines
from nnrun.pages.textplots import BLOCKS, BLOCKS_IN_ASCII, line_plot

_PROBE = f"⣿✓─┤{BLOCKS}"
_WORDS = 64  # columns of a fact, of the 80 that the narrowest usual terminal has
_SIGNS_IN_ASCII = {"better": "better", "worse": "worse", "held": "ok", "missed": "FAILED"}
_IN_ASCII = {"±": "+-", " …": "..", **dict(zip(BLOCKS, BLOCKS_IN_ASCII, strict=True))}
_COLORS = {
    "better": "32",
    "worse": "31",
    "held": "32",
    "missed": "1;31",
    "good": "32",
    "busy": "36",
    "doubt": "33",
    "bad": "1;31",
    "strong": "1",
    "quiet": "2",
}


@dataclass(frozen=True)
class Screen:
    """A screen or stream that shows text.

    Attributes:
        width: Columns.
        is_terminal: Whether a person reads it; a program gets whole tables and sentences.
        unicode: Whether it can show Unicode.
        color: Whether it can show colours.
    """

    width: int = 80
    is_terminal: bool = True
    unicode: bool = True
    color: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Self:
        """The screen of a stream."""
        is_terminal = stream.isatty()
        color = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        unicode = speaks_unicode(getattr(stream, "encoding", None))
        return cls(get_terminal_size().columns, is_terminal, unicode, color)

    def text(self, cell: Cell) -> str:
        """A cell with its sign; control characters are shown as codes."""
        signs = SIGNS if self.unicode else _SIGNS_IN_ASCII
        words = "\n".join(map(self._shown, cell.lines))
        return " ".join(filter(None, (words, signs.get(cell.mark, ""))))

    def plain(self, text: str) -> str:
        """A text as the screen can show it, on one line."""
        return self._shown(escaped(text))

    def _shown(self, text: str) -> str:
        if not self.unicode and not text.isascii():
            for sign, plain in _IN_ASCII.items():
                text = text.replace(sign, plain)
        return text

    def painted(self, text: str, mark: str) -> str:
        """A text in the colour of its mark."""
        if not self.color or not mark or not text:
            return text
        return f"\x1b[{_COLORS[mark]}m{text}\x1b[0m"

    def folded(self, text: str) -> str:
        """A sentence, wrapped if a person reads it."""
        return fold_words(text, self.width) if self.is_terminal else text


def speaks_unicode(encoding: str | None = None) -> bool:
    """Whether an encoding (by default, standard output's) can represent the signs."""
    try:
        _PROBE.encode(encoding or getattr(sys.stdout, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def fold_words(text: str, width: int) -> str:
    """Wrap text between words; words that are too long, such as paths, stay whole."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def screen_text(document: Document, screen: Screen) -> str:
    """A document as text for a screen, with a final line end, without its asides."""
    parts: list[str] = []
    blocks = [*document.blocks, *([Lines(document.summary)] if document.summary else [])]
    heading = False
    for block in blocks:
        lines = list(block_lines(block, screen))
        if lines and parts and not heading:
            parts.append("")
        parts += lines
        heading = isinstance(block, Heading)
    return "".join(f"{line.rstrip()}\n" for line in parts)


def block_lines(block: Block, screen: Screen) -> Iterator[str]:
    """The lines of a block."""
    match block:
        case Heading():
            yield from _heading(block, screen)
        case Lines():
            yield from _lines(block, screen)
        case Facts():
            yield from _facts(block, screen)
        case Code():
            yield from _code(block, screen)
        case Plot():
            yield from _plot(block, screen)
        case Sheet():
            yield from _sheet(block, screen)


def _heading(block: Heading, screen: Screen) -> Iterator[str]:
    yield screen.painted(screen.plain(block.text), "strong")


def _lines(block: Lines, screen: Screen) -> Iterator[str]:
    for line in block.lines:
        yield from _sentence(line, screen)


def _sentence(line: Line, screen: Screen) -> Iterator[str]:
    cells = as_cells(line)
    if len(cells) == 1:
        for part in screen.folded(screen.text(cells[0])).split("\n"):
            yield screen.painted(part, cells[0].mark)
    else:
        yield "".join(screen.painted(screen.text(cell), cell.mark) for cell in cells)


def _facts(block: Facts, screen: Screen) -> Iterator[str]:
    width = max(map(text_columns, block.facts), default=0) + GAP
    for name, value in block.facts.items():
        plain = screen.plain(str(value))
        lines = fold_words(plain, _WORDS) if isinstance(value, str) else plain
        first, *others = lines.split("\n")
        yield padded(screen.plain(name), width) + first
        yield from (" " * width + line for line in others)


def _code(block: Code, screen: Screen) -> Iterator[str]:
    for line in block.lines:
        cell = as_cell(line)
        yield screen.painted(screen.plain(cell.text), cell.mark)


def _plot(block: Plot, screen: Screen) -> Iterator[str]:
    panels = []
    for name, values in block.curves.items():
        plot = line_plot(
            values,
            block.width,
            block.height,
            limits=block.limits,
            log=block.log,
            unicode=screen.unicode,
        )
        lines = [*([screen.plain(name)] if name else []), *plot.splitlines()]
        width = max(map(text_columns, lines))
        panels.append([padded(line, width) for line in lines])
    yield from ("   ".join(row) for row in zip(*panels, strict=True))


def _sheet(block: Sheet, screen: Screen) -> Iterator[str]:
    if block.narrowing is None:
        yield from sheet_lines(block, screen, screen.width)
        return
    silently = not block.narrowing.hint  # a program would not notice that something is missing
    if not block.narrowing.leaves_out or (silently and not screen.is_terminal):
        yield from sheet_lines(block, screen, None)
        return
    tables, left_out = narrow(block, screen, screen.width)
    for number, table in enumerate(tables):
        if number:
            yield ""
        yield from sheet_lines(table, screen, None)
    if left_out and block.narrowing.hint:
        text = f"not shown: {', '.join(left_out)}; {block.narrowing.hint}"
        yield from screen.folded(screen.plain(text)).split("\n")
