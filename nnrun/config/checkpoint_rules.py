"""Rules for callbacks that write files: the names of the files, and when they are written."""

import re
from collections.abc import Iterator, Mapping

from nnrun.config.components import Component, Duration
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.figures import is_on_validation
from nnrun.config.subject import Subject, recorded_names
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)(:[0-9]{0,2}(\.[0-9])?[a-z]?)?\}")
"""A metric in a file name, as in `{epoch:02d}` and `{val_loss:.3f}`."""
BY_EPOCH, BY_BATCH = "epoch", "batch"
SAVING = ("ModelCheckpoint", "OrbaxCheckpoint")
ENDINGS = {True: (".weights.h5",), False: (".keras", ".h5")}
"""The suffix of the file, by whether only the weights are saved."""


def file_names(subject: Subject) -> Iterator[Problem]:
    """A ModelCheckpoint's file name may only contain values that are known when it is written."""
    for callback in subject.experiment.callbacks:
        name = callback.arguments.get("filepath")
        if callback.name != "ModelCheckpoint" or not isinstance(name, str):
            continue
        problem = _wrong_ending(callback, name) or _wrong_figure(subject, callback, name)
        if problem:
            message, hint = problem
            yield subject.problem_of(callback, message, hint, argument="filepath")


def _wrong_ending(callback: Component, name: str) -> tuple[str, str] | None:
    weights_only = callback.arguments.get("save_weights_only") is True
    endings = ENDINGS[weights_only]
    if name.endswith(endings):
        return None
    what = "weights" if weights_only else "a model"
    return f"the name of a file with {what} ends in {endings[0]}", f"write {name}{endings[0]}"


def _wrong_figure(subject: Subject, callback: Component, name: str) -> tuple[str, str] | None:
    """The problem with a value in a file name, and a hint."""
    figures = _figures(subject, callback)
    for match in PLACEHOLDER.finditer(name):
        figure = match[1]
        if figures is None or figure in figures:
            continue
        if figure == BY_BATCH:
            return "{batch} is not known at the end of an epoch", "leave it out of the name"
        if is_on_validation(figure) and _saves_by_steps(callback):
            hint = "leave it out of the name, or set `save_freq: epoch`"
            return f"{{{figure}}} is not known between the steps of an epoch", hint
        if is_on_validation(figure) and not subject.has_validation:
            return (
                f"{{{figure}}} is not known without validation rows",
                "set dataset.split.validation",
            )
        hint = did_you_mean(figure, figures) or f"known: {first_of(figures)}"
        return f"{quoted(figure)} is not recorded", hint
    samples = dict.fromkeys((match[1] for match in PLACEHOLDER.finditer(name)), 0.5)
    counts: Mapping[str, float] = {name: 1 for name in (BY_EPOCH, BY_BATCH) if name in samples}
    for match in PLACEHOLDER.finditer(name):
        try:
            match[0].format(**{**samples, **counts})
        except ValueError:
            return f"{match[0]} is no way to write a number", "as in {epoch:02d} and {loss:.3f}"
    return None


def _figures(subject: Subject, callback: Component) -> list[str] | None:
    """The values that a file name may contain; None if the user's own code decides."""
    recorded = recorded_names(subject)
    if recorded is None:
        return None
    if _saves_by_steps(callback):
        return [BY_EPOCH, BY_BATCH, *(name for name in recorded if not is_on_validation(name))]
    known = [name for name in recorded if subject.has_validation or not is_on_validation(name)]
    return [BY_EPOCH, *known]


def _saves_by_steps(callback: Component) -> bool:
    return bool(callback.arguments.get("save_freq", BY_EPOCH) != BY_EPOCH)


def when_to_save(subject: Subject) -> Iterator[Problem]:
    """Frequencies are at least one step or epoch, and compared metrics must exist."""
    for callback in subject.experiment.callbacks:
        if callback.name in SAVING:
            argument, wanted = "save_freq", "`epoch`, a number of steps, or text such as '5 epochs'"
            unfit = _unfit(callback.arguments.get(argument, BY_EPOCH), (BY_EPOCH,))
        elif callback.name == "TensorBoard":
            argument, wanted = "update_freq", "`epoch`, `batch` or a number of steps"
            unfit = _unfit(callback.arguments.get(argument, BY_EPOCH), (BY_EPOCH, BY_BATCH))
        else:
            continue
        if unfit:
            message = f"expected {wanted}, got {unfit}"
            hint = f"as in `{argument}: 100`"
            yield subject.problem_of(callback, message, hint, argument=argument)
        elif callback.arguments.get("save_best_only") is True and _saves_by_steps(callback):
            message = "save_best_only compares the ends of epochs, not steps"
            hint = "set `save_freq: epoch`, or remove save_best_only"
            yield subject.problem_of(callback, message, hint, argument="save_freq")


def _unfit(value: object, words: tuple[str, ...]) -> str:
    """A value that is neither a number of steps nor one of the words, as quoted in messages."""
    if value in words or isinstance(value, Duration):
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return ""
    return f"the text {quoted(value)}" if isinstance(value, str) else str(value)
