"""The arguments of classes, read from `catalogue.json` without importing Keras.

`python -m nnrun.cataloguing` writes the file for one version of Keras. If another version is
installed, a file for it is generated once, in the user's cache.
"""

import functools
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnrun import __version__
from nnrun.caching import cache_root
from nnrun.config.facts import DataFacts
from nnrun.config.kind import Kind
from nnrun.config.kinds import Anything, Boolean, FilePath, Integer, Number, Steps, Text
from nnrun.config.modes import Mode
from nnrun.config.nested_kinds import ComponentOf, ListOf, OneOf

PACKAGED = Path(__file__).with_name("catalogue.json")
GENERATION_SECONDS = 300

_SIMPLE_KINDS: dict[str, Kind] = {
    "any": Anything(),
    "boolean": Boolean(),
    "file": FilePath(),
    "fraction": Number(minimum=0.0, below=1.0),
    "integer": Integer(),
    "magnitude": Number(minimum=0.0),
    "number": Number(),
    "steps": Steps(),
    "text": Text(),
}

_CHOSEN_BY_KERAS: Mapping[str, Mode] = {
    "accuracy": "max",
    "acc": "max",
    "crossentropy": "min",
    "ce": "min",
}
"""Metrics without a class: Keras chooses one when it sees the shapes."""


@dataclass(frozen=True)
class Argument:
    """One argument of a component.

    Attributes:
        name: Its name in Keras.
        kind: The values it takes.
        required: Whether it must be given.
        default: Its default; None if JSON cannot represent it.
        nullable: Whether it may be null.
        doc: What it means, in a sentence.
    """

    name: str
    kind: Kind
    required: bool
    default: Any
    nullable: bool
    doc: str


@dataclass(frozen=True)
class Entry:
    """A class, or an alias without a class, for use in a config.

    Attributes:
        name: The name of the class in configs, or of an alias without a class.
        group: The group it was looked up in, such as `layers`.
        module: The module of the class; empty for an alias without a class.
        summary: What it is, in a line.
        arguments: Its arguments in order; the first one is set by `Dropout: 0.5`.
        open: Whether it takes further arguments with any name.
        refused: Why it can't be used in a config; empty if it can.
        alias: The alias that was looked up; empty for a class by its own name.
        recorded_as: The name under which Keras records it (metrics only).
        mode: Whether low or high values are best, according to Keras's object; None if unknown
            (metrics only).
    """

    name: str
    group: str
    module: str = ""
    summary: str = ""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    open: bool = False
    refused: str = ""
    alias: str = ""
    recorded_as: str = ""
    mode: Mode | None = None


@dataclass(frozen=True)
class NamedData:
    """A data set for use in a config.

    Attributes:
        name: Its name.
        title: What it is, in a line.
        facts: What checks need to know about its rows.
        features: The names of its columns; empty for images.
    """

    name: str
    title: str
    facts: DataFacts
    features: tuple[str, ...]


