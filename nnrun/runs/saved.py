"""What a run that broke off has saved to go on from."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nnrun.errors import RunError
from nnrun.runs.checkpoints import Checkpoint, CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import RunRecord


@dataclasses.dataclass(frozen=True)
class Saved:
    """A state that a training can go on from.

    Attributes:
        last: The state; None where the run broke off before there was one: it begins anew.
        best: The state of the best epoch so far.
        history: The history up to there.
        refused: Why newer states were refused, a line each.
    """

    last: Checkpoint | None = None
    best: Checkpoint | None = None
    history: History = dataclasses.field(default_factory=History)
    refused: tuple[str, ...] = ()

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was saved beside the arrays; empty where nothing was saved."""
        return {} if self.last is None else self.last.facts


@dataclasses.dataclass(frozen=True)
class Resumed:
    """A run that broke off, and goes on.

    Attributes:
        saved: The state it goes on from.
        record: Its record, as it is to be while it goes on.
        resolved: The text of its `resolved.yaml`, as it is to be.
        seconds: How long it has trained so far.
    """

    saved: Saved
    record: RunRecord
    resolved: str
    seconds: float


def load_saved(directory: RunDirectory) -> Saved:
    """The newest state of a run that is whole, with the best state that belongs to it.

    Raises:
        RunError: There are states, but none is whole.
    """
    store = CheckpointStore(directory.checkpoints)
    if not store.has("last"):
        return Saved()
    best = list(store.load_all("best")) if store.has("best") else []
    problem = "its best epoch's weights are not there"
    for last in store.load_all("last"):
        try:
            wanted = last.facts["position"]["best_epoch"]
            text = last.facts["history"]
            history = History.from_csv(text) if text else History()
            complete = len(history) == last.facts["epoch"]
            _check_shape(last.facts)
        except (KeyError, TypeError, ValueError, RunError) as error:
            problem = f"it does not say where it stands ({error})"
            continue
        if not complete:
            problem = "its history is not whole"
            continue
        if wanted is None:
            return Saved(last, None, history, last.refused)
        for kept in best:
            if kept.facts.get("epoch") == wanted:
                return Saved(last, kept, history, last.refused)
    raise RunError(
        f"{directory.path} is damaged: {problem}",
        hint=f"Train it anew: nnrun train {directory.resolved}",
    )


def _check_shape(facts: Mapping[str, Any]) -> None:
    """See whether facts are such as `RunWriter` and its callers write.

    Raises:
        KeyError: One is missing.
        TypeError: One is of another type.
        ValueError: One is of another length.
    """
    position = facts["position"]
    whole = [facts["epoch"], position["epoch"], position["step"]]
    whole += [size for _, size in facts["tensorboard"].values()]
    names = [name for name, _ in facts["tensorboard"].values()]
    if not all(type(value) is int and value >= 0 for value in whole):
        raise TypeError("not a number of epochs, steps or bytes")
    if not all(isinstance(text, str) for text in [*names, facts["config"]]):
        raise TypeError("not a text")
    if not all(isinstance(state, dict) for state in facts["callbacks"]):
        raise TypeError("not the state of a callback")
    float(facts["seconds"])
