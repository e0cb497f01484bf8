"""The lines of a script that make a graph of layers with names (Keras's Functional API)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnrun.config.text_layers import text_nodes
from nnrun.export.script.expressions import (
    Bracketed,
    Item,
    assign,
    call,
    double_quoted,
    identifier,
    input_call,
    layout,
)
from nnrun.export.script.label_scaling_lines import own_units
from nnrun.export.script.preprocessing_lines import preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.graphs import From
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components
    from nnrun.export.script.expressions import Expression
    from nnrun.models.network import Network

_TAKEN = {
    "X", "y", "X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test", "callbacks",
    "class_weight", "classes", "counts", "epochs", "high", "history", "keras", "labels", "layer",
    "loss", "low", "mean", "model", "np", "offset", "optimizer", "order", "pd", "plt", "read",
    "rows", "rows_of", "sample_weight", "sample_weight_test", "sample_weight_train",
    "sample_weight_valid", "scale", "scaled", "schedule", "select", "taken", "test", "tf", "train",
    "valid", "variance", "width",
}  # fmt: skip
"""What else a script calls things."""


def graph_lines(
    prepared: Prepared, network: Network, components: Components
) -> tuple[list[str], list[str]]:
    """The lines that measure the training rows, and those after which `model` is there.

    Args:
        prepared: The experiment with its data.
        network: Its network.
        components: Writes the layers.
    """
    inputs, graph = prepared.splits.inputs, network.outline
    variables = {name: _variable(name) for name in (*inputs, *graph.nodes)}
    raw = {name: variables[name] for name in inputs}
    measured, lines = _input_lines(prepared, variables)
    made: dict[str, str] = {}
    readers, shared = text_nodes(graph), {node.shared for node in graph.nodes.values()}
    for name in network.nodes:
        node = graph.nodes[name]
        sources = _sources(node.from_, variables)
        target = variables[name]
        if name in readers:  # its text has been read before
            variables[name] = sources
            continue
        if node.shared is not None:
            lines.append(f"{target} = {made[node.shared]}({sources})")
            continue
        written = [components.write(part) for part in network.parts_of(name)]
        if name in shared:
            made[name] = f"{target}_layer"
            lines.append(assign(made[name], _chained(written)))
            lines.append(f"{target} = {made[name]}({sources})")
            continue
        for layer in written:
            lines.append(_applied(target, layer, sources))
            sources = target
    for name in graph.outputs:
        for layer in own_units(prepared, name):
            lines.append(_applied(variables[name], layer, variables[name]))
    ends = (_named_tensors(raw), _named_tensors({name: variables[name] for name in graph.outputs}))
    lines.append(assign("model", call("keras.Model", *ends)))
    return measured, lines


def _input_lines(prepared: Prepared, variables: dict[str, str]) -> tuple[list[str], list[str]]:
    """The lines that measure the training rows, and those that make the inputs and prepare them.

    Args:
        prepared: The experiment with its data.
        variables: The variables by name; those of inputs become what is prepared of them.
    """
    inputs = prepared.splits.inputs
    measured: list[str] = []
    lines = [assign(variables[name], input_call(spec, name)) for name, spec in inputs.items()]
    for name in inputs:
        preparation = preprocessing(prepared, name)
        measured += preparation.measured
        made = f"{variables[name]}_prepared"
        for layer in preparation.layers:
            lines.append(_applied(made, layer, variables[name]))
            variables[name] = made
    return measured, lines


def _chained(layers: Sequence[Expression]) -> Expression:
    """Layers that are applied together: one, or a stack of several."""
    if len(layers) == 1:
        return layers[0]
    items = tuple(Item(layer) for layer in layers)
    return call("keras.Sequential", Bracketed("[", items, "]"))


def _applied(target: str, layer: Expression, sources: str) -> str:
    """`target = layer(sources)`."""
    made = layout(layer, column=len(target) + 3, tail=len(sources) + 2)
    return f"{target} = {made}({sources})"


def _sources(given: From, variables: Mapping[str, str]) -> str:
    if isinstance(given, Mapping):
        return ", ".join(f"{key}={variables[name]}" for key, name in given.items())
    if isinstance(given, str):
        return variables[given]
    return f"[{', '.join(variables[name] for name in given or ())}]"


def _named_tensors(tensors: Mapping[str, str]) -> str:
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    return (
        "{"
        + ", ".join(f"{double_quoted(name)}: {tensor}" for name, tensor in tensors.items())
        + "}"
    )


def _variable(name: str) -> str:
    """The name of a layer as that of a variable which nothing else has.

    >>> _variable("hidden-1"), _variable("mean")
    ('hidden_1', 'mean_')
    """
    plain = identifier(name)
    return f"{plain}_" if plain in _TAKEN else plain
