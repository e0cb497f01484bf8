"""Continuing a run: whether its callbacks match the saved ones, and what more epochs will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.training.callbacks import all_callbacks
from nnrun.training.estimating import scheduled_rate

if TYPE_CHECKING:
    from nnrun.config.schema import Experiment
    from nnrun.experiments.prepared import Prepared
    from nnrun.runs.directory import RunDirectory
    from nnrun.runs.saved import Saved

_COUNTING = ("EarlyStopping", "ReduceLROnPlateau")


def check_callbacks(directory: RunDirectory, saved: Saved, declared: Experiment) -> None:
    """See that a run saved as many callbacks as its config has.

    Raises:
        RunError: It did not.
    """
    kept, wanted = len(saved.facts["callbacks"]), len(all_callbacks(declared))
    if kept != wanted:
        raise RunError(f"{directory.name} saved {kept} callbacks, and its config has {wanted}")


def extension_notes(prepared: Prepared, model: Any, saved: Saved) -> list[str]:
    """Sentences about what the schedule and callbacks will do in the coming epochs."""
    experiment, done = prepared.experiment, saved.facts["epoch"]
    steps = prepared.steps_per_epoch
    first = scheduled_rate(model, done * steps)
    last = scheduled_rate(model, experiment.training.epochs * steps - 1)
    notes = []
    tuned = experiment.training.fine_tune
    if first is None or last is None or (tuned and done >= tuned.after_epoch):
        notes.append("The learning rate stays as it was.")
    else:
        name = experiment.schedule.name if experiment.schedule else "The schedule"
        notes.append(
            f"{name} continues from a learning rate of {first:.3g} and comes to {last:.3g} "
            f"in epoch {experiment.training.epochs}."
        )
    for component, state in zip(all_callbacks(experiment), saved.facts["callbacks"], strict=True):
        if component.name == "EarlyStopping" and saved.facts["position"]["stopping"]:
            patience, best = component.arguments.get("patience", 0), state["best"]
            # None where the figure that it watches was never finite.
            wanted = (
                "a finite figure" if best is None else f"anything better than {float(best):.5g}"
            )
            notes.append(
                f"EarlyStopping starts counting again: it stops after {patience} epochs without {wanted}."
            )
        elif component.name in _COUNTING:
            notes.append(f"{component.name} continues counting where it was.")
    return notes
