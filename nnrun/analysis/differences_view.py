"""What differs between two configs, as a document."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.analysis.differences import Difference, describe_value, find_differences
from nnrun.pages.document import Block, Document, Lines, Sheet, Text

_ABSENT = "-"


def differences_view(
    first: str, second: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Document:
    """What differs between two configs, each under the name of its run."""
    found = find_differences(before, after)
    columns = ("setting", first, second)
    block: Block = Sheet("", columns, difference_rows(found), frozenset({0, 1, 2}))
    return Document(
        f"{first} and {second}",
        [block if found else Lines(["the configs are the same"])],
        lambda: {"format": 1, "differences": [vars(item) for item in found]},
    )


def difference_rows(differences: Sequence[Difference]) -> list[list[Text]]:
    """A row for each difference: where, before and after."""
    return [
        [
            difference.path,
            _ABSENT if difference.kind == "added" else describe_value(difference.before),
            _ABSENT if difference.kind == "gone" else describe_value(difference.after),
        ]
        for difference in differences
    ]
