"""The lines of a script that compile, train and evaluate the model, and draw its curves."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from nnrun.config.graphs import Graph
from nnrun.config.rates import CYCLE
from nnrun.config.relations import find_output_layer
from nnrun.config.roles import view_of
from nnrun.models.heads import last_layers
from nnrun.models.losses import choose_loss, choose_metrics
from nnrun.models.optimizers import complete_optimizer
from nnrun.runs.history import metric_mode
from nnrun.runs.monitoring import monitored_figure
from nnrun.scripting.expressions import (
    Atom,
    Bracketed,
    Expression,
    Item,
    assign,
    call,
    layout,
    listed,
    literal,
    quoted,
)
from nnrun.scripting.limits import WATCHING
from nnrun.scripting.splitting import part_names
from nnrun.training.callbacks import all_callbacks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nnrun.config.catalogue import Catalogue
    from nnrun.config.components import Component
    from nnrun.config.schema import Experiment
    from nnrun.data.prepared import Prepared
    from nnrun.scripting.components import Components

KNOWN_TO_KERAS = ("loss", "accuracy", "acc")
"""Figures of which Keras's callbacks know by their name where they are best."""
_MONITORING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "OrbaxCheckpoint")
_BATCH_SIZE = 32  # what `fit` takes where nothing is said


def optimizer_lines(
    experiment: Experiment, catalogue: Catalogue, components: Components
) -> Iterator[str]:
    """Lines after which `optimizer` is there, with its schedule."""
    optimizer = complete_optimizer(experiment, catalogue)
    schedule = optimizer.arguments.get("learning_rate")
    name = getattr(schedule, "name", "")
    if name:
        yield f"# One epoch has {components.steps_per_epoch:,} steps"
        yield assign("schedule", components.write(schedule))  # type: ignore[arg-type]
        arguments = {**optimizer.arguments, "learning_rate": Atom("schedule")}
        optimizer = dataclasses.replace(optimizer, arguments=arguments)
    yield assign("optimizer", components.write(optimizer))
    if name == CYCLE and schedule.arguments.get("momentum", ()) is not None:  # type: ignore[union-attr]
        components.copies.add("nnrun.models.momentum", "cycle_momentum")
        yield "cycle_momentum(optimizer, schedule)"


def compile_line(prepared: Prepared, components: Components) -> str:
    """`model.compile(…)`."""
    experiment, targets = prepared.experiment, prepared.splits.targets
    losses, metrics, weights = {}, {}, {}
    for name, target in targets.items():
        view = view_of(experiment, name)
        output = find_output_layer(last_layers(view, target))
        units = (output.units if output else None) or len(target.classes) or target.width
        activation = output.activation if output else "unknown"
        chosen = choose_loss(view, target, units, activation)
        losses[name] = components.write(chosen)
        if view.loss is None and not chosen.arguments and chosen.module == "keras.losses":
            losses[name] = literal(_snake_case(chosen.name))
        written = map(components.write, choose_metrics(view, target, units, activation))
        metrics[name] = listed(written)
        graph = experiment.architecture
        weights[name] = graph.outputs[name].weight if isinstance(graph, Graph) else 1.0
    named: dict[str, Expression | str] = {"loss": _of_outputs(losses)}
    if set(weights.values()) != {1.0}:
        own = {name: literal(weight) for name, weight in weights.items()}
        named["loss_weights"] = _of_outputs(own) if len(own) > 1 else listed(own.values())
    made = call("model.compile", **named, optimizer="optimizer", metrics=_of_outputs(metrics))
    return layout(made)


def _of_outputs(values: Mapping[str, Expression]) -> Expression:
    """The one value, or all by the names of the outputs."""
    if len(values) == 1:
        return next(iter(values.values()))
    items = tuple(Item(value, f"{quoted(name)}: ") for name, value in values.items())
    return Bracketed("{", items, "}")


def fit_lines(prepared: Prepared, components: Components, imports: set[str]) -> Iterator[str]:
    """The callbacks, `history = model.fit(…)`, and the weights of the best epoch."""
    experiment = prepared.experiment
    training = experiment.training
    has_validation = prepared.splits.validation is not None
    written = [one for one in all_callbacks(experiment) if one.name not in WATCHING]
    callbacks = [_callback(one, components) for one in written]
    checkpoint = f"{experiment.name}.weights.h5"
    keeps_best = _restores_best(experiment, has_validation=has_validation)
    if not keeps_best:
        callbacks.append(_checkpoint(experiment, checkpoint, has_validation=has_validation))
    if not keeps_best:
        yield "# The checkpoint keeps the weights of the best epoch"
    yield assign("callbacks", listed(callbacks))
    named: dict[str, Expression | str] = {"epochs": str(training.epochs)}
    if training.batch_size != _BATCH_SIZE:
        named["batch_size"] = str(training.batch_size)
    if has_validation:
        named["validation_data"] = "(X_valid, y_valid)"
    if not training.shuffle:
        named["shuffle"] = "False"
    if training.class_weight is not None:
        yield from _class_weight_lines(prepared, imports)
        named["class_weight"] = "class_weight"
    if prepared.splits.train.weights is not None:
        named["sample_weight"] = "sample_weight_train"
    named["callbacks"] = "callbacks"
    yield assign("history", call("model.fit", "X_train", "y_train", **named))
    if not keeps_best:
        yield f"model.load_weights({layout(literal(checkpoint))})"