class Catalogue:
    """Every component and data set by name; entries are read from the JSON on demand."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._found: dict[tuple[str, str], Entry | None] = {}

    @property
    def keras_version(self) -> str:
        """The version of Keras that the catalogue describes."""
        return str(self._content["keras"])

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of components."""
        return tuple(self._content["components"])

    @property
    def dataset_names(self) -> tuple[str, ...]:
        """The names of the data sets, sorted."""
        return tuple(self._content["datasets"])

    def names(self, group: str) -> tuple[str, ...]:
        """The names of a group's classes, sorted; without aliases and refused classes."""
        return tuple(self._content["components"].get(group, ()))

    def aliases(self, group: str) -> Mapping[str, str | None]:
        """Other names and the class that each means; None if Keras has no class for it."""
        aliases: Mapping[str, str | None] = self._content["aliases"].get(group, {})
        return aliases

    def find(self, group: str, name: str) -> Entry | None:
        """The class or alias of this name in a group, even a refused one; None for an unknown name."""
        if (group, name) not in self._found:
            self._found[group, name] = self._read(group, name)
        return self._found[group, name]

    def dataset(self, name: str) -> NamedData | None:
        """The data set of this name."""
        raw = self._content["datasets"].get(name)
        if raw is None:
            return None
        facts: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in raw["facts"].items()
        }
        return NamedData(name, raw["title"], DataFacts(**facts), tuple(raw["features"]))

    def _read(self, group: str, name: str) -> Entry | None:
        aliases = self.aliases(group)
        own_name = aliases.get(name, name)
        if own_name is None:
            return Entry(name, group, alias=name, mode=_CHOSEN_BY_KERAS.get(name))
        raw = self._content["components"].get(group, {}).get(own_name)
        if raw is None:
            return self._refused(group, own_name)
        return Entry(
            name=own_name,
            group=group,
            module=raw["module"],
            summary=raw["summary"],
            arguments={key: _argument(key, value) for key, value in raw["arguments"].items()},
            open=raw.get("open", False),
            alias=name if name in aliases else "",
            recorded_as=raw.get("recorded_as", ""),
            mode=raw.get("mode"),
        )

    def _refused(self, group: str, name: str) -> Entry | None:
        """A refused class, also by its name in lower case."""
        for own_name, reason in self._content["refused"].get(group, {}).items():
            if name in (own_name, own_name.lower()):
                return Entry(own_name, group, refused=reason)
        return None


def _argument(name: str, raw: Mapping[str, Any]) -> Argument:
    return Argument(
        name=name,
        kind=parse_kind(raw["kind"]),
        required=raw["required"],
        default=raw.get("default"),
        nullable=raw.get("nullable", False),
        doc=raw["doc"],
    )


@functools.cache
def parse_kind(text: str) -> Kind:
    """Parse a kind as written in the catalogue.

    >>> parse_kind("number|component:schedules")
    OneOf(kinds=(Number(minimum=None, maximum=None, above=None, below=None), ComponentOf(groups=('schedules',))))
    """
    head, _, rest = text.partition(":")
    if head == "choice":
        return Text(choices=tuple(rest.split("|")))
    if "|" in text:
        return OneOf(tuple(parse_kind(part) for part in text.split("|")))
    if head == "list":
        return ListOf(parse_kind(rest))
    if head == "component":
        return ComponentOf((rest,))
    return _SIMPLE_KINDS[text]


def installed_keras() -> str | None:
    """The version of the installed Keras, from the name of its `dist-info` folder.

    `importlib.metadata` has it too, but takes 20 ms to import.
    """
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        return None
    site_packages = Path(spec.origin).parent.parent
    folder = next(site_packages.glob("keras-*.dist-info"), None)
    return folder.name.removeprefix("keras-").removesuffix(".dist-info") if folder else None


@functools.cache
def load_catalogue() -> Catalogue:
    """Load the catalogue of the installed Keras, or the packaged one if that can't be created."""
    packaged = _read_file(PACKAGED)
    version = installed_keras()
    if packaged is not None and version in (None, packaged.keras_version):
        return packaged
    cached = _cache_file(version or "none")
    catalogue = _read_file(cached)
    if catalogue is None and _generate(cached, version or "none"):
        catalogue = _read_file(cached)
    if catalogue is None:
        catalogue = packaged
    if catalogue is None:
        message = f"{PACKAGED} is missing or damaged, and creating it again failed."
        raise RuntimeError(message)
    return catalogue


def _read_file(path: Path) -> Catalogue | None:
    try:
        return Catalogue(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return None


def _cache_file(keras_version: str) -> Path:
    return cache_root() / f"catalogue-{keras_version}-{__version__}.json"


def _generate(path: Path, keras_version: str) -> bool:
    import subprocess

    sys.stderr.write(f"nnrun: reading the classes of Keras {keras_version}; this happens once.\n")
    # Not from where the user stands (-P): a file there may be called like a module.
    command = [sys.executable, "-P", "-m", "nnrun.cataloguing", "--output", str(path)]
    home = str(Path(__file__).parents[2])
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH")))),
    }
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, timeout=GENERATION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
