"""Resuming a run: whether that is possible, and what it will do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.config.plain_reader import read_plain
from nnrun.config.sources import name_of_source
from nnrun.config.writer import experiment_to_yaml
from nnrun.device import device_name, processor_name, thread_count
from nnrun.errors import RunError
from nnrun.experiments.base import base_for_resuming, changed_weights
from nnrun.experiments.declare import load_run
from nnrun.experiments.open import check_signature, read_signature
from nnrun.experiments.prepare import build, prepare_experiment
from nnrun.experiments.run_options import USUAL, RunOptions
from nnrun.experiments.trust import with_own_code
from nnrun.reading import check_tree
from nnrun.runs.appended import changed_files
from nnrun.runs.atomic import describe_cause
from nnrun.runs.checksums import check_file
from nnrun.runs.directory import check_place, needed_bytes
from nnrun.runs.manifest import NewerFormatError, RunRecord
from nnrun.runs.provenance import PACKAGES, installed_versions
from nnrun.runs.run_writer import utc_now
from nnrun.runs.saved import Resumed, Saved, load_saved
from nnrun.runs.settings import flatten, read_run_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.experiments.kept import Kept
    from nnrun.experiments.prepared import Prepared
    from nnrun.experiments.train import Run
    from nnrun.runs.directory import RunDirectory

_MAY_CHANGE = ("training.epochs",)


def reopen(
    directory: RunDirectory,
    epochs: int | None,
    *,
    anyway: bool,
    trust: bool,
    tell: Callable[[str], None],
    options: RunOptions = USUAL,
    kept: Kept | None = None,
) -> Run:
    """Reopen a saved run to continue its training; see `nnrun.experiments.api.resume`.

    Raises:
        UserError: It can't be resumed; it is left unchanged.
    """
    check_own(directory)
    record, saved = RunRecord.read(directory.record), load_saved(directory)
    if not {"name", "reason"} <= record.engine.keys():
        raise RunError(f"{directory.record} is damaged: it does not say which engine trained")
    check_unfinished(directory, record, saved, epochs)
    check_place(directory.path, needed_bytes(record.parameters or 0))
    check_config(directory, saved, anyway=anyway)
    declared = with_own_code(
        load_run(directory, trust=trust, epochs=epochs, edited=True), directory.resolved
    )
    base = base_for_resuming(directory, declared, trust=trust, has_state=bool(saved.last))
    trained = _signature_before(directory, declared)
    prepared = prepare_experiment(declared, directory.resolved, base, trained, to_be_trained=False)
    differences = find_changes(directory, record, saved, prepared)
    if differences and not anyway:
        refuse_differences(directory, differences)
    model = build(prepared, declared.runtime.strategy)
    from nnrun.experiments.extend import check_callbacks, extension_notes
    from nnrun.experiments.train import Run

    differences += find_device_differences(record)
    if differences and not anyway:
        refuse_differences(directory, differences)
    if saved.last is not None:
        check_callbacks(directory, saved, declared)
    if epochs is not None and saved.last is not None:
        try:
            notes = extension_notes(prepared, model, saved)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RunError(f"{directory.path} cannot be resumed: {error}") from error
        for note in notes:
            tell(note)
    text = experiment_to_yaml(declared)
    resumed = make_resumed(directory, record, saved, differences, text, extended=bool(epochs))
    return Run(prepared, model, directory, (), resumed, options=options, kept=kept)


def _signature_before(directory: RunDirectory, declared: Experiment) -> Signature | None:
    """The model's signature; None if it can't be read, since it is then written anew.

    Raises:
        NewerFormatError: It was written by a newer nnrun.
        RunError: It belongs to another model.
    """
    if not directory.signature.exists():
        return None
    try:
        signature = read_signature(directory, declared)
    except NewerFormatError:
        raise
    except RunError:
        return None
    check_signature(directory, declared, signature)
    return signature


def _doubts(directory: RunDirectory, record: RunRecord, saved: Saved) -> Iterator[str]:
    """Sentences about what keeps a run from continuing exactly where it ended."""
    done = saved.facts.get("epoch", 0)
    for line in saved.refused:
        yield f"{line}; continuing from the state before it"
    for name in changed_files(directory, saved.facts.get("appended", {})):
        if name.startswith(f"{directory.tensorboard.name}/"):
            yield f"{directory.path / name} is damaged; it is written again from the history"
    if done < record.epochs and not saved.refused:
        yield f"the state of epoch {record.epochs} is missing; continuing from that of epoch {done}"


def check_own(directory: RunDirectory) -> None:
    """Check that the folders that a training writes into don't lead elsewhere.

    Raises:
        RunError: One is a link, or contains a link, a hard-linked file, a pipe or a device.
    """
    for folder in (
        directory.callbacks,
        directory.tensorboard,
        directory.checkpoints,
        directory.plots,
    ):
        try:
            check_tree(folder)
        except OSError as error:
            raise RunError(
                f"{error.filename} does not belong to the run: {describe_cause(error)}; "
                "nothing was done there",
                hint="Remove it, or put a copy of the file in its place.",
            ) from error


def check_unfinished(
    directory: RunDirectory, record: RunRecord, saved: Saved, epochs: int | None
) -> None:
    """Check that there is something left to train.

    Args:
        directory: The run.
        record: Its record.
        saved: Its saved state.
        epochs: The requested last epoch; None for the config's.

    Raises:
        RunError: The run is finished, has diverged, or already has that many epochs.
    """
    done = saved.facts.get("epoch", 0)
    if record.status == "diverged":
        raise RunError(
            f"{directory.name} diverged: {record.stop_reason}; resuming it would end there again",
            hint=f"Change something and train again: nnrun train {directory.resolved} "
            "--set optimizer.…",
        )
    if epochs is not None and epochs <= done:
        raise RunError(
            f"{directory.name} has {done} epochs already", hint=f"Ask for more than {done}."
        )
    if record.status == "finished" and epochs is None:
        how = record.stop_reason or f"all of its {done} epochs are done"
        raise RunError(
            f"{directory.name} is finished: {how}",
            hint=f"To train it for longer: nnrun resume {directory.name} --epochs {2 * done}",
        )


def check_config(directory: RunDirectory, saved: Saved, *, anyway: bool) -> None:
    """Say what has changed if a run's config is not what was written.

    Edits and damage are both refused by the values they changed, since they look the same; if no
    value has changed, the run continues and its config is written anew.

    Raises:
        RunError: A value has changed without `anyway`, or the config can't be compared.
    """
    try:
        check_file(directory.resolved)
        return
    except RunError:
        if anyway:
            return
        if "config" not in saved.facts:
            raise
    changed = _changed_settings(directory, saved, may_change=())
    if changed:
        refuse_differences(directory, changed)


def find_changes(
    directory: RunDirectory, record: RunRecord, saved: Saved, prepared: Prepared
) -> list[str]:
    """What has changed since the run was trained, except the device; one line each."""
    return [
        *_changed_settings(directory, saved),
        *_changed_data(record, prepared),
        *changed_weights(record.from_run, prepared.base),
        *_changed_versions(record),
        *(
            f"{name}: it does not begin with what the run wrote"
            for name in changed_files(directory, saved.facts.get("appended", {}))
            if name.startswith(f"{directory.callbacks.name}/")
        ),
    ]


def find_device_differences(record: RunRecord) -> list[str]:
    """What has changed about the machine, one line each."""
    now = {
        "device": device_name(),
        "processor": processor_name(),
        "threads": thread_count(),
    }
    was = {name: getattr(record, name) for name in now}
    return [
        f"{name}: {was[name]} → {value}"
        for name, value in now.items()
        if was[name] not in {value, ""}
    ]


def refuse_differences(directory: RunDirectory, differences: Sequence[str]) -> None:
    """Report the differences.

    Raises:
        RunError: Always.
    """
    raise RunError(
        f"{directory.name} cannot be resumed exactly, since this is not what it was trained with:\n"
        + "\n".join(f"  {line}" for line in differences),
        hint="Restore it as it was, or add --anyway to continue inexactly.",
    )


def make_resumed(
    directory: RunDirectory,
    record: RunRecord,
    saved: Saved,
    differences: Sequence[str],
    resolved: str,
    *,
    extended: bool,
) -> Resumed:
    """What a run needs to continue.

    Args:
        directory: The run.
        record: Its record.
        saved: Its state.
        differences: What has changed.
        resolved: The text of its config from now on.
        extended: Whether it trains for longer than planned.
    """
    if extended and saved.last is not None:
        facts = _extended(saved.last.facts)
        saved = dataclasses.replace(saved, last=dataclasses.replace(saved.last, facts=facts))
    doubts = list(_doubts(directory, record, saved))
    note = {
        "at": utc_now(),
        "after_epoch": saved.facts.get("epoch", 0),
        "exact": not differences,
        "differences": list(differences),
        "doubts": doubts,
    }
    goes_on = dataclasses.replace(
        record, status="running", ended=None, stop_reason="", resumes=(*record.resumes, note)
    )
    seconds = float(saved.facts.get("seconds", 0.0))
    return Resumed(saved, goes_on, resolved, seconds, tuple(doubts))


def _extended(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a state without any request to stop."""
    if not facts["position"]["stopping"]:
        return dict(facts)
    position = {**facts["position"], "stopping": False}
    callbacks = [
        {**state, "wait": 0, "stopped_epoch": 0} if "stopped_epoch" in state else state
        for state in facts["callbacks"]
    ]
    return {**facts, "position": position, "callbacks": callbacks}


def _changed_settings(
    directory: RunDirectory, saved: Saved, may_change: Sequence[str] = _MAY_CHANGE
) -> list[str]:
    text = saved.facts.get("config")
    if text is None:
        return []
    was = flatten(read_plain(text)).values
    now = flatten(read_run_config(directory, edited=True)).values
    return [
        f"{key}: {was.get(key, 'not there')} → {now.get(key, 'not there')}"
        for key in sorted({*was, *now})
        if was.get(key) != now.get(key) and key not in may_change
    ]


def _changed_data(record: RunRecord, prepared: Prepared) -> list[str]:
    if prepared.splits.fingerprint == record.data.get("fingerprint"):
        return []
    name = name_of_source(prepared.experiment.dataset)
    return [f"data: {name} gives other rows than it did"]


def _changed_versions(record: RunRecord) -> list[str]:
    now = installed_versions()
    return [
        f"{package}: {record.versions.get(package)} → {now.get(package)}"
        for package in PACKAGES
        if record.versions.get(package) != now.get(package)
    ]