def evaluation_lines(prepared: Prepared) -> Iterator[str]:
    """The figures of the validation and the test rows."""
    words = {"valid": "validation", "test": "test"}
    for part in part_names(prepared):
        if part in words:
            figures = f"model.evaluate(X_{part}, y_{part}, verbose=0, return_dict=True)"
            yield f'print("{words[part]}", {figures})'


def plot_lines(prepared: Prepared) -> Iterator[str]:
    """The learning curves, in a PNG."""
    yield 'loss = history.history["loss"]'
    yield "epochs = np.arange(1, len(loss) + 1)"
    yield "# The mean over an epoch belongs into its middle, the validation loss to its end"
    yield 'plt.plot(epochs - 0.5, loss, label="training")'
    if prepared.splits.validation is not None:
        yield 'plt.plot(epochs, history.history["val_loss"], label="validation")'
    yield 'plt.xlabel("epoch")'
    yield 'plt.ylabel("loss")'
    yield "plt.legend()"
    yield f"plt.savefig({layout(literal(f'{prepared.experiment.name}.png'))})"


def _callback(component: Component, components: Components) -> Expression:
    """A callback; where a figure is best is said where Keras does not know."""
    arguments: dict[str, Any] = dict(component.arguments)
    if component.name in _MONITORING:
        mode = _mode(arguments.get("monitor", "val_loss"))
        arguments = {**mode, **arguments}
    if component.name == "TensorBoard":
        arguments.setdefault("log_dir", "tensorboard")
    return components.write(dataclasses.replace(component, arguments=arguments))


def _mode(monitor: str) -> Mapping[str, str]:
    plain = monitor.removeprefix("val_")
    return {} if plain in KNOWN_TO_KERAS else {"mode": metric_mode(monitor)}


def _monitored(experiment: Experiment, *, has_validation: bool) -> str:
    declared = [(one.name, one.arguments) for one in experiment.callbacks]
    return monitored_figure(experiment.training.monitor, declared, has_validation=has_validation)[0]


def _restores_best(experiment: Experiment, *, has_validation: bool) -> bool:
    """Whether a callback leaves the model with the weights that nnrun would save."""
    monitor = _monitored(experiment, has_validation=has_validation)
    return any(
        one.name == "EarlyStopping"
        and one.arguments.get("restore_best_weights") is True
        and one.arguments.get("monitor", "val_loss") == monitor
        and not one.arguments.get("min_delta")
        and not one.arguments.get("start_from_epoch")
        for one in experiment.callbacks
    )


def _checkpoint(experiment: Experiment, file: str, *, has_validation: bool) -> Expression:
    monitor = _monitored(experiment, has_validation=has_validation)
    named: dict[str, Expression | str] = {}
    if monitor != "val_loss":
        named["monitor"] = literal(monitor)
    named |= {key: literal(value) for key, value in _mode(monitor).items()}
    named |= {"save_best_only": "True", "save_weights_only": "True"}
    return call("keras.callbacks.ModelCheckpoint", literal(file), **named)


def _class_weight_lines(prepared: Prepared, imports: set[str]) -> Iterator[str]:
    (target,) = prepared.splits.targets.values()
    weights = prepared.experiment.training.class_weight
    if isinstance(weights, str):
        imports.add("import numpy as np")
        labels = "y_train.argmax(axis=1)" if target.one_hot else "y_train"
        yield f"counts = np.bincount({labels})  # balanced: a class weighs what it lacks in rows"
        yield "class_weight = dict(enumerate(len(y_train) / (len(counts) * counts)))"
        return
    numbers = {name: number for number, name in enumerate(target.classes)}
    numbers |= {str(number): number for number in range(len(target.classes))}
    table = dict.fromkeys(range(len(target.classes)), 1.0)
    table |= {numbers[key]: weight for key, weight in (weights or {}).items()}
    shown = ", ".join(f"{number}: {weight}" for number, weight in table.items())
    yield f"class_weight = {{{shown}}}  # {', '.join(target.classes)}"


def _snake_case(name: str) -> str:
    """The name that Keras also knows a class by.

    >>> _snake_case("SparseCategoricalCrossentropy")
    'sparse_categorical_crossentropy'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
