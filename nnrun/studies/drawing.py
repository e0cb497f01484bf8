"""Draws the settings of a search: all in order, at random, evenly, or by a learning method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.search import GRID, RANDOM, SOBOL
from nnrun.config.writer import write_flow
from nnrun.studies.method import random_for
from nnrun.studies.sobol import sobol_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnrun.config.space import Setting, Space
    from nnrun.studies.method import Method, Result

MOST_DRAWS = 100
"""How often a setting is drawn anew that was tried before, or is no config."""


class Unlearned:
    """A method that ignores results."""

    def learn(self, number: int, setting: Setting, result: Result) -> None:
        """Learn nothing."""


class Grid(Unlearned):
    """All settings in order, the last dimension changing fastest."""

    def __init__(self, space: Space) -> None:
        self._settings = space.settings()

    def draw(self, number: int, attempt: int) -> Setting | None:
        """The next setting."""
        return next(self._settings, None)


class Chance(Unlearned):
    """Independent random settings."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed

    def draw(self, number: int, attempt: int) -> Setting | None:
        """A random setting."""
        random = random_for(self._seed, number, attempt)
        return self._space.build(lambda parameter: parameter.domain.at(random.random()))


class Even(Unlearned):
    """Settings spread evenly over the space by a Sobol sequence."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._names = [parameter.name for parameter in space.parameters]
        self._points = sobol_points(len(self._names), seed)

    def draw(self, number: int, attempt: int) -> Setting | None:
        """The next setting."""
        return self._space.at(dict(zip(self._names, next(self._points), strict=True)))


def method_of(name: str, space: Space, seed: int) -> Method:
    """The method of a search by its name.

    Raises:
        UserError: It needs a package that is not installed.
    """
    if name == GRID:
        return Grid(space)
    if name == RANDOM:
        return Chance(space, seed)
    if name == SOBOL:
        return Even(space, seed)
    from nnrun.studies.optuna_methods import Learning

    return Learning(name, space, seed)


class NewSettings:
    """Draws settings by a method, none twice, and none that is no config.

    Args:
        space: The space.
        method: The method that draws.
        is_config: Whether a setting is one that can be trained: each of its values is, but two of
            them may contradict each other.

    Attributes:
        refused: How many settings were no config.
    """

    def __init__(
        self,
        space: Space,
        method: Method,
        is_config: Callable[[Setting], bool] = lambda _: True,
    ) -> None:
        self.refused = 0
        self._space, self._method, self._is_config = space, method, is_config
        self._seen: set[str] = set()

    def take(self, setting: Setting) -> bool:
        """Note a setting; whether it is new, and a config."""
        key = write_flow(dict(setting))
        is_new = key not in self._seen
        self._seen.add(key)
        if is_new and not self._is_config(setting):
            self.refused += 1
            return False
        return is_new

    def draw(self, number: int) -> Setting | None:
        """A new setting for a trial; None if the space has no more."""
        for attempt in range(MOST_DRAWS):
            setting = self._method.draw(number, attempt)
            if setting is None or self.take(setting):
                return setting
        rest = self._space.settings() if self._space.size is not None else iter(())
        return next(filter(self.take, rest), None)

    def learn(self, number: int, setting: Setting, result: Result) -> None:
        """Pass the result of a trial to the method."""
        self._method.learn(number, setting, result)
