"""Checks nodes that name a class, in one of the four forms, and their arguments."""

from collections.abc import Mapping
from typing import Any

from nnrun.config.catalogue import Argument, Entry
from nnrun.config.components import Component, is_import_path, looks_like_class
from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.habits import about_argument, about_name
from nnrun.config.kind import INVALID
from nnrun.config.kinds import Anything, duration_of
from nnrun.config.merging import FIRST_ARGUMENT
from nnrun.config.nested_kinds import ArgumentsOf, ComponentOf
from nnrun.config.options import component_option, keys_of, options_of
from nnrun.config.python_calls import in_yaml, whole_call
from nnrun.config.reader import MappingNode, Node, ScalarNode, plain_value
from nnrun.config.reporting import Reporter
from nnrun.config.wording import first_of, group_noun, quoted
from nnrun.errors import Place

_GIVEN_BY_CONTEXT = dict.fromkeys(("schedule", "schedule.Warmup.then"), "initial_learning_rate")
"""Required arguments that nnrun fills in itself, by the option of the component."""
_EXAMPLES = ("Adam", "Dense")
"""Classes that hints prefer to others with the same argument."""
_FEW = 20
"""Groups with at most this many names are listed in full if a name is unknown."""
_MOST_MEANT = 20
"""The most unknown arguments that are considered as misspellings of a missing one."""

_Named = tuple[str, Place, Node | None]
"""The name of a class, its position, and the node with its arguments."""


def check_component(checker: Reporter, kind: ComponentOf, node: Node, path: str) -> Any:
    """The component that a node declares, or INVALID after noting problems."""
    named = _named(checker, kind, node, path)
    if named is None:
        return INVALID
    name, place, arguments = named
    if ":" in name:
        return _users_own(checker, kind.groups[0], named, path)
    entry = _find(checker, kind, named, path)
    if entry is None:
        return INVALID
    path = f"{path}.{name}"
    values = _arguments(checker, entry, arguments, place, path)
    if values is INVALID:
        return INVALID
    # Keras makes more of an alias than of its class: it names metrics by it, and finds the kind
    # of accuracy that fits. So an alias stays one unless it has arguments.
    stays_alias = entry.alias and not values and entry.group != "optimizers"
    if stays_alias:
        return Component(name, entry.group, None, {}, place, path)
    return Component(entry.name, entry.group, entry.module, values, place, path)


def take_component(
    checker: Reporter, section: type, node: Node, path: str
) -> tuple[Node, dict[str, Any]]:
    """Split a section into the component under its class name, and its other entries.

    Args:
        checker: Collects the problems.
        section: The section's dataclass, which has an option for such a component.
        node: The section as written.
        path: Its path.
    """
    options, holder = keys_of(section), component_option(section)
    if isinstance(node, ScalarNode) and isinstance(
        node.value, str
    ):  # a class and nothing beside it
        bare = ScalarNode(None, node.place)
        node = MappingNode({node.value: bare}, node.place, {node.value: node.place})
    if not isinstance(node, MappingNode):
        return node, {}
    classes = [key for key in node.entries if key not in options and looks_like_class(key)]
    rest = {key: item for key, item in node.entries.items() if key not in classes}
    others = MappingNode(rest, node.place, node.key_places)
    named = [*classes, *(["shared"] if "shared" in rest else [])]
    if len(named) > 1:
        message = f"{quoted(named[1])} is next to {quoted(named[0])}"
        hint = "keep one; each layer of a graph has a name of its own"
        checker.report(message, node.key_places[named[1]], path, hint)
    elif not named and rest.keys() <= options.keys():
        hint = f"as in `{path.rpartition('.')[2]}: {{Dense: 30, from: …}}`"
        checker.report("names no layer", node.place, path, hint)
    if holder is None or not classes or len(named) > 1:
        return others, {}
    (name,) = classes
    place = node.key_places[name]
    alone = MappingNode({name: node.entries[name]}, place, {name: place})
    kind = options_of(section)[holder].metadata["kind"]
    value = check_component(checker, kind, alone, path)
    return others, {} if value is INVALID else {holder: value}


