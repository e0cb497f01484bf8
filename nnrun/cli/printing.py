"""Printing, with control characters in untrusted text escaped."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from nnrun.config.diagnostics import escaped
from nnrun.json_text import json_text
from nnrun.pages.terminal import Screen, screen_text

if TYPE_CHECKING:
    from nnrun.pages.document import Document


def show_document(document: "Document", out: Path | None = None, *, as_json: bool) -> None:
    """Print a command's document, and write it to a file if requested.

    Args:
        document: The document; its asides go to standard error.
        out: The file, in the format of its suffix; None for none.
        as_json: Print the data for programs, and nothing else.
    """
    if as_json:
        typer.echo(json_text(document.data()), nl=False)
    else:
        typer.echo(screen_text(document, Screen.of(sys.stdout)), nl=False)
        say_asides(document)
    if out is not None:
        write_page(document, out)
        tell_written(out, as_json=as_json)


def say_asides(document: "Document") -> None:
    """Print a document's asides on standard error."""
    for aside in document.asides:
        complain(fold(aside, sys.stderr))


def write_page(document: "Document", out: Path) -> None:
    """Write a document to a file, in the format of its suffix.

    Raises:
        RunError: The file cannot be written.
    """
    from nnrun.pages.files import page_files
    from nnrun.runs.atomic import write_each

    write_each(page_files(document, out))


def tell_written(out: Path, *, as_json: bool) -> None:
    """Say that a file is written, on standard error where standard output is a program's."""
    typer.echo(printable(f"written: {out}"), err=as_json)


def printable(text: str) -> str:
    """Text in which line ends are the only control characters."""
    return "\n".join(map(escaped, text.split("\n")))


def fold(text: str, stream: TextIO) -> str:
    """A sentence, wrapped in a terminal, on one line for programs."""
    return Screen.of(stream).folded(text)


def warn(text: str) -> None:
    """Print a warning on standard error."""
    complain(fold(f"warning: {text}", sys.stderr))


def complain(text: str) -> None:
    """Print one or more lines on standard error."""
    print(printable(text), file=sys.stderr)  # noqa: T201 - this is the one place that prints errors
