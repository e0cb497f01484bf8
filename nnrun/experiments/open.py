"""Opens a finished run: its best state, its model's signature, and its data."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from nnrun.config.roles import roles_of
from nnrun.data.load import load_splits
from nnrun.data.signature import FORMAT, Signature
from nnrun.data.transforms.chain import Transforms, fit
from nnrun.data.transforms.declared import declared_transforms
from nnrun.errors import ConfigError, DataError, RunError
from nnrun.runs.best_state import find_best
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.manifest import RunRecord, derived_status, read_format

if TYPE_CHECKING:
    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Splits
    from nnrun.runs.best_state import BestState
    from nnrun.runs.directory import RunDirectory


_FACTS_BYTES = 10_000_000


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A run that has a best state and is no longer being trained.

    Attributes:
        directory: The run.
        record: Its record.
    """

    directory: RunDirectory
    record: RunRecord

    @functools.cached_property
    def best(self) -> BestState:
        """The state of its best epoch, fully verified; read only once.

        Raises:
            RunError: No state is intact.
        """
        return find_best(self.directory, self.record)


def read_trained(directory: RunDirectory) -> TrainedRun:
    """A run that has a best state and is no longer being trained.

    Raises:
        RunError: The run is damaged, still being trained, or ended before its first epoch.
    """
    record = RunRecord.read(directory.record)
    if derived_status(directory, record) == "running":
        raise RunError(f"{directory.name} is still being trained", hint="Wait for its end.")
    if not directory.resolved.is_file():
        raise RunError(f"{directory.path} is damaged: it has no {directory.resolved.name}")
    if not CheckpointStore(directory.checkpoints).has("best"):
        raise RunError(
            f"{directory.name} has no checkpoint: it ended before its first epoch did",
            hint="Train it again.",
        )
    return TrainedRun(directory, record)


def read_signature(directory: RunDirectory, experiment: Experiment) -> Signature:
    """The signature of a run's model, from its file.

    Args:
        directory: The run.
        experiment: Its config.

    Raises:
        RunError: The file is missing, damaged, or written by a newer nnrun.
    """
    path = directory.signature
    try:
        return Signature.from_json(read_format(path, FORMAT), declared_transforms(experiment))
    except ValueError as error:
        raise RunError(f"{path} is damaged: {error}") from error


def load_data(
    directory: RunDirectory, experiment: Experiment, record: RunRecord, *, with_rows: bool
) -> tuple[Signature, Splits | None]:
    """The signature of a run's model, and the rows it was trained on if wanted.

    Raises:
        DataError: The rows are gone, or different.
        RunError: The signature is damaged, or written by a newer nnrun.
    """
    signature = None
    if directory.signature.exists():
        signature = read_signature(directory, experiment)
        check_signature(directory, experiment, signature)
    if signature is not None and not with_rows:
        return signature, None
    splits = _load_splits(directory, experiment, record, signature)
    if signature is not None:
        _check_texts(directory, signature, splits)
        return signature, signature.transforms.splits(splits)
    # Runs of nnrun 0.1.0 do not tell it; from the same rows the same is learnt.
    splits, transforms = fit(declared_transforms(experiment), splits, Transforms())
    return Signature.of(splits, transforms), splits


def _check_texts(directory: RunDirectory, signature: Signature, splits: Splits) -> None:
    """Refuse a signature with other text columns than the config's."""
    if any(
        len(spec.text) != len(splits.inputs[name].text) for name, spec in signature.inputs.items()
    ):
        raise _foreign(directory, "its columns are not those of the config")


def check_signature(directory: RunDirectory, experiment: Experiment, signature: Signature) -> None:
    """Refuse a signature that does not belong to the config's model; it may be untrusted.

    Raises:
        RunError: Its inputs or targets differ, or its transforms don't produce rows that the model
            takes.
    """
    if not _has_the_names(signature, experiment):
        raise _foreign(directory, "its inputs and targets are not those of the config")
    try:
        for transform in signature.transforms:
            transform.check(signature.inputs)
    except ConfigError as error:
        raise _foreign(directory, error.problems[0].message) from error


def _foreign(directory: RunDirectory, problem: str) -> RunError:
    hint = "Remove it, and it is made anew from the data."
    return RunError(f"{directory.signature} is damaged: {problem}", hint=hint)


def _has_the_names(signature: Signature, experiment: Experiment) -> bool:
    """Whether a signature has the inputs and outputs of a config."""
    roles = roles_of(experiment)
    own = {target.input for target in signature.targets.values() if target.input}
    scales = experiment.dataset.preprocess.target is not None
    return (
        list(signature.inputs) == list(roles.inputs)
        and list(signature.targets) == list(roles.aims)
        and own <= set(signature.inputs)
        and {name for name, spec in signature.inputs.items() if spec.text} == set(roles.texts)
        and all(
            bool(target.scale) == (scales and target.can_be_scaled)
            for target in signature.targets.values()
        )
    )


def _load_splits(
    directory: RunDirectory, experiment: Experiment, record: RunRecord, trained: Signature | None
) -> Splits:
    roles, exact = roles_of(experiment), False
    if trained is not None:
        roles, exact = trained.as_before(roles, experiment.dataset), trained.is_exact
    splits = load_splits(experiment.dataset, seed=experiment.split_seed, roles=roles, exact=exact)
    if splits.fingerprint != record.data.get("fingerprint"):
        raise DataError(
            f"the data are not those that {directory.name} was trained on: "
            f"{splits.source} gives other rows",
            hint="Restore the original data, or train again.",
        )
    return splits


def load_weights(model: Any, run: TrainedRun) -> None:
    """Load the weights of a run's best epoch, or their average if the optimizer keeps one.

    Args:
        model: The compiled model.
        run: The run.

    Raises:
        RunError: The checkpoint has changed, or its weights don't fit this model.
    """
    from nnrun.training.state import restore_state, state_bytes, use_averaged_weights

    # Besides the arrays, a checkpoint holds their names and a few facts.
    most = 2 * state_bytes(model) + _FACTS_BYTES
    store = CheckpointStore(run.directory.checkpoints)
    checkpoint = store.load_again("best", run.best.checkpoint, most)
    try:
        restore_state(model, checkpoint.arrays)
    except ValueError as error:
        versions = ", ".join(f"{name} {version}" for name, version in run.record.versions.items())
        raise RunError(
            f"the weights of {run.record.name} do not fit the model of its config: {error}",
            hint=f"It was trained with {versions}.",
        ) from error
    use_averaged_weights(model)
