"""What a run shows, in words."""

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

_WIDTH = 78

FEW = "few_epochs"
"""The kind of finding that there is nothing to find."""
NOTHING = "unremarkable"
"""The kind of finding that no rule holds."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a run shows.

    Attributes:
        kind: Its name, as in `overfitting`.
        text: What it shows, in a sentence.
        advice: What to try, in a sentence with the keys of the config; empty where there is nothing.
    """

    kind: str
    text: str
    advice: str = ""


def as_plain(findings: Sequence[Finding]) -> tuple[dict[str, str], ...]:
    """Findings in the form of `run.json`."""
    return tuple(dataclasses.asdict(finding) for finding in findings)


def in_words(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Findings of a `run.json` as paragraphs that fit a narrow terminal.

    That there are too few epochs to say anything is not said.

    >>> in_words([{"kind": "fine", "text": "All is well.", "advice": ""}])
    ['All is well.']
    """
    told = (
        f"{item.get('text', '')} {item.get('advice', '')}".strip()
        for item in findings
        if item.get("kind") != FEW
    )
    return [
        textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) for text in told
    ]
