"""The plans that a study's directory can keep, by their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.studies.seeds import SEEDS, Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.plan import StoredPlan

PLANS: Mapping[str, Callable[[Mapping[str, Any]], StoredPlan]] = {
    SEEDS: lambda plan: Seeds(plan["seeds"]),
}
"""What makes each kind of plan again from what its `to_json` gave."""


def read_plan(plan: Mapping[str, Any], directory: StudyDirectory) -> StoredPlan:
    """The plan of a study, from its record.

    Raises:
        RunError: It is of no kind that this nnrun knows, or is not whole.
    """
    make = PLANS.get(plan["kind"])
    if make is None:
        raise RunError(f"{directory.record} has a plan of the unknown kind {plan['kind']!r}")
    try:
        return make(plan)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{directory.record} is damaged: its plan is not whole") from error
