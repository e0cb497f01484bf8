"""From a config, or a run, to its data and its compiled model."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import uses_own_code
from nnrun.config.facts import DataFacts
from nnrun.config.graphs import Graph
from nnrun.config.loading import load_experiment
from nnrun.config.relations import check_relations
from nnrun.config.roles import Roles, roles_of
from nnrun.data.prepared import Prepared
from nnrun.errors import ConfigError, Problem, UserError
from nnrun.runs.settings import read_resolved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.data.splits import Splits
    from nnrun.runs.directory import RunDirectory


def load(config: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read and check a config, and whatever can be said of its data without reading the rows.

    Raises:
        ConfigError: With every problem found.
    """
    return _load(config, overrides)


def _load(config: Path, overrides: Sequence[str] = (), text: str | None = None) -> Experiment:
    return load_experiment(config, overrides, check_source=_check_source, text=text)


def _check_source(experiment: Experiment) -> list[Problem]:
    from nnrun.data.describing import check_source

    return check_source(experiment.dataset, roles_of_graph(experiment))


def roles_of_graph(experiment: Experiment) -> Roles | None:
    """What a graph makes of the columns; None for any other architecture."""
    return roles_of(experiment) if isinstance(experiment.architecture, Graph) else None


def prepare(config: Path, overrides: Sequence[str] = ()) -> Prepared:
    """Read and check a config, load its data, and check them against each other.

    TensorFlow is not needed for any of it.

    Raises:
        ConfigError: With all problems of the config.
        DataError: If the data cannot be used.
    """
    return prepare_experiment(load(config, overrides), config)


def prepare_experiment(experiment: Experiment, config: Path) -> Prepared:
    """Load an experiment's data, and check experiment and data against each other."""
    experiment = with_own_code(experiment, config)
    from nnrun.data.loading import load_splits
    from nnrun.data.preprocessing import fit
    from nnrun.data.quality import inspect

    roles = roles_of_graph(experiment)
    splits = load_splits(experiment.dataset, seed=experiment.seed, roles=roles)
    facts = _facts(splits)
    first = next(iter(facts.values()))
    problems = check_relations(experiment, load_catalogue(), first, by_output=facts)
    if problems:
        raise ConfigError(problems)
    steps = fit(experiment.dataset.preprocess, splits)
    warnings = tuple(inspect(splits, steps))
    return Prepared(experiment, splits, steps, warnings, config)


def with_own_code(experiment: Experiment, config: Path) -> Experiment:
    """An experiment that knows where its own classes lie, which can now be imported."""
    if not uses_own_code(experiment):
        return experiment
    modules = experiment.modules or str(config.parent.resolve())
    # Last, so that a file of the user's cannot take the place of an installed module.
    sys.path.append(modules)
    return dataclasses.replace(experiment, modules=modules)


def build(prepared: Prepared, strategy: str = "none") -> Any:
    """The compiled Keras model of a prepared experiment.

    Args:
        prepared: The experiment.
        strategy: `mirrored` for a model on all devices; all but a training needs one of them.

    Raises:
        ConfigError: If the layers do not fit each other or the data.
        UserError: If the device asked for is not there.
    """
    from nnrun.data.signature import Signature

    signature = Signature.of(prepared.splits, prepared.steps)
    return build_for(prepared.experiment, signature, strategy)


def build_for(experiment: Experiment, signature: Signature, strategy: str = "none") -> Any:
    """The compiled Keras model of an experiment, for data of this signature."""
    from nnrun.device import import_tensorflow

    runtime = experiment.runtime
    import_tensorflow(runtime.device)
    from nnrun.device import make_deterministic
    from nnrun.models.building import build_model

    if runtime.deterministic:
        make_deterministic()
    return build_model(
        experiment,
        inputs=signature.inputs,
        targets=signature.targets,
        steps=signature.steps,
        catalogue=load_catalogue(),
        steps_per_epoch=signature.steps_per_epoch(experiment.training.batch_size),
        strategy=strategy,
    )


def load_run(
    directory: RunDirectory, *, trust: bool, epochs: int | None = None, edited: bool = False
) -> Experiment:
    """The config of a run, as it was run, or with another last epoch.

    Raises:
        ConfigError: It is not one that this nnrun takes.
        UserError: It names code of the user's own and is not trusted.
    """
    overrides = () if epochs is None else (f"training.epochs={epochs}",)
    experiment = load_experiment(
        directory.resolved, overrides, text=read_resolved(directory, edited=edited)
    )
    check_trust(experiment, directory.resolved, trust=trust)
    return experiment


def check_trust(experiment: Experiment, config: Path, *, trust: bool) -> None:
    """Only training runs code that a config names without being told to."""
    if uses_own_code(experiment) and not trust:
        raise UserError(
            f"{config} names code of its own, which would run",
            hint="Read it, and add --trust if you trust it.",
        )


def _facts(splits: Splits) -> dict[str, DataFacts]:
    """What the relations want to know of each output, from the data themselves."""
    first = next(iter(splits.inputs.values()))
    return {
        name: DataFacts(
            task=target.task,
            classes=len(target.classes),
            class_names=target.classes,
            input_shape=target.shape or first.shape,
            target_width=1 if target.classes else target.width,
            train_rows=splits.train.rows,
            test_rows=splits.test.rows if splits.test else 0,
        )
        for name, target in splits.targets.items()
    }
