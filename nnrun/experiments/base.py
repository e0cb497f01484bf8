"""The run that a config's model is built on (`from_run`).

A run built on another keeps what is needed to rebuild the model in its folder `from_run`; the
weights are in its own checkpoints as soon as it has any.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.label_scales import LABEL_SCALES
from nnrun.config.loading import load_experiment
from nnrun.config.roles import roles_of
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError, Problem, RunError
from nnrun.experiments.open import read_signature, read_trained
from nnrun.experiments.trust import check_trust, with_own_code
from nnrun.runs.atomic import json_bytes
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.checksums import write_files
from nnrun.runs.directory import STAMPED_NAME, RunDirectory, refuse_link
from nnrun.runs.index import find_run, list_runs
from nnrun.runs.manifest import FORMAT
from nnrun.runs.settings import read_resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nnrun.config.components import Component
    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.data.splits import InputSpec
    from nnrun.experiments.open import TrainedRun


@dataclasses.dataclass(frozen=True)
class Base:
    """A run that a model is built on.

    Attributes:
        config: The file of its config.
        experiment: Its config.
        signature: What its model takes and gives.
        weights: The run with the weights of its best epoch; None if a checkpoint of the run built
            on it has them.
        base: The run that it is itself built on.
    """

    config: Path
    experiment: Experiment
    signature: Signature
    weights: TrainedRun | None = None
    base: Base | None = None

    def trusted(self, *, trust: bool) -> Base:
        """The same, after checking that its code is trusted and making it importable.

        Raises:
            UserError: Its code is not trusted.
        """
        check_trust(self.experiment, self.config, trust=trust)
        inner = None if self.base is None else self.base.trusted(trust=trust)
        experiment = with_own_code(self.experiment, self.config)
        return dataclasses.replace(self, experiment=experiment, base=inner)

    @property
    def transforms(self) -> tuple[Component, ...]:
        """The user's own transforms that it names."""
        return self.experiment.dataset.preprocess.transforms

    def with_transforms(self, experiment: Experiment) -> Experiment:
        """An experiment that keeps the preprocessing of this run, and so names its transforms."""
        dataset = experiment.dataset
        preprocess = dataclasses.replace(dataset.preprocess, transforms=self.transforms)
        dataset = dataclasses.replace(dataset, preprocess=preprocess)
        return dataclasses.replace(experiment, dataset=dataset)

    def problems(self, experiment: Experiment) -> Iterator[Problem]:
        """What is wrong where a config is to build on it, whatever its weights are."""
        yield from self._transform_problems(experiment)
        yield from self._output_problems(experiment)

    def _transform_problems(self, experiment: Experiment) -> Iterator[Problem]:
        """Problems if the run's own transforms are kept but the config names others."""
        path, declared = "dataset.preprocess.transforms", experiment.outline.base
        named = experiment.dataset.preprocess.transforms
        if declared is None or not declared.keep_preprocessing or named in ((), self.transforms):
            return
        kept = ", ".join(one.name for one in self.transforms) or "none"
        message = f"architecture.keep_preprocessing keeps the transforms of the run: {kept}"
        yield Problem(message, experiment.place_of(path), path, "leave them out")

    def _output_problems(self, experiment: Experiment) -> Iterator[Problem]:
        """What is wrong where its last layer is that of the model: it gives what it learnt."""
        path, declared = "dataset.preprocess.target", experiment.outline.base
        was, now = self.experiment.dataset.preprocess.target, experiment.dataset.preprocess.target
        if declared is None or declared.add or declared.drop_last or was == now:
            return
        learnt = LABEL_SCALES[was] if was else "labels in their own units"
        message = f"the run's last layer learnt {learnt}"
        hint = f"write `target: {was or 'null'}`, or end with a new layer (`drop_last`, `add`)"
        yield Problem(message, experiment.place_of(path), path, hint)

    def to_json(self) -> dict[str, Any]:
        """The entry in the other run's record: `run`, `weights` (a SHA-256) and `epoch`."""
        if self.weights is None:
            return {}
        return {
            "run": str(self.weights.directory.path),
            "weights": self.weights.best.digest,
            "epoch": self.weights.best.epoch,
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about its weights.

        Raises:
            RunError: None of them are intact.
        """
        if self.weights is None or not self.weights.best.doubt:
            return ()
        return (f"from_run: {self.weights.directory.name}: {self.weights.best.doubt}",)

    def keep(self, directory: RunDirectory) -> None:
        """Write what is needed to rebuild the model into the directory of a run."""
        files = directory.base
        refuse_link(files.path)
        files.path.mkdir(exist_ok=True)
        signature = {"format": FORMAT, **self.signature.to_json()}
        write_files(
            {
                files.resolved: experiment_to_yaml(self.experiment).encode(),
                files.signature: json_bytes(signature),
            }
        )
        if self.base is not None:
            self.base.keep(files)


def find_base(from_run: str, folder: Path, runs_dir: Path) -> Base:
    """The run that a config means, its weights not yet read.

    Args:
        from_run: A directory, or the name of a run or of an experiment.
        folder: That of the config.
        runs_dir: The folder of the runs.

    Raises:
        ConfigError: Its config is not one that this nnrun takes.
        RunError: No run is meant, or it has no weights, is damaged, or reads text.
    """
    run = read_trained(_find(from_run, folder, runs_dir))
    directory = RunDirectory(run.directory.path.resolve())
    run = dataclasses.replace(run, directory=directory)
    return dataclasses.replace(read_base(directory), weights=run)


def _find(from_run: str, folder: Path, runs_dir: Path) -> RunDirectory:
    try:
        for path in (folder / from_run, Path(from_run).expanduser(), runs_dir / from_run):
            if from_run and RunDirectory(path).record.is_file():
                return RunDirectory(path)
    except (OSError, RuntimeError):  # a name longer than file systems take, or of an unknown user
        pass
    for entry in list_runs(runs_dir):  # the newest first
        stamped = STAMPED_NAME.fullmatch(entry.name)
        of_experiment = stamped and entry.name[: stamped.start(1) - 1] == from_run
        if of_experiment and CheckpointStore(entry.directory.checkpoints).has("best"):
            return entry.directory
    return find_run(from_run, runs_dir)


def read_base(files: RunDirectory) -> Base:
    """What a run's model is built from, without its weights.

    Args:
        files: The run, or the folder `from_run` of one.

    Raises:
        ConfigError: Its config is not one that this nnrun takes.
        RunError: It is damaged, or reads text.
    """
    experiment = load_experiment(files.resolved, text=read_resolved(files))
    if roles_of(experiment).texts:
        message = f"{files.path} reads text, and a run that does cannot be built on"
        raise RunError(message, hint="Declare its layers in this config.")
    return Base(
        files.resolved,
        experiment,
        read_signature(files, experiment),
        base=_kept_base(files, experiment),
    )


def _kept_base(files: RunDirectory, experiment: Experiment) -> Base | None:
    if experiment.outline.base is None:
        return None
    refuse_link(files.base.path)
    return read_base(files.base)


def kept_base(directory: RunDirectory, experiment: Experiment, *, trust: bool) -> Base | None:
    """The copy of the run that a run was built on; None if there is none.

    Raises:
        RunError: The copy is damaged.
        UserError: It names code of its own and is not trusted.
    """
    base = _kept_base(directory, experiment)
    return None if base is None else base.trusted(trust=trust)


def base_for_resuming(
    directory: RunDirectory, experiment: Experiment, *, trust: bool, has_state: bool
) -> Base | None:
    """The run that a run was built on; with its weights if the run has no saved state yet."""
    base = kept_base(directory, experiment, trust=trust)
    if base is None or has_state:
        return base
    declared = experiment.outline.base
    assert declared is not None  # noqa: S101 it has a base
    return dataclasses.replace(base, weights=read_trained(RunDirectory(Path(declared.from_run))))


def changed_weights(recorded: Any, base: Base | None) -> list[str]:
    """A line if the weights that a run started from have changed.

    Args:
        recorded: The entry in the run's record for the run it was built on.
        base: That run as it is now.
    """
    if not recorded:
        return []
    directory = RunDirectory(Path(str(recorded.get("run"))))
    try:
        weights = base.weights if base and base.weights else read_trained(directory)
        now = weights.best.digest
    except RunError:
        return []  # those that it has by now are its own
    if now == recorded.get("weights"):
        return []
    return [f"from_run: the weights of {directory.path} have changed"]


def check_shapes(
    experiment: Experiment, was: Mapping[str, InputSpec], now: Mapping[str, InputSpec]
) -> None:
    """Check that the data have rows of the shape that the run was trained on.

    Args:
        experiment: The checked config.
        was: The inputs of the run.
        now: Those of the data.

    Raises:
        ConfigError: They don't.
    """
    sides = [[spec.shape for spec in inputs.values()] for inputs in (was, now)]
    if sides[0] == sides[1]:
        return
    shapes = [", ".join(str(list(shape)) for shape in side) for side in sides]
    path = "architecture.from_run"
    message = (
        f"the run takes rows of shape {shapes[0]}, and the data have rows of shape {shapes[1]}"
    )
    raise ConfigError([Problem(message, experiment.place_of(path), path)])
