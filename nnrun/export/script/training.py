"""The lines of a script that compile, train and evaluate the model, and draw its curves."""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component, snake_case
from nnrun.config.figures import plain_name
from nnrun.config.modes import Directions, Mode, mode_of
from nnrun.config.monitoring import declared_directions
from nnrun.config.rates import CYCLE
from nnrun.config.relations import find_output_layer, subject_of
from nnrun.config.roles import view_of
from nnrun.export.script.expressions import (
    Atom,
    Expression,
    assign,
    call,
    dictionary,
    layout,
    listed,
    literal,
)
from nnrun.export.script.freezing_lines import unfreezing_lines
from nnrun.export.script.label_scaling_lines import scaled_loss_call
from nnrun.export.script.limits import WATCHING
from nnrun.export.script.splitting_lines import part_names
from nnrun.models.freezing import layers_to_unfreeze
from nnrun.models.heads import Head
from nnrun.models.losses import choose_loss
from nnrun.models.metrics import choose_metrics
from nnrun.models.network import ending
from nnrun.models.optimizers import complete_optimizer
from nnrun.training.callbacks import all_callbacks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nnrun.config.catalogue import Catalogue
    from nnrun.config.schema import Experiment
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components
    from nnrun.tasks.targets import TargetSpec

KNOWN_TO_KERAS: Mapping[str, Mode] = {"loss": "min", "accuracy": "max", "acc": "max"}
"""Figures of which Keras's callbacks know without being told where they are best."""
_MONITORING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "OrbaxCheckpoint")
_STOPPING = ("EarlyStopping", "TerminateOnNaN")
"""Callbacks of Keras that can end a training."""
_BATCH_SIZE = 32  # what `fit` takes where nothing is said


def optimizer_lines(
    experiment: Experiment, catalogue: Catalogue, components: Components
) -> Iterator[str]:
    """Lines that define `optimizer` with its schedule."""
    optimizer = complete_optimizer(experiment, catalogue)
    rate = optimizer.arguments.get("learning_rate")
    if isinstance(rate, Component):
        yield f"# One epoch has {components.steps_per_epoch:,} steps"
        yield assign("schedule", components.write(rate))
        rate = Atom("schedule")
    yield from _made(optimizer, rate, experiment, components)


def tuned_optimizer_lines(
    experiment: Experiment, catalogue: Catalogue, components: Components, rate: float
) -> Iterator[str]:
    """Lines that define a new `optimizer` with a constant rate."""
    optimizer = complete_optimizer(experiment, catalogue)
    yield from _made(optimizer, literal(rate), experiment, components)


def _made(
    optimizer: Component, rate: Expression | None, experiment: Experiment, components: Components
) -> Iterator[str]:
    """Lines that create the optimizer, and let a schedule change its momentum."""
    given = {} if rate is None else {"learning_rate": rate}
    arguments = {**optimizer.arguments, **given}
    yield assign("optimizer", components.write(dataclasses.replace(optimizer, arguments=arguments)))
    schedule = experiment.schedule
    if (
        schedule is not None
        and schedule.name == CYCLE
        and schedule.arguments.get("momentum", ()) is not None
    ):
        components.copies.add("nnrun.models.momentum", "cycle_momentum")
        yield "cycle_momentum(optimizer, schedule)"
    if _begins_at_the_weights(optimizer):
        yield "optimizer.build(model.trainable_variables)  # it begins at these weights"


def _begins_at_the_weights(optimizer: Component) -> bool:
    """Whether an optimizer, or one within it, takes over the weights when it is built.

    Left to `fit`, it is built while the first step is compiled, and begins at zero instead.
    """
    within = (one for one in optimizer.arguments.values() if isinstance(one, Component))
    return optimizer.name == "ScheduleFreeAdamW" or any(map(_begins_at_the_weights, within))


