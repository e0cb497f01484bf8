"""The only door into `models`: an experiment and the shapes of its data → a compiled Keras model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component
from nnrun.config.graphs import Graph
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.device import strategy_scope
from nnrun.errors import ConfigError, Problem
from nnrun.models.architecture import expand_architecture
from nnrun.models.components import instantiate
from nnrun.models.graphs import build_graph
from nnrun.models.heads import Head
from nnrun.models.layers import Step, preprocessing_layers
from nnrun.models.misfits import plain_message, shape_hint, show_shape
from nnrun.models.optimizers import build_optimizer


def build_model(
    experiment: Experiment,
    *,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    steps: Mapping[str, Sequence[Step]],
    catalogue: Catalogue,
    steps_per_epoch: int,
    strategy: str = "none",
) -> Any:
    """A compiled `keras.Model`, built, with the initial weights that the seed gives.

    Raw rows go in: what `preprocess` asks for are the model's first layers.

    Args:
        experiment: The checked config.
        inputs: Shapes of the inputs, by name.
        targets: What is predicted, by name.
        steps: The fitted preprocessing, by input.
        catalogue: What Keras's classes take.
        steps_per_epoch: What durations in epochs are counted in.
        strategy: `mirrored` for a model on all devices, to be trained on them.

    Raises:
        ConfigError: If a layer does not fit the shape before it, or the output the target; the
            problem names the line of the config.
    """
    keras.backend.clear_session()
    keras.config.set_dtype_policy(experiment.runtime.precision)
    keras.utils.set_random_seed(experiment.seed)
    with strategy_scope(strategy):
        graph = experiment.architecture
        if isinstance(graph, Graph):
            model = build_graph(experiment, graph, inputs, steps)
        else:
            model = _build_list(experiment, inputs, targets, steps)
        heads = [Head.of(model, experiment, name, target) for name, target in targets.items()]
        problems = [problem for head in heads for problem in head.problems()]
        if problems:
            raise ConfigError(problems)
        model.compile(
            optimizer=build_optimizer(experiment, catalogue, steps_per_epoch),
            loss=_alone_or_all({head.name: instantiate(head.loss) for head in heads}),
            loss_weights=_loss_weights(experiment, heads),
            metrics=_alone_or_all({head.name: head.metrics for head in heads}),
        )
        if model.trainable_variables:
            model.optimizer.build(model.trainable_variables)
        return model


def _loss_weights(
    experiment: Experiment, heads: Sequence[Head]
) -> dict[str, float] | list[float] | None:
    """The weights of the losses; None where the architecture gives none."""
    graph = experiment.architecture
    if not isinstance(graph, Graph):
        return None
    weights = {head.name: graph.outputs[head.name].weight for head in heads}
    return weights if len(weights) > 1 else list(weights.values())


def _alone_or_all(by_name: Mapping[str, Any]) -> Any:
    return next(iter(by_name.values())) if len(by_name) == 1 else dict(by_name)


def _build_list(
    experiment: Experiment,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    steps: Mapping[str, Sequence[Step]],
) -> Any:
    """The Keras model of a list of layers or a preset, not yet compiled."""
    ((name, spec),) = inputs.items()
    (target,) = targets.values()
    model = keras.Sequential([keras.Input(spec.shape, name=name)], name="model")
    for layer in preprocessing_layers(steps[name]):
        model.add(layer)
    for component in expand_architecture(experiment, spec, target):
        _add(model, component, model.output_shape[1:] if model.layers else spec.shape)
    return model


def _add(model: Any, component: Component, before: Sequence[int | None]) -> None:
    try:
        model.add(instantiate(component))
    except ConfigError:
        raise
    except Exception as error:
        message = f"does not fit rows of shape {show_shape(before)}: {plain_message(error)}"
        hint = shape_hint(component.name, before)
        problem = Problem(message, component.place, component.path, hint)
        raise ConfigError([problem]) from error
