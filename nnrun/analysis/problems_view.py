"""The mistakes of configs, as a document."""

from collections.abc import Sequence
from pathlib import Path

from nnrun.config.diagnostics import in_order, problems_to_json
from nnrun.errors import Problem
from nnrun.pages.document import Block, Cell, Document, Sheet, Text


def problems_view(configs: Sequence[Path], problems: Sequence[Problem]) -> Document:
    """What is wrong with configs and what is doubtful in them, a row each."""
    rows: list[list[Text]] = [
        [
            f"{problem.place.source}:{problem.place.line}" if problem.place else "",
            Cell(problem.severity, "doubt" if problem.severity == "warning" else "bad"),
            f"{problem.path}: {problem.message}".removeprefix(": "),
            problem.hint,
        ]
        for problem in in_order(problems)
    ]
    columns = ("where", "", "what is wrong", "what to do")
    blocks: list[Block] = [Sheet("", columns, rows, frozenset(range(4)))] if rows else []
    mistakes = sum(problem.severity != "warning" for problem in problems)
    files = ", ".join(map(str, configs))
    found = "no mistake" if not mistakes else f"{mistakes} mistake{'s' if mistakes > 1 else ''}"
    return Document(
        "Configs",
        blocks,
        lambda: {"format": 1, "problems": problems_to_json(problems)},
        summary=[f"{found} in {files}"],
    )
