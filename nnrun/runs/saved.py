"""The state that an interrupted run can resume from."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nnrun.errors import RunError
from nnrun.runs.checkpoint_files import NonFiniteError, check_finite
from nnrun.runs.checkpoints import Checkpoint, CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import RunRecord

UNCHECKED = ("metrics/", "callback/")
"""Arrays that may contain NaN and infinity: a callback may remember a bad value."""


@dataclasses.dataclass(frozen=True)
class Saved:
    """A state that a training can resume from.

    Attributes:
        last: The state; None if the run was interrupted before there was one, and starts again.
        best: The state of the best epoch so far.
        history: The history up to there.
        refused: Why newer states were refused, one line each.
    """

    last: Checkpoint | None = None
    best: Checkpoint | None = None
    history: History = dataclasses.field(default_factory=History)
    refused: tuple[str, ...] = ()

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts saved with the arrays; empty if nothing was saved."""
        return {} if self.last is None else self.last.facts


@dataclasses.dataclass(frozen=True)
class Resumed:
    """An interrupted run that is being resumed.

    Attributes:
        saved: The state it continues from.
        record: Its record from now on.
        resolved: The text of its `resolved.yaml` from now on.
        seconds: How long it has trained so far.
        doubts: Sentences on what keeps it from continuing exactly where it ended.
    """

    saved: Saved
    record: RunRecord
    resolved: str
    seconds: float
    doubts: tuple[str, ...] = ()


def load_saved(directory: RunDirectory) -> Saved:
    """Load the newest intact state of a run, with the best state that belongs to it.

    Raises:
        RunError: There are states, but none is intact.
    """
    store = CheckpointStore(directory.checkpoints)
    if not store.has("last"):
        return Saved()
    best = [kept for kept in _load(store, "best") if type(kept.facts.get("epoch")) is int]
    problems: list[str] = []
    for last in _load(store, "last"):
        doubts = (*last.refused, *problems)
        try:
            history = _history_of(last.facts)
        except (KeyError, TypeError, ValueError, AttributeError, RunError) as error:
            problems.append(
                f"{store.file_of('last', last)} does not say how far the training had come ({error})"
            )
            continue
        wanted = last.facts["position"]["best_epoch"]
        if wanted is None:
            return Saved(last, None, history, doubts)
        for kept in best:
            if kept.facts["epoch"] == wanted:
                return Saved(last, kept, history, doubts)
        problems.append(f"the weights of its best epoch, {wanted}, are not there")
    raise RunError(
        f"{directory.path} is damaged: {'; '.join(problems) or 'its states are not finite'}",
        hint=f"Train it again: nnrun train {directory.resolved}",
    )


def _load(store: CheckpointStore, name: str) -> Iterator[Checkpoint]:
    """The intact generations, except those with NaN or infinity where that isn't allowed."""
    problems: list[str] = []
    for checkpoint in store.load_all(name):
        arrays = checkpoint.arrays.items()
        try:
            check_finite({key: array for key, array in arrays if not key.startswith(UNCHECKED)})
        except NonFiniteError as error:
            problems.append(
                f"{store.file_of(name, checkpoint)} holds {error.array}, which is not finite"
            )
        else:
            refused = (*checkpoint.refused, *problems)
            yield dataclasses.replace(checkpoint, refused=refused)


def _history_of(facts: Mapping[str, Any]) -> History:
    """The history in a state, after checking all of its facts.

    Raises:
        KeyError: A fact is missing.
        TypeError: A fact has the wrong type.
        ValueError: A fact has the wrong length or an impossible value.
        AttributeError: A fact is not a mapping.
        RunError: The history is incomplete.
    """
    position = facts["position"]
    sizes = list(facts["tensorboard"].values())
    epoch, best_epoch = facts["epoch"], position["best_epoch"]
    whole = [epoch, position["epoch"], position["step"], *(size for _, size in sizes)]
    if not all(type(value) is int and value >= 0 for value in whole):
        raise TypeError("not a number of epochs, steps or bytes")
    if position["epoch"] != epoch or not (
        best_epoch is None or (type(best_epoch) is int and 0 < best_epoch <= epoch)
    ):
        raise ValueError("an epoch that it has not")
    figures = [facts["seconds"], *position.get("logs", {}).values()]
    figures += [] if position.get("best") is None else [position["best"]]
    if not all(type(value) in (int, float) for value in figures):
        raise TypeError("not a figure")
    if not 0 <= facts["seconds"] < math.inf:
        raise ValueError("not a time")
    texts = [*(name for name, _ in sizes), facts["config"], facts["history"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not a text")
    if type(position.get("stopping", False)) is not bool:
        raise TypeError("not a truth value")
    if not all(isinstance(state, dict) for state in facts["callbacks"]):
        raise TypeError("not the state of a callback")
    history = History.from_csv(facts["history"]) if facts["history"] else History()
    if (history.column("epoch") if len(history) else []) != list(range(1, epoch + 1)):
        raise ValueError("its history is not whole")
    return history
