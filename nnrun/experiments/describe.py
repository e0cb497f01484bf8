"""Describes what a config would run: data, layers, outputs, time and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from nnrun.analysis.card import SEVERAL, Card, LayerRow, OutputRow
from nnrun.device import device_name
from nnrun.models.shapes import applied_to, layer_shapes, listed_layers
from nnrun.models.stand_ins import classes_of_stand_ins
from nnrun.training.choosing import engine_of
from nnrun.training.estimating import estimate_memory, estimate_seconds, learning_rates
from nnrun.training.placing import place, placing_warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.config.schema import Experiment
    from nnrun.experiments.prepared import Prepared
    from nnrun.tasks.targets import TargetSpec


def card_of(prepared: Prepared, model: Any) -> Card:
    """The card of an experiment: what it would run, and how long it would take.

    Args:
        prepared: The experiment and its data.
        model: Its compiled model, which can't be used for anything else afterwards.
    """
    experiment, splits = prepared.experiment, prepared.splits
    engine = engine_of(experiment, model, splits.train)
    placement = place(model, splits, experiment.runtime)
    steps = prepared.steps_per_epoch
    outputs = output_rows(model, splits.targets)
    only = outputs[0] if len(outputs) == 1 else None
    return Card(
        experiment=experiment,
        task=only.task if only else SEVERAL,
        classes=only.classes if only else (),
        targets=only.targets if only else (),
        outputs=outputs,
        rows={name: part.rows for name, part in splits.parts.items()},
        source=splits.source,
        layers=layer_rows(model, experiment),
        parameters=model.count_params(),
        loss=only.loss if only else ", ".join(f"{one.name} {one.loss}" for one in outputs),
        steps=steps,
        memory=estimate_memory(model, splits, experiment.training.batch_size),
        engine=f"{engine.name}: {engine.reason}",
        device=device_name(),
        rates=learning_rates(model, experiment.training, steps),
        seconds=estimate_seconds(model, splits, experiment.training, engine.name, placement.rows),
        warnings=(*prepared.warnings, *placing_warnings(model, experiment.runtime)),
    )


def layer_rows(model: Any, experiment: Experiment) -> list[LayerRow]:
    """The layers of a model; in a graph, with the layers they are applied to.

    Args:
        model: The model.
        experiment: The config that it was built from.
    """
    read_before = classes_of_stand_ins(experiment.outline)
    is_graph = hasattr(model, "_nodes_by_depth") and not isinstance(model, keras.Sequential)
    return [
        LayerRow(
            name,
            read_before.get(name, type(layer).__name__),
            next(iter(layer_shapes(layer)), ()),
            layer.count_params(),
            frozen=bool(layer.weights) and not layer.trainable,
            sources=_sources(model, layer) if is_graph else (),
        )
        for name, layer in listed_layers(model)
    ]


def output_rows(model: Any, targets: Mapping[str, TargetSpec]) -> list[OutputRow]:
    """The outputs of a compiled model and what they predict."""
    losses = model.loss if isinstance(model.loss, dict) else dict.fromkeys(targets, model.loss)
    return [
        OutputRow(
            name,
            target.task,
            target.classes,
            target.names,
            getattr(losses[name], "name", None) or str(losses[name]),
        )
        for name, target in targets.items()
    ]


def _sources(model: Any, layer: Any) -> tuple[str, ...]:
    """The layers that a layer of a graph is applied to, in all its uses if it is shared."""
    used = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    return tuple(
        dict.fromkeys(
            tensor._keras_history.operation.name
            for node in layer._inbound_nodes
            if id(node) in used
            for tensor in applied_to(node)
        )
    )
