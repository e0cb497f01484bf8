"""Search methods that learn from earlier trials, by Optuna."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from nnrun.config.domains import Choices
from nnrun.config.search import CMAES, GP, TPE
from nnrun.errors import UserError
from nnrun.studies.method import random_for

if TYPE_CHECKING:
    from types import ModuleType

    from nnrun.config.domains import Answer, Parameter
    from nnrun.config.space import Setting, Space
    from nnrun.studies.method import Result

_PACKAGES = {TPE: ("optuna",), CMAES: ("optuna", "cmaes"), GP: ("optuna", "scipy", "torch")}
_EXTRAS = {TPE: "search", CMAES: "search", GP: "search-gp"}


class Learning:
    """Draws settings by one of Optuna's samplers.

    An Optuna study in memory holds the results. Every draw uses a new sampler with its own seed, so
    that a draw depends only on these results, the seed and its number.

    Args:
        method: `tpe`, `gp` or `cmaes`.
        space: The space.
        seed: The seed of the search.

    Raises:
        UserError: A package is not installed.
    """

    def __init__(self, method: str, space: Space, seed: int) -> None:
        self._optuna = _import_optuna(method)
        self._method, self._space, self._seed = method, space, seed
        self._states = self._optuna.trial.TrialState
        self._study = self._optuna.create_study()
        self._open: dict[int, tuple[Any, Setting]] = {}
        self._worst: float | None = None

    def draw(self, number: int, attempt: int) -> Setting | None:
        """The most promising setting by the results so far."""
        self._close(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            seed = random_for(self._seed, number, attempt).getrandbits(32)
            self._study.sampler = _sampler(self._optuna, self._method, seed)
            trial = self._study.ask()
            setting = self._space.build(lambda parameter: _suggested(trial, parameter))
        self._open[number] = trial, setting
        return setting

    def _close(self, number: int) -> None:
        """Discard a drawn setting that was tried before."""
        if number in self._open:
            trial, _ = self._open.pop(number)
            self._study.tell(trial, state=self._states.FAIL)

    def learn(self, number: int, setting: Setting, result: Result) -> None:
        """Learn a result; a setting outside the space is ignored."""
        if result.value is not None:
            self._worst = max(result.value, self._worst or result.value)
        trial, drawn = self._open.get(number, (None, None))
        if trial is None or drawn != setting:
            self._close(number)
            trial = self._entered(setting)
        if trial is not None:
            self._open.pop(number, None)
            self._tell(trial, result)

    def _entered(self, setting: Setting) -> Any:
        """Add a trial with a setting that was not drawn here; None if it is outside the space."""
        answers = self._space.answers(setting)
        if answers is None:
            return None
        self._study.enqueue_trial(dict(answers))
        trial = self._study.ask()
        self._space.build(lambda parameter: _suggested(trial, parameter))
        return trial

    def _tell(self, trial: Any, result: Result) -> None:
        """Tell Optuna a result.

        The Parzen estimator ranks stopped trials by how far they came, and those without a value
        last. The other methods only know numbers: there they count as the worst so far.
        """
        whole = result.is_whole and result.value is not None
        if whole or (self._method != TPE and self._worst is not None):
            value = self._worst if result.value is None else result.value
            self._study.tell(trial, value)
            return
        if result.value is not None:
            trial.report(result.value, result.epoch)
        self._study.tell(trial, state=self._states.PRUNED)


def _sampler(optuna: ModuleType, method: str, seed: int) -> Any:
    samplers = optuna.samplers
    if method == GP:
        return samplers.GPSampler(seed=seed, warn_independent_sampling=False)
    if method == CMAES:
        return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    return samplers.TPESampler(seed=seed)


def _suggested(trial: Any, parameter: Parameter) -> Answer:
    """Ask Optuna for a setting."""
    name, domain = parameter.name, parameter.domain
    answer: Answer
    if isinstance(domain, Choices):
        answer = trial.suggest_categorical(name, range(len(domain.entries)))
    elif domain.whole:
        step = 1 if domain.step is None else int(domain.step)
        answer = trial.suggest_int(
            name, int(domain.low), int(domain.high), step=step, log=domain.log
        )
    else:
        answer = trial.suggest_float(
            name, domain.low, domain.high, step=domain.step, log=domain.log
        )
    return answer


def _import_optuna(method: str) -> ModuleType:
    """Import Optuna, and what a method needs.

    Raises:
        UserError: A package is not installed.
    """
    try:
        for package in _PACKAGES[method]:
            importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise UserError(
            f"`method: {method}` needs {error.name}, which is not installed",
            hint=f"Run pip install 'nnrun[{_EXTRAS[method]}]'; grid, random and sobol need nothing.",
        ) from None
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
