"""Facts that only nnrun's own model can tell the script writer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.experiments.prepare import build
from nnrun.experiments.trust import check_trust
from nnrun.export.script.expressions import literal
from nnrun.models.applications import GROUP
from nnrun.models.layers import OWN_UNITS

if TYPE_CHECKING:
    from nnrun.config.components import Component
    from nnrun.experiments.prepared import Prepared
    from nnrun.models.network import Network


def build_where_needed(prepared: Prepared, *, trust: bool) -> Any:
    """Build nnrun's model if layers come from elsewhere or learn later; else None.

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


def as_built(network: Network, model: Any) -> tuple[Network, list[str]]:
    """A network with the arguments of its layers' calls, and the names of layers frozen in their call.

    Args:
        network: What the config says.
        model: nnrun's own model; None where the config says all that is asked of it.
    """
    parts = network.components
    if model is None:
        return network, []
    if network.is_chain:
        layers = [layer for layer in model.layers if layer.name != OWN_UNITS]
        layers = layers[len(layers) - len(parts) :]
    else:
        layers = [model.get_layer(part.arguments["name"]) for part in parts]
    frozen = [
        layer.name for part, layer in zip(parts, layers, strict=True) if _is_frozen_by_call(part)
    ]
    named, rest = network.outline.base is not None, iter(layers)
    return network.with_parts(lambda part: _as_called(part, next(rest), named=named)), frozen


def _as_called(component: Component, layer: Any, *, named: bool) -> Component:
    """A layer with the arguments of its call; a model of `keras.applications` gets its input shape.

    Whether such a model learns is set after it is made.

    Args:
        component: What the config says.
        layer: The same in nnrun's own model.
        named: Whether it is to have its name, which no layer has that was taken over.
    """
    arguments = dict(component.arguments)
    if named and not component.is_users_own:
        arguments.setdefault("name", layer.name)
    if component.group == GROUP:
        shape = literal(layer.input_shape[1:], tuples=True)
        arguments = {"input_shape": shape, **arguments}
        arguments.pop("trainable", None)
    return dataclasses.replace(component, arguments=arguments)


def _is_frozen_by_call(component: Component) -> bool:
    return component.group != GROUP and component.arguments.get("trainable") is False
