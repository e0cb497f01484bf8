"""The lines of a script that build a chain of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.config.adapting_layers import adapts
from nnrun.config.text_layers import text_nodes
from nnrun.export.script.expressions import Atom, Names, assign, call, input_call, layout, listed
from nnrun.export.script.label_scaling_lines import own_units
from nnrun.export.script.preprocessing_lines import preprocessing
from nnrun.export.script.transfer import take_over

if TYPE_CHECKING:
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components
    from nnrun.export.script.expressions import Expression
    from nnrun.models.network import Network


def chain_lines(
    prepared: Prepared, network: Network, components: Components, model: Any
) -> tuple[list[str], list[str]]:
    """The lines that measure the training rows, and those that define `model`.

    Args:
        prepared: The experiment with its data.
        network: Its network.
        components: Writes the layers.
        model: nnrun's own model; None where the config says all that is asked of it.
    """
    ((name, spec),), (output,) = prepared.splits.inputs.items(), prepared.splits.targets
    preparation, base = preprocessing(prepared, name), network.outline.base
    before = [*preparation.measured]
    taken: list[Expression] = []
    if base is not None:
        loaded, taken = take_over(prepared, base, components, model)
        before += loaded
    stack = _Stack([input_call(spec), *preparation.layers, *taken], before)
    read_before = text_nodes(network.outline) if model is None else ()
    nodes = [node for key, node in network.nodes.items() if key not in read_before]
    for layer in (part for node in nodes for part in node.parts):
        if adapts(layer):
            stack.adapt(layer.name, components.write(layer))
        else:
            stack.add(components.write(layer))
    for last in own_units(prepared, output):
        stack.add(last)
    return before, stack.finished()


class _Stack:
    """A Sequential model being written: a list of layers, and layers added one by one.

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
        """Add a layer that adapts to the training rows, as transformed by the layers before it."""
        variable = self._names.of(name)
        if len(self._layers) == 1:
            self._before += [assign(variable, layer), f"{variable}.adapt(X_train)"]
        else:
            self._lines = self.finished()
            self._lines += [assign(variable, layer), f"{variable}.adapt(model(X_train))"]
        self.add(Atom(variable))

    def finished(self) -> list[str]:
        """The lines that define the model."""
        return self._lines or [assign("model", call("keras.Sequential", listed(self._layers)))]
