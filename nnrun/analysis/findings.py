"""What a run shows, in words."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

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
    """Findings of a `run.json` as sentences.

    That there are too few epochs to say anything is not said.

    >>> in_words([{"kind": "fine", "text": "All is well.", "advice": ""}])
    ['All is well.']
    """
    return [
        f"{item.get('text', '')} {item.get('advice', '')}".strip()
        for item in findings
        if item.get("kind") != FEW
    ]
