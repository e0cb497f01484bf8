"""The only door into `models`: an experiment and the shapes of its data → a compiled Keras model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nnrun.config.catalogue import Catalogue
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.device import strategy_scope
from nnrun.errors import ConfigError, Problem
from nnrun.models.adapting import learn_state, with_state
from nnrun.models.assembling import add, alone_or_all, assemble, prepared_input
from nnrun.models.freezing import layers_to_unfreeze, learning_variables
from nnrun.models.heads import Head, taken_over
from nnrun.models.label_scaling import in_own_units, seen_by_loss
from nnrun.models.layers import make_input
from nnrun.models.network import Network
from nnrun.models.optimizers import build_optimizer
from nnrun.models.own import build_alone, make_own, trains_itself
from nnrun.models.reused_layers import take_layers
from nnrun.objects import instantiate
from nnrun.tasks.targets import TargetSpec


def build_model(
    experiment: Experiment,
    *,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    transforms: Transforms,
    catalogue: Catalogue,
    steps_per_epoch: int,
    strategy: str = "none",
    base: Any = None,
) -> Any:
    """A compiled `keras.Model`, built, with the initial weights that the seed gives.

    Raw rows go in: what `preprocess` asks for are the model's first layers. Numbers come out in the
    labels' own units, whatever scale the loss sees them in.

    Args:
        experiment: The checked config.
        inputs: Shapes of the inputs, by name.
        targets: What is predicted, by name.
        transforms: What was learnt from the training rows before the first step.
        catalogue: What Keras's classes take.
        steps_per_epoch: What durations in epochs are counted in.
        strategy: `mirrored` for a model on all devices, to be trained on them.
        base: The model that `from_run` begins with, built just before.

    Raises:
        ConfigError: If a layer does not fit the shape before it, or the output the target; the
            problem names the line of the config.
    """
    if base is None:  # else the names of the layers go on where its own end
        keras.backend.clear_session()
    keras.config.set_dtype_policy(experiment.runtime.precision)
    keras.utils.set_random_seed(experiment.seed)
    with strategy_scope(strategy):
        model = _assemble(experiment, inputs, targets, transforms, base=base)
        heads = _heads(model, experiment, targets)
        model = in_own_units(model, targets)
        losses = {head.name: seen_by_loss(instantiate(head.loss), head.target) for head in heads}
        metrics = {head.name: [instantiate(one) for one in head.metrics] for head in heads}
        model.compile(
            optimizer=build_optimizer(experiment, catalogue, steps_per_epoch),
            loss=alone_or_all(losses),
            loss_weights=_loss_weights(experiment, heads),
            metrics=alone_or_all(metrics),
        )
        _build_optimizer_state(model, experiment)
        return model


def _heads(model: Any, experiment: Experiment, targets: Mapping[str, TargetSpec]) -> list[Head]:
    """The outputs of a model, each of which fits its target."""
    heads = [Head.of(model, experiment, name, target) for name, target in targets.items()]
    problems = [problem for head in heads for problem in head.problems()]
    if problems:
        raise ConfigError(problems)
    return heads


def adapt_layers(
    experiment: Experiment,
    *,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    transforms: Transforms,
    rows: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """What the layers of a list that adapt learn from the training rows, by their paths.

    Args:
        experiment: The checked config.
        inputs: Shapes of the inputs, by name.
        targets: What is predicted, by name.
        transforms: What was learnt from the training rows before the first step.
        rows: The training rows of the one input.
    """
    keras.backend.clear_session()
    keras.config.set_dtype_policy(experiment.runtime.precision)
    keras.utils.set_random_seed(experiment.seed)
    network = Network.of(experiment, inputs, targets)
    return learn_state(network.nodes.values(), add, prepared_input(inputs, transforms), rows)


def _assemble(
    experiment: Experiment,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    transforms: Transforms,
    *,
    base: Any,
) -> Any:
    """The model, not yet compiled: preprocessing, what is taken over from a run, and the layers."""
    network = with_state(Network.of(experiment, inputs, targets), transforms.arguments)
    first, own = next(iter(network.nodes)), network.outline.own
    if own is not None:
        made = make_own(own)
        if trains_itself(made):
            ((name, spec),), (target,) = inputs.items(), targets.values()
            layers = transforms.layers_within(name, spec)
            return build_alone(made, own, make_input(name, spec), [*layers, *target.scale])
        return assemble(network, inputs, transforms, {first: [made]})
    taken = {} if base is None else {first: take_layers(base, experiment)}
    return assemble(network, inputs, transforms, taken)


def _build_optimizer_state(model: Any, experiment: Experiment) -> None:
    """Make the optimizer's variables, also for layers that learn later.

    Raises:
        ConfigError: All that a run gave is frozen, and nothing else learns.
    """
    variables = learning_variables(model, layers_to_unfreeze(model, experiment))
    if variables:
        model.optimizer.build(variables)
    elif experiment.outline.base is not None:
        blamed = taken_over(experiment)
        hint = "freeze fewer layers, or add some"
        message = "every layer is frozen, so nothing learns"
        raise ConfigError([Problem(message, blamed.place, blamed.path, hint)])


def _loss_weights(
    experiment: Experiment, heads: Sequence[Head]
) -> dict[str, float] | list[float] | None:
    """The weights of the losses; None where the architecture gives none."""
    outline = experiment.outline
    if not outline.names_nodes:
        return None
    weights = {head.name: outline.outputs[head.name].weight for head in heads}
    return weights if len(weights) > 1 else list(weights.values())
