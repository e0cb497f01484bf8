"""What a script has to be told of nnrun's own model, where the config does not say it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.experiments.prepare import build
from nnrun.experiments.trust import check_trust
from nnrun.export.script.expressions import literal
from nnrun.models.applications import GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.config.components import Component
    from nnrun.experiments.prepared import Prepared


def build_where_needed(prepared: Prepared, *, trust: bool) -> Any:
    """The model that nnrun makes, where layers come from elsewhere or learn later, else None.

    Args:
        prepared: The experiment with its data.
        trust: Whether code that the config names may run.

    Raises:
        ConfigError: The layers do not fit each other or the data.
        UserError: The config names code of its own and is not trusted.
    """
    experiment = prepared.experiment
    outline = experiment.outline
    taken = outline.base is not None or any(one.group == GROUP for one in outline.components)
    if not taken and experiment.training.fine_tune is None:
        return None
    check_trust(experiment, prepared.config, trust=trust)
    return build(prepared)


def as_called(component: Component, layer: Any) -> Component:
    """A layer with the arguments of its call: a model of `keras.applications` is told its input's shape.

    Whether such a model learns is set after it is made.

    Args:
        component: What the config says.
        layer: The same in nnrun's own model.
    """
    if component.group != GROUP:
        return component
    given: Mapping[str, Any] = {
        "input_shape": literal(layer.input_shape[1:], tuples=True),
        **component.arguments,
    }
    arguments = {name: value for name, value in given.items() if name != "trainable"}
    return dataclasses.replace(component, arguments=arguments)


def is_frozen_where_made(component: Component) -> bool:
    """Whether the call of a layer says that it does not learn."""
    return component.group != GROUP and component.arguments.get("trainable") is False