def check_arguments_of(checker: Reporter, kind: ArgumentsOf, node: Node, path: str) -> Any:
    """Check a component named by its key, as `csv` in `csv: rows.csv`."""
    entry = checker.catalogue.find(kind.group, kind.name)
    if entry is None:
        raise LookupError(f"the catalogue has no {kind.name} among {kind.group}")
    values = _arguments(checker, entry, node, node.place, path)
    if values is INVALID:
        return INVALID
    return Component(kind.name, kind.group, entry.module, values, node.place, path)


def _named(checker: Reporter, kind: ComponentOf, node: Node, path: str) -> _Named | None:
    """The class that a node names, its position, and the node with its arguments."""
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
        return node.value, node.place, None
    if not isinstance(node, MappingNode) or not node.entries:
        checker.expected(kind, node, path)
        return None
    name, *others = node.entries
    if others:
        other, place = others[0], node.key_places[others[0]]
        message = f"{quoted(other)} is next to {quoted(name)}, not inside it"
        checker.report(message, place, path, _how_to_part(kind, name, other, place, path))
        return None
    return name, node.key_places[name], node.entries[name]


def _how_to_part(kind: ComponentOf, name: str, other: str, place: Place, path: str) -> str:
    if place.is_override:
        if looks_like_class(other):
            return f"to use another class: --set '{path}={{{other}: {{…}}}}'"
        return f"as in --set {path}.{name}.{other}=…"
    if "presets" in kind.groups:
        return "layers are a list: begin each with '- '"
    if looks_like_class(other):
        return "keep one of the two"
    return f"write {name}: {{{other}: …}}, or indent it deeper than '{name}'"


def _users_own(checker: Reporter, group: str, named: _Named, path: str) -> Any:
    name, place, arguments = named
    if not is_import_path(name):
        hint = "as in my_package.layers:Squash"
        return checker.report(f"{quoted(name)} is not an import path", place, path, hint)
    given = plain_value(arguments) if arguments is not None else {}
    if given is not None and not isinstance(given, Mapping):
        message = "a class of your own takes its arguments by name"
        where = arguments.place if arguments else place
        return checker.report(message, where, f"{path}.{name}", f"as in {name}: {{rate: 2}}")
    values = dict(given or {})
    if group == "schedules":  # whose lengths may be told in epochs, as those of Keras's
        values = {key: _length(value) for key, value in values.items()}
    return Component(name, group, None, values, place, f"{path}.{name}")


def _length(value: Any) -> Any:
    """A value of a schedule, with text such as "20 epochs" as a duration."""
    return (duration_of(value) if isinstance(value, str) else None) or value


def _find(checker: Reporter, kind: ComponentOf, named: _Named, path: str) -> Entry | None:
    name, place, arguments = named
    for group in kind.groups:
        entry = checker.catalogue.find(group, name)
        if entry is not None and not entry.refused:
            return entry
        if entry is not None:
            checker.report(f"{name} is not allowed here", place, path, entry.refused)
            return None
    hint = ""
    if checker.wants_hints:
        given = plain_value(arguments) if arguments is not None else None
        hint = (
            in_yaml(checker.catalogue, kind.groups, whole_call(name, place), path, given)
            or about_name(kind.groups, name)
            or _about_name(checker, kind, name)
        )
    checker.report(f"unknown {group_noun(kind.groups[0])} {quoted(name)}", place, path, hint)
    return None


def _about_name(checker: Reporter, kind: ComponentOf, name: str) -> str:
    """A hint: the name that was meant, or the group that this one belongs to."""
    catalogue = checker.catalogue
    names = [name for group in kind.groups for name in catalogue.names(group)]
    aliases = [alias for group in kind.groups for alias in catalogue.aliases(group)]
    near = nearest(name, [*aliases, *names] if name.islower() else [*names, *aliases])
    if near.casefold() != name.casefold():
        for group in catalogue.groups:
            if name not in catalogue.names(group) and name not in catalogue.aliases(group):
                continue
            what = f"'{name}' is {group_noun(group, article=True)}"
            if "presets" in kind.groups and group == "layers":
                return f"{what}; layers are a list: begin each with '- '"
            return f"{what}, as in `Activation: {name}`" if group == "activations" else what
    if near:
        return f"did you mean '{near}'?"
    for owner in (*_EXAMPLES, *names):
        entry = next((entry for g in kind.groups if (entry := catalogue.find(g, owner))), None)
        if entry is not None and name in entry.arguments:
            return f"name the class first, as in {owner}: {{{name}: …}}"
    if 0 < len(names) <= _FEW:
        return f"known: {', '.join(names)}"
    return "no class has this name; one of your own is written `module:Class`"


