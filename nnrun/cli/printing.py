"""What is printed: text of others never steers the terminal."""

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
    """Print what a command has to show, and write it to a file where that is wanted.

    Args:
        document: What it shows; its asides go to standard error.
        out: The file, whose suffix says in which form; None for none.
        as_json: Print the data for programs, and nothing else.
    """
    if as_json:
        typer.echo(json_text(document.data()), nl=False)
    else:
        typer.echo(screen_text(document, Screen.of(sys.stdout)), nl=False)
        say_asides(document)
    if out is not None:
        write_page(document, out)
        typer.echo(printable(f"written: {out}"), err=as_json)


def say_asides(document: "Document") -> None:
    """Print what has to be known beside a document on standard error."""
    for aside in document.asides:
        complain(fold(aside, sys.stderr))


def write_page(document: "Document", out: Path) -> None:
    """Write a document to a file, whose suffix says in which form.

    Raises:
        RunError: The file cannot be written.
    """
    from nnrun.pages.files import page_text
    from nnrun.runs.atomic import write_text

    write_text(out, page_text(document, out))


def printable(text: str) -> str:
    """Text whose only unseen characters are the ends of its lines."""
    return "\n".join(map(escaped, text.split("\n")))


def fold(text: str, stream: TextIO) -> str:
    """A sentence broken between words where a terminal shows it; a program gets it as one line."""
    return Screen.of(stream).folded(text)


def warn(text: str) -> None:
    """Print a warning on standard error."""
    complain(fold(f"warning: {text}", sys.stderr))


def complain(text: str) -> None:
    """Print a line, or several, on standard error."""
    print(printable(text), file=sys.stderr)  # noqa: T201 - this is the one place that prints errors
