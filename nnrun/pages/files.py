"""A document as files, in the format of the page's suffix."""

from dataclasses import replace
from pathlib import Path

from nnrun.json_text import json_text
from nnrun.pages.document import Block, Document, Picture
from nnrun.pages.html import html_text
from nnrun.pages.markdown import markdown_text


def page_files(document: Document, path: Path) -> dict[Path, bytes]:
    """The files that show a document, with their contents.

    Args:
        document: The document.
        path: The page; it ends in one of `PAGE_SUFFIXES`.

    Returns:
        The page, last. A Markdown page can't embed pictures: those without a file come first, in a
        folder beside it with the name of the page.
    """
    pictures: dict[Path, bytes] = {}

    def kept(block: Block) -> Block:
        if not isinstance(block, Picture) or block.link or not (content := block.read()):
            return block
        file = path.with_suffix("") / f"{block.name}.png"
        pictures[file] = content
        return replace(block, link=str(file))

    if path.suffix.lower() == ".md":
        document = replace(document, blocks=[kept(block) for block in document.blocks])
    return {**pictures, path: page_text(document, path).encode(errors="backslashreplace")}


def page_text(document: Document, path: Path) -> str:
    """The content of a file that shows a document; `path` ends in one of `PAGE_SUFFIXES`."""
    match path.suffix.lower():
        case ".html":
            return html_text(document, path.parent)
        case ".md":
            return markdown_text(document, path.parent)
    return json_text(document.data())
