"""`gallery.yaml`, next to the configs of a gallery: their order, seeds and published figures."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from nnrun.config.catalogue import load_catalogue
from nnrun.config.checking import Checker
from nnrun.config.kinds import Integer, Text
from nnrun.config.merging import read_text
from nnrun.config.nested_kinds import MapOf, SectionOf
from nnrun.config.options import option
from nnrun.config.reader import read_yaml
from nnrun.errors import ConfigError, Problem

SHEET = "gallery.yaml"
OTHERS = "Others"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class GalleryEntry:
    """The entry for one config."""

    material: str = option("The figure that the course material reports.", Text(), "")
    seeds: int = option(
        "Number of seeds, counting up from the config's own; the means are checked.",
        Integer(minimum=1, maximum=100),
        1,
    )


Sheet = Mapping[str, Mapping[str, GalleryEntry]]
"""Groups by title; in each, the configs by file name."""


def read_sheet(folder: Path) -> Sheet:
    """The sheet of a folder of configs; configs without a group come last.

    Args:
        folder: The folder. Without a sheet, all its configs are one group.

    Raises:
        ConfigError: The sheet has mistakes, or names a config twice or one that does not exist.
    """
    stems = {path.stem for path in folder.iterdir() if _is_config(path)}
    path = folder / SHEET
    groups: dict[str, Mapping[str, GalleryEntry]] = {}
    if path.is_file():
        groups = dict(_read(path, stems))
    named = {name for entries in groups.values() for name in entries}
    rest = {name: GalleryEntry() for name in sorted(stems - named)}
    return {**groups, OTHERS: {**groups.get(OTHERS, {}), **rest}} if rest else groups


def _is_config(path: Path) -> bool:
    return path.suffix in _SUFFIXES and path.name != SHEET and path.is_file()


def _read(path: Path, found: set[str]) -> Sheet:
    checker = Checker(load_catalogue(), path.parent)
    kind = MapOf(MapOf(SectionOf(GalleryEntry)))
    sheet: Sheet = checker.check(kind, read_yaml(read_text(path), str(path)), "")
    seen: set[str] = set()
    for title, entries in sheet.items() if not checker.problems else ():
        for name in entries:
            below = f".{title}.{name}"
            if name not in found:
                checker.report(f"there is no config {name}.yaml", checker.places[below], below[1:])
            if name in seen:
                checker.report("is in the gallery twice", checker.places[below], below[1:])
            seen.add(name)
    if checker.problems:
        raise ConfigError(list(map(_as_of_a_sheet, checker.problems)))
    return sheet


def _as_of_a_sheet(problem: Problem) -> Problem:
    """A problem, without hints that only concern the keys of configs."""
    hint = problem.hint
    if problem.message.startswith("unknown key"):
        hint = "known: " + ", ".join(item.name for item in fields(GalleryEntry))
    return replace(problem, path=problem.path.removeprefix("."), hint=hint)