def _arguments(checker: Reporter, entry: Entry, node: Node | None, place: Place, path: str) -> Any:
    given = _by_name(entry, node)
    if given is None:
        message = f"{entry.name} takes no arguments"
        return checker.report(message, node.place if node else place, path)
    values: dict[str, Any] = {}
    for name, (item, key_place) in given.items():
        if name in entry.arguments:
            argument = entry.arguments[name]
            if not _is_left_to_default(argument, item):
                values[name] = _argument(checker, argument, item, f"{path}.{name}")
        elif entry.open:
            values[name] = checker.check(Anything(), item, f"{path}.{name}")
        else:
            hint = _about_argument(entry, name, item) if checker.wants_hints else ""
            values[name] = checker.report(f"unknown argument {quoted(name)}", key_place, path, hint)
    complete = _has_required(checker, entry, given, place, path)
    return values if complete and INVALID not in values.values() else INVALID


def _about_argument(entry: Entry, name: str, node: Node) -> str:
    """A hint: the argument that was meant, or what to write instead."""
    if name == "from":
        return f"write it next to the layer: `{{{entry.name}: …, from: …}}`"
    habit = about_argument(name, node)
    return habit or did_you_mean(name, entry.arguments) or f"known: {first_of(entry.arguments)}"


def _is_left_to_default(argument: Argument, node: Node) -> bool:
    """Whether the value is a null that resets an extended file's value."""
    empty = isinstance(node, ScalarNode) and node.value is None
    return empty and not argument.nullable and not argument.required


def _argument(checker: Reporter, argument: Argument, node: Node, path: str) -> Any:
    if argument.nullable and isinstance(node, ScalarNode):
        if node.value is None:
            return None
        if str(node.value).casefold() == "none":
            message = f"'{node.value}' is text in YAML"
            return checker.report(message, node.place, path, "write null")
    return checker.check(argument.kind, node, path)


def _by_name(entry: Entry, node: Node | None) -> dict[str, tuple[Node, Place]] | None:
    """The argument nodes by name, with the position of each name; None if the class takes none."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return {}
    first = next(iter(entry.arguments), None)
    if isinstance(node, MappingNode) and not _is_first_argument(entry, node):
        return {
            (first or key) if key == FIRST_ARGUMENT else key: (item, node.key_places[key])
            for key, item in node.entries.items()
        }
    return None if first is None else {first: (node, node.place)}


def _is_first_argument(entry: Entry, node: MappingNode) -> bool:
    """Whether a mapping is itself a component, as the Dense in `TimeDistributed: {Dense: 3}`."""
    first = next(iter(entry.arguments.values()), None)
    if first is None or not first.kind.component_groups or len(node.entries) != 1:
        return False
    (name,) = node.entries
    return name not in entry.arguments and looks_like_class(name)


def _has_required(
    checker: Reporter, entry: Entry, given: Mapping[str, Any], place: Place, path: str
) -> bool:
    """Whether all required arguments are given; misspelt ones are already reported."""
    by_context = _GIVEN_BY_CONTEXT.get(path.rpartition(".")[0])
    unknown = [name for name in given if name not in entry.arguments][:_MOST_MEANT]
    meant = {nearest(name, entry.arguments) for name in unknown}
    missing = [
        argument.name
        for argument in entry.arguments.values()
        if argument.required and argument.name not in {*given, *meant, by_context}
    ]
    for name in missing:
        hint = f"as in {entry.name}: {{{name}: …}}"
        checker.report(f"the argument '{name}' is missing", place, path, hint)
    return not missing
