"""The only door into `models`: an experiment and the shapes of its data → a compiled Keras model."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nnrun.config.adapting import adapts
from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component
from nnrun.config.from_run import FromRun
from nnrun.config.relations import find_output_layer
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.device import strategy_scope
from nnrun.errors import ConfigError, Problem
from nnrun.models import applications
from nnrun.models.adapting import State, learn_state, with_state
from nnrun.models.architecture import expand_architecture
from nnrun.models.components import first_line, instantiate
from nnrun.models.freezing import layers_to_unfreeze, learning_variables
from nnrun.models.from_run import take_layers
from nnrun.models.layers import Step, preprocessing_layers
from nnrun.models.losses import choose_loss, choose_metrics
from nnrun.models.optimizers import build_optimizer
from nnrun.models.own import build_alone, make_own, trains_itself
from nnrun.models.shapes import output_shape

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

    Raw rows go in: what `preprocess` asks for are the model's first layers.

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
        ((input_name, spec),) = inputs.items()
        (target,) = targets.values()
        layers = with_state(expand_architecture(experiment, spec, target), adapted)
        keras_input = keras.Input(spec.shape, name=input_name)
        model = _assemble(experiment, layers, keras_input, steps[input_name], base)
        _check_output(model, layers[-1] if layers else _taken_over(experiment), target)
        units, activation = output_shape(model)[-1] or 0, last_activation(model, layers)
        model.compile(
            optimizer=build_optimizer(experiment, catalogue, steps_per_epoch),
            loss=instantiate(choose_loss(experiment, target, units, activation)),
            metrics=list(map(instantiate, choose_metrics(experiment, target, units, activation))),
        )
        _build_optimizer_state(model, experiment)
        return model


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
    keras_input = keras.Input(spec.shape, name=name)
    model = keras.Sequential([keras_input, *preprocessing_layers(steps[name])])

    def add(model: Any, layer: Component) -> None:
        _add(model, layer, (model.output_shape if model.layers else keras_input.shape)[1:])

    return learn_state(layers[: last + 1], add, model, rows)


def _assemble(
    experiment: Experiment,
    layers: Sequence[Component],
    keras_input: Any,
    steps: Sequence[Step],
    base: Any,
) -> Any:
    """The model, not yet compiled: preprocessing, what is taken over from a run, and the layers."""
    own = make_own(experiment.architecture)
    if trains_itself(own):
        return build_alone(own, layers[0], keras_input, steps)
    taken = [] if base is None else take_layers(base, experiment)
    return _stack(keras_input, [*preprocessing_layers(steps), *taken], layers, own)


def _taken_over(experiment: Experiment) -> Component:
    """What is to blame for layers that the config does not list."""
    path = "architecture.from_run"
    return Component("from_run", "", place=experiment.place_of(path), path=path)


def _build_optimizer_state(model: Any, experiment: Experiment) -> None:
    """Make the optimizer's variables, also for layers that learn later.

    Raises:
        ConfigError: All that a run gave is frozen, and nothing else learns.
    """
    variables = learning_variables(model, layers_to_unfreeze(model, experiment))
    if variables:
        model.optimizer.build(variables)
    elif isinstance(experiment.architecture, FromRun):
        blamed = _taken_over(experiment)
        hint = "freeze fewer layers, or add some"
        message = "every layer is frozen, so that nothing learns"
        raise ConfigError([Problem(message, blamed.place, blamed.path, hint)])


def last_activation(model: Any, layers: Sequence[Component]) -> str:
    """The activation that a model ends with, as the config or else the model says; or `unknown`."""
    if layers:
        output = find_output_layer(layers)
        return output.activation if output else "unknown"
    last = model.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", "unknown")
    return "softmax" if isinstance(last, keras.layers.Softmax) else name


def gives_logits(
    experiment: Experiment,
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
    model: Any,
) -> bool:
    """Whether the model of an experiment ends without the sigmoid or softmax of a classifier."""
    (spec,), (target,) = inputs.values(), targets.values()
    if target.task == "regression":
        return False
    declared = experiment.loss is not None and experiment.loss.arguments.get("from_logits") is True
    layers = expand_architecture(experiment, spec, target)
    return declared or last_activation(model, layers) == "linear"


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
        model.add(_made(component, before) if own is None else own)
    except ConfigError:
        raise
    except Exception as error:
        message = f"does not fit rows of shape {_show(before)}: {_plain(error)}"
        hint = _shape_hint(component.name, before)
        problem = Problem(message, component.place, component.path, hint)
        raise ConfigError([problem]) from error


def _made(component: Component, before: Sequence[int | None]) -> Any:
    """The layer that a component names, for rows of a shape."""
    if component.group == applications.GROUP:
        return applications.make_application(component, before)
    return instantiate(component)


def _plain(error: Exception) -> str:
    """Keras's message without the prefix that names a layer the user never named."""
    told = first_line(error)
    _, separator, rest = told.partition("is incompatible with the layer: ")
    return rest if separator else told


def _shape_hint(name: str, shape: Sequence[int | None]) -> str:
    """How to bring rows into the shape that a layer for images or sequences takes."""
    dimensions = re.search(r"([123])D", name)
    if dimensions is None:
        return ""
    axes = int(dimensions[1]) + 1
    if len(shape) == axes - 1:
        return f"put `Reshape: [{', '.join(map(str, (*shape, 1)))}]` before it"
    return f"{name} takes rows with {axes} axes"


def _show(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def _check_output(model: Any, last: Component, target: TargetSpec) -> None:
    """Refuse an output that the loss would stretch over the target without a word."""
    shape = output_shape(model)
    wanted = len(target.classes) or target.width
    one_for_two = len(target.classes) == 2 and not target.one_hot  # noqa: PLR2004 two classes
    if shape == (wanted,) or (one_for_two and shape == (1,)):
        return
    unit = "classes" if target.classes else "numbers" if wanted > 1 else "number"
    if target.task == "multilabel":
        unit = "labels"
    hint = f"end with `Dense: {wanted}`"
    if len(shape) > 1:
        hint = "is a `Flatten` missing before the Dense layers?"
    message = f"the model gives {_show(shape)} for a row, but the target is {wanted} {unit}"
    raise ConfigError([Problem(message, last.place, last.path, hint)])
