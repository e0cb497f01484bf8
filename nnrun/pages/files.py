"""A document as the text of a file, in the format of its suffix."""

from pathlib import Path

from nnrun.json_text import json_text
from nnrun.pages.document import Document
from nnrun.pages.html import html_text
from nnrun.pages.markdown import markdown_text


def page_text(document: Document, path: Path) -> str:
    """The content of a file that shows a document; `path` ends in one of `PAGE_SUFFIXES`."""
    match path.suffix.lower():
        case ".html":
            return html_text(document, path.parent)
        case ".md":
            return markdown_text(document, path.parent)
    return json_text(document.data())
