"""From a checked experiment to its data and its compiled model.

Keras is imported only where a model is built: the device is chosen before that.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import uses_own_code
from nnrun.config.diagnostics import in_one_line
from nnrun.config.doubts import find_doubts
from nnrun.config.facts import DataFacts
from nnrun.config.relations import check_relations
from nnrun.config.roles import roles_of
from nnrun.data.load import load_splits
from nnrun.data.quality import inspect
from nnrun.data.transforms.chain import Transforms, fit
from nnrun.data.transforms.declared import declared_transforms
from nnrun.data.transforms.own_transforms import doubts_about_saving
from nnrun.device import import_tensorflow, make_deterministic
from nnrun.errors import ConfigError
from nnrun.experiments.base import check_shapes
from nnrun.experiments.declare import RUNS, Bases, load
from nnrun.experiments.open import load_weights
from nnrun.experiments.prepared import Prepared
from nnrun.experiments.trust import check_trust
from nnrun.models.bounded import doubts_about_bounds
from nnrun.models.network import Network
from nnrun.models.self_normalizing import doubts_about_selu
from nnrun.tasks.lookup import find_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nnrun.config.schema import Experiment, Runtime
    from nnrun.data.signature import Signature
    from nnrun.data.splits import Splits
    from nnrun.data.transforms.adapted_layers import Learnt
    from nnrun.data.transforms.transform import Fitted
    from nnrun.experiments.base import Base
    from nnrun.experiments.declare import Declared
    from nnrun.experiments.kept import Kept


def prepare(
    config: Path,
    overrides: Sequence[str] = (),
    runs_dir: Path = RUNS,
    *,
    trust: bool = False,
    trusts_config: bool = True,
) -> Prepared:
    """Read and check a config, load its data, and check them against each other.

    TensorFlow is only needed if a layer reads text or adapts to the training rows, or for a
    transform of the user's own.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: Where to look for the run that the model is built on.
        trust: Whether code that this run names may run.
        trusts_config: Whether code that the config names may run without `trust`, as in a training;
            some of it already runs when rows are read.

    Raises:
        ConfigError: With all problems of the config.
        DataError: If the data cannot be used.
        UserError: Untrusted code would run.
    """
    declared = load(config, overrides, Bases(runs_dir))
    if uses_own_code(declared.experiment.dataset):
        check_trust(declared.experiment, config, trust=trust or trusts_config)
    return prepare_declared(declared, trust=trust)


def prepare_declared(declared: Declared, *, trust: bool, kept: Kept | None = None) -> Prepared:
    """Load the data of a config that has been read, and check them; see `prepare`."""
    trusted = declared.trusted(trust=trust)
    return prepare_experiment(trusted.experiment, trusted.config, trusted.base, kept=kept)


def prepare_experiment(
    experiment: Experiment,
    config: Path,
    base: Base | None = None,
    trained: Signature | None = None,
    *,
    to_be_trained: bool = True,
    kept: Kept | None = None,
) -> Prepared:
    """Load an experiment's data, and check experiment and data against each other.

    Args:
        experiment: The checked config, whose own code can be imported.
        config: The config's file.
        base: The run that the model is built on.
        trained: The model's signature if it has been trained before: rows are selected and
            transformed as they were then.
        to_be_trained: Whether a new training is about to begin.
        kept: What the process keeps from one run to the next, if it trains many.
    """
    doubts = base.warnings if base else ()
    built_on = experiment.outline.base
    keeps = built_on is not None and built_on.keep_preprocessing
    earlier = base.signature if base is not None and keeps else trained
    roles = roles_of(experiment)
    if trained is not None:
        roles = trained.as_before(roles, experiment.dataset)
    splits = load_splits(
        experiment.dataset,
        seed=experiment.split_seed,
        roles=roles,
        exact=None if earlier is None else earlier.is_exact,
        frames=None if kept is None else kept.frames,
    )
    facts = _facts(splits, experiment)
    first = next(iter(facts.values()))
    problems = check_relations(
        experiment, load_catalogue(), first, by_output=facts, to_be_trained=to_be_trained
    )
    if problems:
        raise ConfigError(problems)
    if base is not None and keeps:
        check_shapes(experiment, base.signature.as_read.inputs, splits.inputs)
    declared = declared_transforms(experiment, _adapting(experiment))
    splits, transforms = fit(declared, splits, _kept(earlier, splits, of_base=keeps))
    if base is not None:
        check_shapes(experiment, base.signature.inputs, splits.inputs)
    warnings = (*doubts, *_warnings(experiment, splits, transforms, first))
    return Prepared(experiment, splits, transforms, warnings, config, base)


def _kept(earlier: Signature | None, splits: Splits, *, of_base: bool) -> Transforms:
    """Transforms not to fit again: all of a run's for these columns, or the scaling of a base.

    Args:
        earlier: The signature of the run's model, or of its base's.
        splits: The raw data.
        of_base: Whether the signature is that of a base.
    """
    if earlier is None:
        return Transforms()
    if of_base:
        return earlier.transforms.of_inputs(splits.inputs)
    was, now = (
        {name: (spec.columns or spec.shape) for name, spec in inputs.items()}
        for inputs in (earlier.as_read.inputs, splits.inputs)
    )
    return earlier.transforms if was == now else Transforms()


def _warnings(
    experiment: Experiment,
    splits: Splits,
    transforms: Transforms,
    facts: DataFacts,
) -> Iterator[str]:
    """Warnings about the data, the config and the layers, each with its position."""
    yield from inspect(splits, transforms)
    yield from map(in_one_line, doubts_about_saving(transforms))
    yield from map(in_one_line, find_doubts(experiment, load_catalogue(), facts))
    yield from _model_warnings(experiment, splits)


def _model_warnings(experiment: Experiment, splits: Splits) -> Iterator[str]:
    """Warnings about the declared layers, each with its position."""
    yield from map(in_one_line, doubts_about_bounds(experiment, splits))
    outline = experiment.outline
    if outline.own is None and outline.base is None:
        lines = Network.of(experiment, splits.inputs, splits.targets).lines()
        yield from map(in_one_line, doubts_about_selu(list(lines), experiment))


def _adapting(experiment: Experiment) -> Callable[[Splits, Sequence[Fitted]], Learnt]:
    """The transform that adapts layers to the training rows, if there are such layers."""

    def adapt(splits: Splits, before: Sequence[Fitted]) -> Learnt:
        import_tensorflow(experiment.runtime.device)
        from nnrun.models.building import adapt_layers

        (rows,) = splits.train.inputs.values()
        return adapt_layers(
            experiment,
            inputs=splits.inputs,
            targets=splits.targets,
            transforms=Transforms(tuple(before)),
            rows=rows,
        )

    return adapt


def build(prepared: Prepared, strategy: str = "none", *, is_tried: bool = False) -> Any:
    """The compiled Keras model of a prepared experiment.

    Args:
        prepared: The experiment.
        strategy: `mirrored` for a model on all devices; only a training needs more than one.
        is_tried: Whether a model like this one is known to fit the data.

    Raises:
        ConfigError: If the layers don't fit each other or the data, or loss and metrics don't fit
            the output.
        UserError: If the requested device does not exist.
    """
    model = build_for(prepared.experiment, prepared.signature, strategy, prepared.base)
    if is_tried:
        return model
    from nnrun.models.in_front import try_layers
    from nnrun.models.trying import try_loss_and_metrics

    splits = prepared.splits
    try_layers(prepared.transforms, splits)
    try_loss_and_metrics(model, prepared.experiment, splits.targets, splits.train.targets)
    return model


def build_for(
    experiment: Experiment,
    signature: Signature,
    strategy: str = "none",
    base: Base | None = None,
) -> Any:
    """The compiled Keras model of an experiment, for data with this signature.

    Args:
        experiment: The checked config.
        signature: The model's signature.
        strategy: `mirrored` for a model on all devices.
        base: The run that the model is built on.
    """
    runtime = experiment.runtime
    import_tensorflow(runtime.device)
    from nnrun.models.building import build_model

    if runtime.deterministic:
        make_deterministic()
    layers = None if base is None else _base_layers(base, runtime, strategy)
    return build_model(
        experiment,
        inputs=signature.inputs,
        targets=signature.targets,
        transforms=signature.transforms,
        catalogue=load_catalogue(),
        steps_per_epoch=signature.steps_per_epoch(experiment.training.batch_size),
        strategy=strategy,
        base=layers,
    )


def _base_layers(base: Base, runtime: Runtime, strategy: str) -> Any:
    """The model of the run that is built on, with the weights of its best epoch."""

    def built(runtime: Runtime) -> Any:
        experiment = dataclasses.replace(base.experiment, runtime=runtime)
        return build_for(experiment, base.signature, strategy, base.base)

    if base.weights is None:
        return built(runtime)
    # In another precision the optimizer, which is saved as well, may hold other variables.
    as_trained = dataclasses.replace(runtime, precision=base.experiment.runtime.precision)
    model = built(as_trained)
    load_weights(model, base.weights)
    if as_trained == runtime:
        return model
    learnt = model.get_weights()
    model = built(runtime)
    model.set_weights(learnt)
    return model


def _facts(splits: Splits, experiment: Experiment) -> dict[str, DataFacts]:
    """The facts about each output, from the data, that the config's relations need."""
    drawn = {"train", "validation"} | ({"test"} if experiment.dataset.split.test else set())
    first = next(iter(splits.inputs.values()))
    return {
        name: DataFacts(
            task=target.task,
            classes=len(target.classes),
            class_names=target.classes,
            input_shape=target.shape or first.shape,
            target_width=1 if target.classes else target.width,
            train_rows=sum(part.rows for name, part in splits.parts.items() if name in drawn),
            test_rows=splits.test.rows if splits.test else 0,
            outline=find_task(target.task).facts,
        )
        for name, target in splits.targets.items()
    }
