"""The space of a search: what it varies, and the settings that it holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nnrun.config.domains import Answers, Ask, Choices, Domain, Filled, Parameter, all_values
from nnrun.errors import Place

Setting = Mapping[str, Any]
"""What a trial has in place of the config's own values: plain YAML values by dotted path."""


@dataclass(frozen=True)
class Dimension:
    """One thing that a search varies: the value at a path.

    Attributes:
        name: The path in the config.
        domain: The values.
        written: Its path within the section of the search.
        place: Where that is.
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
        """What a value of its domain sets."""
        return {self.name: value}

    def value_in(self, setting: Setting) -> Any:
        """The value of its domain in a setting."""
        return setting.get(self.name)

    def to_plain(self) -> Any:
        """How its values are written in a config."""
        return self.domain.to_plain()


@dataclass(frozen=True)
class Coupling(Dimension):
    """Values at several paths that belong together; its domain holds mappings from path to value."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it may set."""
        return coupled_paths(self.domain)

    def setting_of(self, value: Any) -> Setting:
        """The value itself: what it leaves out keeps the config's own value."""
        return dict(value)

    def value_in(self, setting: Setting) -> Any:
        """What the setting has at its paths."""
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
        """The number of settings; None where it is infinite."""
        return self._domain.size()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The questions whose answers make a setting, also those that only some settings ask."""
        return tuple(self._domain.parameters(""))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that a setting may set."""
        return tuple(path for dimension in self.dimensions for path in dimension.paths)

    def build(self, ask: Ask) -> Setting:
        """The setting that answers lead to.

        Args:
            ask: Gives an answer for each parameter that matters.
        """
        return self._setting(self._domain.build(ask, ""))

    def at(self, shares: Mapping[str, float]) -> Setting:
        """The setting at a point of the unit cube.

        Args:
            shares: A number from 0 up to 1 for each parameter, by its name.
        """
        return self.build(lambda parameter: parameter.domain.at(shares[parameter.name]))

    def answers(self, setting: Setting) -> Answers | None:
        """The answers that lead to a setting; None where it lies outside of the space."""
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
