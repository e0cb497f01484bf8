"""The mistakes of configs, as a document."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnrun.config.diagnostics import in_order, problems_to_json, where_is
from nnrun.errors import Problem
from nnrun.pages.document import Block, Cell, Document, Sheet, Text


def problems_view(by_config: Mapping[Path, Sequence[Problem]]) -> Document:
    """What is wrong with configs and what is doubtful in them, a row each."""
    problems = in_order(problem for found in by_config.values() for problem in found)
    rows: list[list[Text]] = [
        [
            where_is(problem),
            Cell(problem.severity, "bad" if _is_mistake(problem) else "doubt"),
            f"{problem.path}: {problem.message}".removeprefix(": "),
            problem.hint,
        ]
        for problem in problems
    ]
    columns = ("where", "", "what is wrong", "what to do")
    blocks: list[Block] = [Sheet("", columns, rows, frozenset(range(4)))] if rows else []
    return Document(
        "Configs",
        blocks,
        lambda: {"format": 1, "problems": problems_to_json(problems)},
        summary=[_summary(by_config, sum(map(_is_mistake, problems)))],
    )


def _is_mistake(problem: Problem) -> bool:
    return problem.severity != "warning"


def _summary(by_config: Mapping[Path, Sequence[Problem]], mistakes: int) -> str:
    """How many mistakes there are in which configs, and in which there is none."""
    wrong = [config for config, found in by_config.items() if any(map(_is_mistake, found))]
    right = ", ".join(str(config) for config in by_config if config not in wrong)
    if not wrong:
        return f"no mistake in {right}"
    told = f"{mistakes} mistake{'s' if mistakes > 1 else ''} in {', '.join(map(str, wrong))}"
    return f"{told}; none in {right}" if right else told
