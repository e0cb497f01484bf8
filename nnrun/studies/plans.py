"""The plans that can be stored in a study's directory, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.runs.study_record import SEARCH, SWEEP
from nnrun.studies.confirmation import CONFIRMATION, Confirmation
from nnrun.studies.folds import FOLDS, Folds
from nnrun.studies.search_plan import read_search_plan
from nnrun.studies.seeds import SEEDS, Seeds
from nnrun.studies.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.plan import StoredPlan


def _seeds(plan: Mapping[str, Any]) -> Seeds:
    return Seeds(plan["seeds"])


def _folds(plan: Mapping[str, Any]) -> Folds:
    return Folds(plan["folds"], plan["seeds"])


_EACH: Mapping[str, Callable[[Mapping[str, Any]], Seeds | Folds]] = {SEEDS: _seeds, FOLDS: _folds}
PLANS: Mapping[str, Callable[[Mapping[str, Any], StudyDirectory], StoredPlan]] = {
    FOLDS: lambda plan, _: _folds(plan),
    SEEDS: lambda plan, _: _seeds(plan),
    SWEEP: lambda plan, _: Sweep(
        plan["path"], plan["values"], _EACH[plan["each"]["kind"]](plan["each"])
    ),
    SEARCH: read_search_plan,
    CONFIRMATION: lambda plan, _: Confirmation(plan["runs"]),
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