def compile_line(prepared: Prepared, components: Components, model: Any) -> str:
    """`model.compile(…)`.

    Args:
        prepared: The experiment with its data.
        components: Writes loss and metrics.
        model: nnrun's own model; None where the config says all that is asked of it.
    """
    experiment, targets = prepared.experiment, prepared.splits.targets
    losses, metrics, weights = {}, {}, {}
    for name, target in targets.items():
        view = view_of(experiment, name)
        units, activation = _end(model, experiment, name, target)
        chosen = choose_loss(view, target, units, activation)
        losses[name] = components.write(chosen)
        if view.loss is None and not chosen.arguments and chosen.module == "keras.losses":
            losses[name] = literal(snake_case(chosen.name))
        losses[name] = scaled_loss_call(prepared, name, losses[name])
        written = map(components.write, choose_metrics(view, target, units, activation))
        metrics[name] = listed(written)
        weights[name] = experiment.outline.outputs[name].weight
    named: dict[str, Expression | str] = {"loss": _of_outputs(losses)}
    if set(weights.values()) != {1.0}:
        own = {name: literal(weight) for name, weight in weights.items()}
        named["loss_weights"] = _of_outputs(own) if len(own) > 1 else listed(own.values())
    made = call("model.compile", **named, optimizer="optimizer", metrics=_of_outputs(metrics))
    return layout(made)


def _end(model: Any, experiment: Experiment, name: str, target: TargetSpec) -> tuple[int, str]:
    """The units and the activation that an output ends with."""
    if model is not None:
        head = Head.of(model, experiment, name, target)
        return head.shape[-1] or 0, head.activation
    output = find_output_layer(ending(experiment, name, target))
    units = (output.units if output else None) or len(target.classes) or target.width
    return units, output.activation if output else "unknown"


def _of_outputs(values: Mapping[str, Expression]) -> Expression:
    """The only value, or all values by output."""
    if len(values) == 1:
        return next(iter(values.values()))
    return dictionary(values)


def fit_lines(prepared: Prepared, components: Components) -> Iterator[str]:
    """The callbacks, `history = model.fit(…)`, and the weights of the best epoch."""
    experiment = prepared.experiment
    callbacks = [_callback(one, components, prepared) for one in _at_work(experiment)]
    if not _restores_best(prepared):
        callbacks.append(_checkpoint(prepared))
        yield "# The checkpoint keeps the weights of the best epoch"
    yield assign("callbacks", listed(callbacks))
    if experiment.training.class_weight is not None:
        yield from _class_weight_lines(prepared)
    tuned = experiment.training.fine_tune
    if tuned is None:
        yield _fit_line(prepared, epochs=experiment.training.epochs)
        yield from _best_lines(prepared)
    else:
        yield _fit_line(prepared, epochs=tuned.after_epoch)


def fine_tuning_lines(
    prepared: Prepared, catalogue: Catalogue, components: Components, model: Any
) -> Iterator[str]:
    """The second part of the training, in which frozen layers learn too.

    Args:
        prepared: The experiment with its data.
        catalogue: Where the arguments of the optimizer stand.
        components: Writes the optimizer, loss and metrics.
        model: nnrun's own model, as its training begins.
    """
    experiment = prepared.experiment
    tuned = experiment.training.fine_tune
    if tuned is None:
        return
    lines = [
        *unfreezing_lines(model, layers_to_unfreeze(model, experiment)),
        *tuned_optimizer_lines(experiment, catalogue, components, tuned.learning_rate),
        compile_line(prepared, components, model),
        _fit_line(prepared, epochs=experiment.training.epochs, after=tuned.after_epoch),
    ]
    yield f"# Fine-tuning from epoch {tuned.after_epoch + 1} on; the history continues"
    if any(one.name in _STOPPING or one.is_users_own for one in experiment.callbacks):
        yield "if not model.stop_training:"
        lines = [textwrap.indent(line, "    ") for line in lines]
    yield from lines
    yield from _best_lines(prepared)


def _fit_line(prepared: Prepared, *, epochs: int, after: int = 0) -> str:
    """`history = model.fit(…)`, or its continuation after an epoch."""
    training = prepared.experiment.training
    named = {"initial_epoch": str(after)} if after else {}
    named["epochs"] = str(epochs)
    if training.batch_size != _BATCH_SIZE:
        named["batch_size"] = str(training.batch_size)
    if prepared.splits.validation is not None:
        weights = ", sample_weight_valid" if _weighs_all(prepared) else ""
        named["validation_data"] = f"(X_valid, y_valid{weights})"
    if not training.shuffle:
        named["shuffle"] = "False"
    if training.class_weight is not None:
        named["class_weight"] = "class_weight"
    if prepared.splits.train.weights is not None:
        named["sample_weight"] = "sample_weight_train"
    named["callbacks"] = "[*callbacks, history]" if after else "callbacks"
    return assign("history", call("model.fit", "X_train", "y_train", **named))


