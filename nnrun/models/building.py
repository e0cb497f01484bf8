"""The only door into `models`: an experiment and the shapes of its data → a compiled Keras model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nnrun.config.adapting import adapts
from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component
from nnrun.config.from_run import FromRun
from nnrun.config.graphs import Graph
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.device import strategy_scope
from nnrun.errors import ConfigError, Problem, is_out_of_memory
from nnrun.models.adapting import State, learn_state, with_state
from nnrun.models.applications import make_layer
from nnrun.models.architecture import expand_architecture
from nnrun.models.freezing import layers_to_unfreeze, learning_variables
from nnrun.models.from_run import take_layers
from nnrun.models.graphs import build_graph
from nnrun.models.heads import Head, taken_over
from nnrun.models.label_scaling import in_own_units, seen_by_loss
from nnrun.models.layers import Step, make_input, preprocessing_layers
from nnrun.models.misfits import shape_hint, show_shape
from nnrun.models.optimizers import build_optimizer
from nnrun.models.own import build_alone, make_own, trains_itself
from nnrun.objects import instantiate, plain_message

NOTHING: State = {}


def build_model(
    experiment: Experiment,
    *,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    steps: Mapping[str, Sequence[Step]],
    catalogue: Catalogue,
    steps_per_epoch: int,
    strategy: str = "none",
    base: Any = None,
    adapted: State = NOTHING,
) -> Any:
    """A compiled `keras.Model`, built, with the initial weights that the seed gives.

    Raw rows go in: what `preprocess` asks for are the model's first layers. Numbers come out in the
    labels' own units, whatever scale the loss sees them in.

    Args:
        experiment: The checked config.
        inputs: Shapes of the inputs, by name.
        targets: What is predicted, by name.
        steps: The fitted preprocessing, by input.
        catalogue: What Keras's classes take.
        steps_per_epoch: What durations in epochs are counted in.
        strategy: `mirrored` for a model on all devices, to be trained on them.
        base: The model that `from_run` begins with, built just before.
        adapted: What layers have learnt from the training rows: see `adapt_layers`.

    Raises:
        ConfigError: If a layer does not fit the shape before it, or the output the target; the
            problem names the line of the config.
    """
    if base is None:  # else the names of the layers go on where its own end
        keras.backend.clear_session()
    keras.config.set_dtype_policy(experiment.runtime.precision)
    keras.utils.set_random_seed(experiment.seed)
    with strategy_scope(strategy):
        model = _assemble(experiment, inputs, targets, steps, base=base, adapted=adapted)
        heads = _heads(model, experiment, targets)
        model = in_own_units(model, targets)
        losses = {head.name: seen_by_loss(instantiate(head.loss), head.target) for head in heads}
        metrics = {head.name: [instantiate(one) for one in head.metrics] for head in heads}
        model.compile(
            optimizer=build_optimizer(experiment, catalogue, steps_per_epoch),
            loss=_alone_or_all(losses),
            loss_weights=_loss_weights(experiment, heads),
            metrics=_alone_or_all(metrics),
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
    steps: Mapping[str, Sequence[Step]],
    rows: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """What the layers of a list that adapt learn from the training rows, by their paths.

    Args:
        experiment: The checked config.
        inputs: Shapes of the inputs, by name.
        targets: What is predicted, by name.
        steps: The fitted preprocessing, by input.
        rows: The training rows of the one input.
    """
    keras.backend.clear_session()
    keras.config.set_dtype_policy(experiment.runtime.precision)
    keras.utils.set_random_seed(experiment.seed)
    ((name, spec),), (target,) = inputs.items(), targets.values()
    layers = expand_architecture(experiment, spec, target)
    last = max(index for index, layer in enumerate(layers) if adapts(layer))
    keras_input = make_input(name, spec)
    model = keras.Sequential([keras_input, *preprocessing_layers(steps[name], spec)])

    def add(model: Any, layer: Component) -> None:
        _add(model, layer, (model.output_shape if model.layers else keras_input.shape)[1:])

    return learn_state(layers[: last + 1], add, model, rows)


def _assemble(
    experiment: Experiment,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    steps: Mapping[str, Sequence[Step]],
    *,
    base: Any,
    adapted: State,
) -> Any:
    """The model, not yet compiled: preprocessing, what is taken over from a run, and the layers."""
    if isinstance(experiment.architecture, Graph):
        return build_graph(experiment, experiment.architecture, inputs, steps)
    ((name, spec),), (target,) = inputs.items(), targets.values()
    layers = with_state(expand_architecture(experiment, spec, target), adapted)
    keras_input = make_input(name, spec)
    own = make_own(experiment.architecture)
    if trains_itself(own):
        return build_alone(own, layers[0], keras_input, [*steps[name], *target.scale])
    taken = [] if base is None else take_layers(base, experiment)
    return _stack(keras_input, [*preprocessing_layers(steps[name], spec), *taken], layers, own)


def _build_optimizer_state(model: Any, experiment: Experiment) -> None:
    """Make the optimizer's variables, also for layers that learn later.

    Raises:
        ConfigError: All that a run gave is frozen, and nothing else learns.
    """
    variables = learning_variables(model, layers_to_unfreeze(model, experiment))
    if variables:
        model.optimizer.build(variables)
    elif isinstance(experiment.architecture, FromRun):
        blamed = taken_over(experiment)
        hint = "freeze fewer layers, or add some"
        message = "every layer is frozen, so nothing learns"
        raise ConfigError([Problem(message, blamed.place, blamed.path, hint)])


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


def _stack(
    keras_input: Any, first: Sequence[Any], layers: Sequence[Component], own: Any = None
) -> Any:
    """The layers of a list, one after the other; `own` is the one layer where it is made already."""
    model = keras.Sequential([keras_input, *first], name="model")
    for component in layers:
        before = model.output_shape if model.layers else keras_input.shape
        _add(model, component, before[1:], own)
    return model


def _add(model: Any, component: Component, before: Sequence[int | None], own: Any = None) -> None:
    try:
        model.add(make_layer(component, before) if own is None else own)
    except ConfigError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        message = f"does not fit rows of shape {show_shape(before)}: {plain_message(error)}"
        hint = shape_hint(component.name, before)
        problem = Problem(message, component.place, component.path, hint)
        raise ConfigError([problem]) from error
