"""The space of a search: what it varies, and its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nnrun.config.domains import Answers, Ask, Choices, Domain, Filled, Parameter, all_values
from nnrun.errors import Place

Setting = Mapping[str, Any]
"""The values that replace the config's own in a trial: plain YAML values by dotted path."""


@dataclass(frozen=True)
class Dimension:
    """One dimension of a search: the value at a path.

    Attributes:
        name: The path in the config.
        domain: The values.
        written: Its path within the section of the search.
        place: Where it was written.
    """

    name: str
    domain: Domain
    written: str = field(default="", compare=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it may set."""
        return (self.name,)

    def setting_of(self, value: Any) -> Setting:
        """The setting for a value of its domain."""
        return {self.name: value}

    def value_in(self, setting: Setting) -> Any:
        """The value of its domain in a setting."""
        return setting.get(self.name)

    def to_plain(self) -> Any:
        """How its values are written in a config."""
        return self.domain.to_plain()


@dataclass(frozen=True)
class Coupling(Dimension):
    """Values at several paths that belong together; its domain maps paths to values."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it may set."""
        return coupled_paths(self.domain)

    def setting_of(self, value: Any) -> Setting:
        """The value itself; omitted paths keep the config's own values."""
        return dict(value)

    def value_in(self, setting: Setting) -> Any:
        """The values of a setting at its paths."""
        return {path: setting[path] for path in self.paths if path in setting}


def coupled_paths(domain: Domain) -> tuple[str, ...]:
    """The paths that any entry of a choice between mappings sets."""
    entries = domain.entries if isinstance(domain, Choices) else (domain,)
    parts = [entry.parts for entry in entries if isinstance(entry, Filled)]
    return tuple(dict.fromkeys(str(path) for part in parts for path in part))


@dataclass(frozen=True)
class Space:
    """All settings that a search may try."""

    dimensions: tuple[Dimension, ...] = ()

    @cached_property
    def _domain(self) -> Filled:
        return Filled({dimension.name: dimension.domain for dimension in self.dimensions})

    @cached_property
    def size(self) -> int | None:
        """The number of settings; None if infinite."""
        return self._domain.size()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters of a setting, including those that only some settings need."""
        return tuple(self._domain.parameters(""))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that a setting can set."""
        return tuple(path for dimension in self.dimensions for path in dimension.paths)

    def build(self, ask: Ask) -> Setting:
        """Build a setting from answers.

        Args:
            ask: Returns an answer for each parameter that matters.
        """
        return self._setting(self._domain.build(ask, ""))

    def at(self, shares: Mapping[str, float]) -> Setting:
        """The setting at a point of the unit cube.

        Args:
            shares: A number in [0, 1) for each parameter, by name.
        """
        return self.build(lambda parameter: parameter.domain.at(shares[parameter.name]))

    def answers(self, setting: Setting) -> Answers | None:
        """The answers that produce a setting; None if it is outside the space."""
        if not set(setting) <= set(self.paths):
            return None
        values = {dimension.name: dimension.value_in(setting) for dimension in self.dimensions}
        return self._domain.answers(values, "")

    def settings(self) -> Iterator[Setting]:
        """All settings of a finite space, the last dimension changing fastest."""
        return map(self._setting, all_values(self._domain, ""))

    def _setting(self, values: Mapping[str, Any]) -> Setting:
        setting: dict[str, Any] = {}
        for dimension in self.dimensions:
            setting |= dimension.setting_of(values[dimension.name])
        return setting
