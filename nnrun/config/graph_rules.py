"""Rules for graphs: known names, no loops, nothing unused."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.graphs import Graph, GraphLayer
from nnrun.config.roles import Roles, roles_of
from nnrun.config.subject import Subject
from nnrun.config.tasks import predicts_input
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

JOINING = {
    "Add",
    "AdditiveAttention",
    "Attention",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
}
"""Layers of Keras that are applied to a list."""
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
FEWEST_JOINED = 2
MOST_SHOWN = 8
"""The most layers of a loop that are shown."""
MOST_MEANT = 20
"""The most unknown names for which a similar one is suggested."""


def graph(subject: Subject) -> Iterator[Problem]:
    """Problems with the connections of a graph."""
    declared = subject.experiment.outline
    if not declared.names_nodes:
        return
    yield from _names(subject, declared)
    yield from _lost(subject, declared)
    circle = find_circle(declared)
    if circle:
        shown = " → ".join(circle if len(circle) <= MOST_SHOWN else [*circle[:MOST_SHOWN], "…"])
        path = declared.path_of(circle[0])
        yield subject.problem(
            path, f"the layers form a loop: {shown}", "a layer comes from layers before it"
        )
    if not declared.outputs:
        hint = "as in `outputs: {price: {Dense: 1, from: hidden}}`"
        yield subject.problem("architecture", "the graph has no outputs", hint)
    else:
        yield from _unused(subject, declared)
    for name, node in declared.nodes.items():
        yield from _joins(subject, declared, name, node)


def _names(subject: Subject, declared: Graph) -> Iterator[Problem]:
    seen: set[str] = set()
    sections = {
        "inputs": declared.entries,
        "layers": declared.layers,
        "outputs": declared.outputs,
    }
    for section, names in sections.items():
        for name in names:
            path = f"architecture.{section}.{name}"
            if not re.fullmatch(NAME, name):
                message = (
                    f"the name {quoted(name)} has characters other than letters, digits, "
                    "'_', '.' and '-'"
                )
                yield subject.problem(path, message, "choose another name")
            elif name in seen:
                message = f"{quoted(name)} is already the name of something else"
                yield subject.problem(
                    path, message, "inputs, layers and outputs share one set of names"
                )
            seen.add(name)
    for name, node in declared.nodes.items():
        if node.layer is not None and "name" in node.layer.arguments:
            yield subject.problem_of(
                node.layer, f"the layer is called {quoted(name)} already", "leave `name` out",
                argument="name",
            )  # fmt: skip


def _lost(subject: Subject, declared: Graph) -> Iterator[Problem]:
    """Unknown names."""
    known = dict.fromkeys([*declared.entries, *declared.nodes])
    lost = 0
    for name, node in declared.nodes.items():
        path = declared.path_of(name)
        for index, source in enumerate(node.sources):
            if source not in known:
                lost += 1
                others = [other for other in known if other != name]
                near = did_you_mean(source, others) if lost <= MOST_MEANT else ""
                hint = near or f"known: {first_of(others, 12)}"
                where = f"{path}.from" + ("" if isinstance(node.from_, str) else f"[{index}]")
                message = f"there is no input or layer {quoted(source)}"
                yield subject.problem(where, message, hint)
        if node.shared is not None:
            yield from _lost_share(subject, declared, name, node.shared)


def _lost_share(subject: Subject, declared: Graph, name: str, shared: str) -> Iterator[Problem]:
    path = f"{declared.path_of(name)}.shared"
    own = [other for other, node in declared.nodes.items() if node.shared is None and other != name]
    node = declared.nodes.get(shared)
    if node is None or shared == name:
        hint = did_you_mean(shared, own) or f"layers: {first_of(own, 12)}"
        yield subject.problem(path, f"there is no other layer {quoted(shared)} to share", hint)
    elif node.shared is not None:
        message = f"{quoted(shared)} is itself shared"
        yield subject.problem(path, message, f"name the layer it shares: '{node.shared}'")


def find_circle(declared: Graph) -> list[str]:
    """A loop of names, each of which comes from the next; empty if there is none."""
    nodes = declared.nodes
    known = {name: [need for need in node.needs if need in nodes] for name, node in nodes.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        circle: list[str] = list(reversed(error.args[1]))[1:]
        first = circle.index(next(name for name in nodes if name in circle))
        return [*circle[first:], *circle[:first], circle[first]]
    return []


def _unused(subject: Subject, declared: Graph) -> Iterator[Problem]:
    named = {source for node in declared.nodes.values() for source in node.sources}
    known = dict.fromkeys([*declared.entries, *declared.nodes])
    lost = [source for source in named if source not in known][:MOST_MEANT]
    used = named | {nearest(source, known) for source in lost}
    shared = {node.shared for node in declared.nodes.values()}
    for name in declared.layers:
        if name not in used:
            message = f"the output of the layer {quoted(name)} is used by nothing"
            hint = "name it in a `from:`, or take the layer out"
            if name in shared:
                hint = "it is shared, but nothing uses its own output"
            yield subject.problem(declared.path_of(name), message, hint)
    for name in declared.inputs or {}:
        if name not in used:
            message = f"no layer takes the input {quoted(name)}"
            path = f"architecture.inputs.{name}"
            yield subject.problem(path, message, "name it in a `from:`, or take it out")


def _joins(subject: Subject, declared: Graph, name: str, node: GraphLayer) -> Iterator[Problem]:
    """Layers that join inputs have several; others have one."""
    if node.layer is None or node.from_ is None or node.layer.is_users_own:
        return
    path, number = f"{declared.path_of(name)}.from", len(node.sources)
    joins = node.layer.name in JOINING
    if joins and number < FEWEST_JOINED:
        message = f"{node.layer.name} joins several layers, and `from` names {number}"
        yield subject.problem(path, message, "list them, as in `from: [a, b]`")
    elif not joins and isinstance(node.from_, tuple) and number >= FEWEST_JOINED:
        message = f"{node.layer.name} takes one layer, and `from` names {number}"
        yield subject.problem(path, message, "join them first, with a `Concatenate` or an `Add`")


def graph_targets(subject: Subject) -> Iterator[Problem]:
    """Every output has a target that is not among its inputs."""
    experiment = subject.experiment
    if not experiment.outline.names_nodes:
        return
    roles = roles_of(experiment)
    yield from _aims(subject, roles)
    for name, features in roles.inputs.items():
        for column in features or ():
            if column in roles.predicted:
                where = f"architecture.inputs.{name}.features"
                message = f"the target {quoted(column)} is also a feature"
                yield subject.problem(where, message, "a model must not see what it predicts")
    if len(roles.aims) > 1 and experiment.training.class_weight is not None:
        message = "Keras can't weight classes in a model with several outputs"
        yield subject.problem(
            "training.class_weight", message, "leave it out; the outputs have a `weight:` each"
        )


def _aims(subject: Subject, roles: Roles) -> Iterator[Problem]:
    """Outputs without a target, or with an impossible one."""
    for name, aim in roles.aims.items():
        path = f"architecture.outputs.{name}"
        if aim.predicts_input and aim.input not in roles.inputs:
            hint = f"as in `target: {next(iter(roles.inputs))}`"
            if aim.input:
                hint = did_you_mean(aim.input, roles.inputs) or f"inputs: {first_of(roles.inputs)}"
            message = (
                f"there is no input {quoted(aim.input)}"
                if aim.input
                else "it does not say which input it reconstructs"
            )
            yield subject.problem(f"{path}.target", message, hint)
        elif aim.predicts_input and aim.input in roles.texts:
            message = f"{quoted(aim.input)} is text, which an autoencoder cannot reconstruct"
            yield subject.problem(path, message, "have it predict a column, or an input of numbers")
        elif not aim.predicts_input and not aim.columns and not subject.experiment.dataset.is_named:
            hint = "give it a `target:`, or set dataset.target for all outputs"
            yield subject.problem(path, "it does not say which column it predicts", hint)


def autoencoder(subject: Subject) -> Iterator[Problem]:
    """An autoencoder that is a list of layers predicts only its input."""
    dataset = subject.experiment.dataset
    if subject.experiment.outline.names_nodes or not predicts_input(dataset.task):
        return
    if dataset.targets:
        yield subject.problem(
            "dataset.target",
            "an autoencoder predicts its input, and no column",
            "leave it out; dataset.features says which columns go in",
        )
