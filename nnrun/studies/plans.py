"""The plans that can be stored in a study's directory, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.studies.folds import FOLDS, Folds
from nnrun.studies.search_plan import SEARCH, read_search_plan
from nnrun.studies.seeds import SEEDS, Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.plan import StoredPlan

PLANS: Mapping[str, Callable[[Mapping[str, Any], StudyDirectory], StoredPlan]] = {
    FOLDS: lambda plan, _: Folds(plan["folds"], plan["seeds"]),
    SEEDS: lambda plan, _: Seeds(plan["seeds"]),
    SEARCH: lambda plan, directory: read_search_plan(plan, directory.resolved),
}
"""Functions that recreate each kind of plan from its JSON and the study's directory."""


def read_plan(plan: Mapping[str, Any], directory: StudyDirectory) -> StoredPlan:
    """The plan of a study, from its record.

    Raises:
        RunError: This version of nnrun does not know its kind, or it is incomplete.
    """
    make = PLANS.get(plan["kind"])
    if make is None:
        raise RunError(f"{directory.record} has a plan of the unknown kind {plan['kind']!r}")
    try:
        return make(plan, directory)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{directory.record} is damaged: its plan is not whole") from error
