"""The lines of a script that make a model of layers in a line."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nnrun.config.adapting import adapts
from nnrun.export.script.built import as_called, is_frozen_where_made
from nnrun.export.script.expressions import Atom, Names, assign, call, input_call, layout, listed
from nnrun.export.script.freezing import freezing_lines
from nnrun.export.script.label_scaling import own_units
from nnrun.export.script.preprocessing import preprocessing
from nnrun.export.script.transfer import take_over
from nnrun.models.network import Network

if TYPE_CHECKING:
    from nnrun.config.components import Component
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.components import Components
    from nnrun.export.script.expressions import Expression


def stack_lines(
    prepared: Prepared, components: Components, model: Any
) -> tuple[list[str], list[str]]:
    """The lines that look at the training rows, and those after which `model` is there.

    Args:
        prepared: The experiment with its data.
        components: Writes the layers.
        model: nnrun's own model; None where the config says all that is asked of it.
    """
    ((name, spec),) = prepared.splits.inputs.items()
    ((output, target),) = prepared.splits.targets.items()
    network = Network.of(prepared.experiment, prepared.splits.inputs, prepared.splits.targets)
    declared, base = network.components, network.outline.base
    preparation = preprocessing(prepared, name)
    before, first = [*preparation.measured], preparation.layers
    taken: list[Expression] = []
    if base is not None:
        loaded, taken = take_over(prepared, base, components, model)
        before += loaded
    written = []
    if model is not None:
        end = len(model.layers) - bool(target.scale)
        made = model.layers[end - len(declared) : end]
        written = [
            layer.name
            for one, layer in zip(declared, made, strict=True)
            if is_frozen_where_made(one)
        ]
        declared = [as_called(one, layer) for one, layer in zip(declared, made, strict=True)]
        if taken:
            declared = [_named(one, layer.name) for one, layer in zip(declared, made, strict=True)]
    elif spec.text:
        del declared[0]  # what stands in for the layer that has read the text
    stack = _Stack([input_call(spec), *first, *taken], before)
    for layer in declared:
        if adapts(layer):
            stack.adapt(layer.name, components.write(layer))
        else:
            stack.add(components.write(layer))
    for last in own_units(prepared, output):
        stack.add(last)
    lines = stack.finished()
    if model is not None:
        lines += freezing_lines(model, written=written)
    return before, lines


def _named(component: Component, name: str) -> Component:
    """A layer of Keras with a name that no layer has which was taken over."""
    if component.is_users_own or "name" in component.arguments:
        return component
    return dataclasses.replace(component, arguments={**component.arguments, "name": name})


class _Stack:
    """A Sequential model as it is written: a list of layers, and what is added to it one by one.

    Args:
        layers: The first layers.
        before: Where lines are added that come before the model.
    """

    def __init__(self, layers: list[Expression], before: list[str]) -> None:
        self._layers, self._before = layers, before
        self._lines: list[str] = []
        self._names = Names()

    def add(self, layer: Expression) -> None:
        """Add a layer."""
        if self._lines:
            self._lines.append(layout(call("model.add", layer)))
        else:
            self._layers.append(layer)

    def adapt(self, name: str, layer: Expression) -> None:
        """Add a layer that adapts to the training rows, as the layers before it hand them on."""
        variable = self._names.of(name)
        if len(self._layers) == 1:
            self._before += [assign(variable, layer), f"{variable}.adapt(X_train)"]
        else:
            self._lines = self.finished()
            self._lines += [assign(variable, layer), f"{variable}.adapt(model(X_train))"]
        self.add(Atom(variable))

    def finished(self) -> list[str]:
        """The lines after which the model is there."""
        return self._lines or [assign("model", call("keras.Sequential", listed(self._layers)))]
