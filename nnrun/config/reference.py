"""The config language as a Markdown page, derived from the schema and the catalogue."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field
from typing import Any

from nnrun.config.catalogue import Argument, Catalogue, Entry
from nnrun.config.components import Component
from nnrun.config.options import options_of
from nnrun.config.schema import Experiment

OWN_PACKAGE = "nnrun."
"""The prefix of nnrun's modules, whose classes' arguments are documented here."""

_OPENING = """\
# Config reference

A config is one YAML file that declares one experiment. Every option is listed below with its type,
its default and its meaning. Only `dataset` and `architecture` are required.

- Scalars are read as YAML 1.2 reads them: `1e-4` is a number; `yes`, `no`, `on` and `off` are text;
  `true` and `false` are truth values. The same key twice in one mapping is an error.
- An option that is left empty (`null`) has its default value.
- File names are relative to the folder of the config you run.
- `extends: base.yaml` at the top level builds on another file: mappings are merged key by key; a list, or
  a component of another class, replaces the one in that file.
- `--set KEY=VALUE` changes any value from the command line. The key is the path to the option, with
  dots: `training.epochs`, `architecture.1.Dense.units`.
"""

_COMPONENTS = """\
## Components

Layers, optimizers, losses, metrics, callbacks and the like are *components*: a Keras class by its
own name, with the names of Keras's own arguments. There are four ways to write one.

| form | example | meaning |
|---|---|---|
| a name | `Flatten` | the class without arguments |
| a name and its arguments | `Dense: {units: 300, activation: relu}` | the arguments by name |
| a name and one value | `Dropout: 0.5` | the value is the first argument |
| an import path | `my_layers:Squash: {rate: 2}` | a class of your own from `my_layers.py`, next to the config or in the environment |

An argument can be a component itself, as in `kernel_regularizer: {L2: 0.001}`. An argument that Keras
counts in training steps can also be given in epochs, such as `20 epochs`. Keras's documentation of a class
explains its arguments; nnrun checks their names and types before anything runs. A class that needs a Python
function, such as `Lambda`, is refused, with the reason.
"""


def config_reference(catalogue: Catalogue) -> str:
    """The whole page, from the sections of a config to its classes."""
    blocks = [_OPENING.rstrip(), *_sections(), _COMPONENTS.rstrip(), *_groups(catalogue)]
    return "\n\n".join(blocks) + "\n"


def _code(text: str) -> str:
    return f"`{text}`"


def default_in_words(item: Field[Any]) -> str:
    """The default of an option, as written in a config or in words."""
    metadata = item.metadata
    if metadata["required"]:
        return "**required**"
    if metadata["default_says"]:
        return str(metadata["default_says"])
    if item.default_factory is MISSING:
        return _value_in_words(item.default)
    default = item.default_factory()
    if isinstance(default, Component):
        return _code(default.name)
    return "those of its options" if default else "none"


def _value_in_words(value: Any) -> str:
    if value is None or value == ():
        return "none"
    return _code(value if isinstance(value, str) else json.dumps(value))


def _sections(section: type = Experiment, path: str = "") -> Iterator[str]:
    """The text for a section, followed by those of its inner sections."""
    heading = "#" * (2 + path.count(".")) if path else "##"
    title = f"`{path}`" if path else "Top level"
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    inner: list[tuple[str, type]] = []
    for name, item in options_of(section).items():
        below = f"{path}.{name}" if path else name
        rows.append(_option_row(name, item, below))
        inner += [(below, nested) for nested in item.metadata["kind"].sections]
    yield f"{heading} {title}\n\n{_told(section)}\n\n" + "\n".join(rows)
    for below, nested in inner:
        yield from _sections(nested, below)


def _told(section: type) -> str:
    if section is Experiment:
        return "Everything that one experiment declares."
    return (section.__doc__ or "").strip().splitlines()[0]


def _option_row(name: str, item: Field[Any], path: str) -> str:
    words = item.metadata["kind"].markdown()
    if item.metadata["kind"].sections:
        before, _, after = words.rpartition("a mapping")
        words = f"{before}[a mapping](#{path.replace('.', '')}){after}"
    shown = "*the class of a layer*" if item.metadata["by_class"] else f"`{name}`"
    return _row(shown, words, default_in_words(item), item.metadata["doc"])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _groups(catalogue: Catalogue) -> Iterator[str]:
    """The classes of every group: Keras's by name, nnrun's own with their arguments."""
    yield (
        "## Classes by group\n\n"
        f"The names are those of Keras {catalogue.keras_version}; with another version installed, its "
        "own classes are known instead."
    )
    for group in catalogue.groups:
        yield _group(catalogue, group)


def _group(catalogue: Catalogue, group: str) -> str:
    entries = [entry for name in catalogue.names(group) if (entry := catalogue.find(group, name))]
    own = [entry for entry in entries if entry.module.startswith(OWN_PACKAGE)]
    blocks = [f"### {group}"]
    by_module: dict[str, list[str]] = {}
    for entry in entries:
        if entry not in own:
            by_module.setdefault(entry.module, []).append(f"`{entry.name}`")
    for module, names in by_module.items():
        blocks.append(f"From `{module}`: {', '.join(names)}.")
    aliases = ", ".join(_alias(name, stands) for name, stands in catalogue.aliases(group).items())
    if aliases:
        blocks.append(f"Other names that Keras gives them: {aliases}.")
    blocks += [_own_class(entry) for entry in own]
    if not entries:
        blocks.append("Only those of your own, by their import paths.")
    return "\n\n".join(blocks)


def _alias(name: str, stands_for: str | None) -> str:
    return f"`{name}` ({stands_for})" if stands_for else f"`{name}`"


def _own_class(entry: Entry) -> str:
    text = f"**`{entry.name}`** (nnrun's own). {entry.summary}"
    if not entry.arguments:
        return text
    rows = [_argument_row(argument) for argument in entry.arguments.values()]
    head = ["| argument | type | default | meaning |", "|---|---|---|---|"]
    return f"{text}\n\n" + "\n".join([*head, *rows])


def _argument_row(argument: Argument) -> str:
    default = "**required**" if argument.required else _value_in_words(argument.default)
    return _row(f"`{argument.name}`", argument.kind.markdown(), default, argument.doc)
