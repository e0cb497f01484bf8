"""Checks nodes against the schema and the catalogue: checked values, or all problems at once."""

import dataclasses
from pathlib import Path
from typing import Any

from nnrun.config.advice import about_missing, about_unknown_key
from nnrun.config.catalogue import Catalogue
from nnrun.config.component_checking import check_arguments_of, check_component, take_component
from nnrun.config.diagnostics import nearest
from nnrun.config.kind import INVALID
from nnrun.config.nested_kinds import ArgumentsOf, ComponentOf, SectionOf, is_null
from nnrun.config.options import component_option, keys_of, options_of
from nnrun.config.reader import MappingNode, Node
from nnrun.config.reporting import MANY, Reporter
from nnrun.config.schema import Experiment
from nnrun.config.wording import quoted
from nnrun.errors import Place, Problem


class Checker(Reporter):
    """Checks nodes by their kinds."""

    def component(self, kind: ComponentOf, node: Node, path: str) -> Any:
        """See `check_component`."""
        return check_component(self, kind, node, path)

    def arguments(self, kind: ArgumentsOf, node: Node, path: str) -> Any:
        """See `check_arguments_of`."""
        return check_arguments_of(self, kind, node, path)

    def section(self, kind: SectionOf, node: Node, path: str) -> Any:
        """The section that a node declares; options with mistakes have their defaults."""
        declared, options = options_of(kind.type), keys_of(kind.type)
        values: dict[str, Any] = {}
        if component_option(kind.type):
            node, values = take_component(self, kind.type, node, path)
        if not isinstance(node, MappingNode):
            return self.expected(kind, node, path)
        for key, item in node.entries.items():
            below = f"{path}.{key}".lstrip(".")
            if key not in options:
                place = node.key_places[key]
                hint = about_unknown_key(kind.type, key, item) if self.wants_hints else ""
                self.problems.append(Problem(f"unknown key {quoted(key)}", place, path, hint))
            elif not is_null(item) or options[key].metadata["required"]:
                values[key] = self.check(options[key].metadata["kind"], item, below)
        values = {key: value for key, value in values.items() if value is not INVALID}
        unknown = [key for key in node.entries if key not in options][:MANY]
        absent = [name for name in options if name not in node.entries]
        meant = {nearest(key, absent) for key in unknown}
        self.doubtful.update(f"{path}.{name}".lstrip(".") for name in meant if name)
        for name in options:
            if options[name].metadata["required"] and name not in values:
                if name not in {*meant, *node.entries}:
                    self._report_missing(name, node, path)
                if isinstance(options[name].metadata["kind"], SectionOf):
                    values[name] = options[name].metadata["kind"].type()
        return kind.type(**{declared[name].name: value for name, value in values.items()})

    def _report_missing(self, name: str, node: MappingNode, path: str) -> None:
        if path:
            self.report(f"'{name}' is missing", node.place, path, about_missing(name))
            return
        self.report("is missing", Place(node.place.source), name, f"every config needs `{name}:`")


def check_experiment(
    tree: MappingNode, catalogue: Catalogue, folder: Path, default_name: str
) -> tuple[Experiment, list[Problem], set[str]]:
    """The experiment that a tree declares, and its problems.

    Values with mistakes are replaced by their defaults, so that the rest can still be checked;
    their paths are the third result.
    """
    checker = Checker(catalogue, folder)
    checker.places[""] = Place(tree.place.source)
    value: Experiment = checker.check(SectionOf(Experiment), tree, "")
    experiment = dataclasses.replace(value, name=value.name or default_name, places=checker.places)
    return experiment, checker.problems, checker.doubtful
