"""The only door into `models`: an experiment and the shapes of its data → a compiled Keras model."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component
from nnrun.config.relations import find_output_layer
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.device import strategy_scope
from nnrun.errors import ConfigError, Problem
from nnrun.models.architecture import expand_architecture
from nnrun.models.components import first_line, instantiate
from nnrun.models.layers import Step, preprocessing_layers
from nnrun.models.losses import choose_loss, choose_metrics
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
        ((input_name, spec),) = inputs.items()
        (target,) = targets.values()
        layers = expand_architecture(experiment, spec, target)
        model = keras.Sequential([keras.Input(spec.shape, name=input_name)], name="model")
        for layer in preprocessing_layers(steps[input_name]):
            model.add(layer)
        for component in layers:
            _add(model, component, model.output_shape[1:] if model.layers else spec.shape)
        _check_output(model, layers[-1], target)
        output, units = find_output_layer(layers), model.output_shape[-1]
        activation = output.activation if output else "unknown"
        model.compile(
            optimizer=build_optimizer(experiment, catalogue, steps_per_epoch),
            loss=instantiate(choose_loss(experiment, target, units, activation)),
            metrics=list(map(instantiate, choose_metrics(experiment, target, units, activation))),
        )
        if model.trainable_variables:
            model.optimizer.build(model.trainable_variables)
        return model


def gives_logits(
    experiment: Experiment, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
) -> bool:
    """Whether the model of an experiment ends without the sigmoid or softmax of a classifier."""
    (spec,), (target,) = inputs.values(), targets.values()
    if target.task == "regression":
        return False
    output = find_output_layer(expand_architecture(experiment, spec, target))
    declared = experiment.loss is not None and experiment.loss.arguments.get("from_logits") is True
    return declared or (output is not None and output.activation == "linear")


def _add(model: Any, component: Component, before: Sequence[int | None]) -> None:
    try:
        model.add(instantiate(component))
    except ConfigError:
        raise
    except Exception as error:
        message = f"does not fit rows of shape {_show(before)}: {_plain(error)}"
        hint = _shape_hint(component.name, before)
        problem = Problem(message, component.place, component.path, hint)
        raise ConfigError([problem]) from error


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
    shape = model.output_shape[1:]
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
