"""A document as Markdown."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from nnrun.config.diagnostics import escaped
from nnrun.pages.document import (
    SIGNS,
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Heading,
    Lines,
    Picture,
    Plot,
    Sheet,
    Text,
    as_cell,
    as_cells,
    named,
)
from nnrun.pages.textplots import line_plot

_STRONG = ("strong", "bad", "missed")


def markdown_text(document: Document, folder: Path) -> str:
    """A document as Markdown.

    Args:
        document: The document.
        folder: Its folder, for relative links.
    """
    blocks = [*document.blocks, *([Lines(document.asides)] if document.asides else [])]
    parts = [f"# {escape_markdown(document.title)}\n", *_paragraphs(document.summary, folder)]
    for block in blocks:
        parts += markdown_parts(block, folder)
    return "\n".join(parts)


def markdown_parts(block: Block, folder: Path) -> Iterator[str]:
    """The paragraphs of a block, each with a line end."""
    match block:
        case Heading():
            yield from _heading(block)
        case Lines():
            yield from _lines(block, folder)
        case Facts():
            yield from _facts(block)
        case Code():
            yield from _code(block)
        case Picture():
            yield from _picture(block, folder)
        case Plot():
            yield from _plot(block)
        case Sheet():
            yield from _sheet(named(block), folder)


def _heading(block: Heading) -> Iterator[str]:
    yield f"{'#' * block.level} {escape_markdown(block.text)}\n"


def _lines(block: Lines, folder: Path) -> Iterator[str]:
    for line in block.lines:
        yield "".join(_cell_text(cell, folder) for cell in as_cells(line)) + "\n"


def _facts(block: Facts) -> Iterator[str]:
    yield "".join(
        f"- **{escape_markdown(name)}**: {_fact(value)}\n" for name, value in block.facts.items()
    )


def _code(block: Code) -> Iterator[str]:
    yield _fenced(as_cell(line).text for line in block.lines)


def _picture(block: Picture, folder: Path) -> Iterator[str]:
    if block.link:
        yield f"![{escape_markdown(block.caption)}]({_address(block.link, folder)})\n"


def _plot(block: Plot) -> Iterator[str]:
    for name, values in block.curves.items():
        plot = line_plot(values, block.width, block.height, limits=block.limits, log=block.log)
        yield _fenced([*([name] if name else []), *plot.splitlines()])


def _sheet(block: Sheet, folder: Path) -> Iterator[str]:
    if block.title:
        yield f"## {escape_markdown(block.title)}\n"
    rules = ["---" if place in block.left else "---:" for place in range(len(block.columns))]
    rows = [[_cell_text(as_cell(cell), folder) for cell in row] for row in block.rows]
    lines = [[_header(as_cell(column)) for column in block.columns], rules, *rows]
    yield "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if block.note:
        yield from _paragraphs([block.note], folder)


def _paragraphs(lines: Iterable[Text], folder: Path) -> Iterator[str]:
    for line in lines:
        yield f"{_cell_text(as_cell(line), folder)}\n"


def _fact(value: str | Path) -> str:
    return _with_code(str(value)) if isinstance(value, str) else _as_code(str(value))


def _cell_text(cell: Cell, folder: Path) -> str:
    words = "<br>".join(map(_with_code, cell.lines))
    text = " ".join(filter(None, (words, SIGNS.get(cell.mark, ""))))
    if cell.link:
        text = f"[{text}]({_address(cell.link, folder)})"
    return f"**{text}**" if cell.mark in _STRONG and words else text


def _header(cell: Cell) -> str:
    return escape_markdown(" ".join(cell.text.split()))


def _address(link: str, folder: Path) -> str:
    """The relative link from a folder; links within the page are unchanged."""
    return link if link.startswith("#") else quote(Path(os.path.relpath(link, folder)).as_posix())


def _fenced(lines: Iterable[str]) -> str:
    text = "\n".join(map(escaped, lines))
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 0)
    return f"{fence}text\n{text}\n{fence}\n"


def _with_code(text: str) -> str:
    """Text with what is between backticks kept as code."""
    parts = re.split("(`[^`\n]+`)", text)
    return "".join(
        _as_code(part[1:-1]) if place % 2 else escape_markdown(part)
        for place, part in enumerate(parts)
    )


def _as_code(text: str) -> str:
    return f"`{escaped(text)}`" if "`" not in text else escape_markdown(text)


def escape_markdown(text: str) -> str:
    r"""Escape text so that Markdown shows it unchanged.

    >>> escape_markdown("a|b <i>")
    'a\\|b \\<i\\>'
    """
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#" else char for char in escaped(text))