def _best_lines(prepared: Prepared) -> Iterator[str]:
    """A line that restores the weights of the best epoch, unless a callback does."""
    if not _restores_best(prepared):
        yield f"model.load_weights({layout(literal(_weights_file(prepared)))})"


def _at_work(experiment: Experiment) -> list[Component]:
    """The callbacks except those that only observe."""
    return [one for one in all_callbacks(experiment) if one.name not in WATCHING]


def evaluation_lines(prepared: Prepared) -> Iterator[str]:
    """The figures of the validation and the test rows."""
    words = {"valid": "validation", "test": "test"}
    for part in part_names(prepared):
        if part in words:
            named = {"verbose": "0", "return_dict": "True"}
            if _weighs_all(prepared):
                named = {"sample_weight": f"sample_weight_{part}", **named}
            figures = call("model.evaluate", f"X_{part}", f"y_{part}", **named)
            yield layout(call("print", literal(words[part]), figures))


def _weighs_all(prepared: Prepared) -> bool:
    return prepared.experiment.dataset.weighting.validation


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


def _callback(component: Component, components: Components, prepared: Prepared) -> Expression:
    """A callback, with a `mode` if Keras doesn't know whether low or high is best."""
    arguments: dict[str, Any] = dict(component.arguments)
    if prepared.experiment.training.fine_tune is not None:
        arguments.pop("restore_best_weights", None)  # the second part goes on from the last epoch
    if component.name in _MONITORING:
        monitor = arguments.get("monitor", "val_loss")
        arguments = {**_mode(monitor, mode_of(monitor, _directions(prepared))), **arguments}
    if component.name == "TensorBoard":
        arguments.setdefault("log_dir", "tensorboard")
    return components.write(dataclasses.replace(component, arguments=arguments))


def _mode(monitor: str, mode: Mode) -> Mapping[str, str]:
    return {} if KNOWN_TO_KERAS.get(plain_name(monitor)) == mode else {"mode": mode}


def _directions(prepared: Prepared) -> Directions:
    experiment = prepared.experiment
    folder = Path(experiment.modules or prepared.config.parent)
    return declared_directions(subject_of(experiment, load_catalogue()), folder)


def _monitored(prepared: Prepared) -> tuple[str, Mode]:
    experiment = prepared.experiment
    return monitored_figure(
        experiment.training.monitor,
        [(one.name, one.arguments) for one in experiment.callbacks],
        _directions(prepared),
        has_validation=prepared.splits.validation is not None,
    )


def _restores_best(prepared: Prepared) -> bool:
    """Whether a callback leaves the model with the weights that nnrun would save."""
    (monitor, _), training = _monitored(prepared), prepared.experiment.training
    return training.fine_tune is None and any(
        one.name == "EarlyStopping"
        and one.arguments.get("restore_best_weights") is True
        and one.arguments.get("monitor", "val_loss") == monitor
        and not one.arguments.get("min_delta")
        and not one.arguments.get("start_from_epoch")
        for one in prepared.experiment.callbacks
    )


def _checkpoint(prepared: Prepared) -> Expression:
    monitor, mode = _monitored(prepared)
    named: dict[str, Expression | str] = {}
    if monitor != "val_loss":
        named["monitor"] = literal(monitor)
    named |= {key: literal(value) for key, value in _mode(monitor, mode).items()}
    named |= {"save_best_only": "True", "save_weights_only": "True"}
    return call("keras.callbacks.ModelCheckpoint", literal(_weights_file(prepared)), **named)


def _weights_file(prepared: Prepared) -> str:
    return f"{prepared.experiment.name}.weights.h5"


def _class_weight_lines(prepared: Prepared) -> Iterator[str]:
    (target,) = prepared.splits.targets.values()
    weights = prepared.experiment.training.class_weight
    if isinstance(weights, str):
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
