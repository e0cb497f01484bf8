"""The `search` section of a config: what a search varies, how, and for how long."""
# ruff: noqa: RUF009 - `option` makes a dataclass field

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnrun.config.components import TimeSpan
from nnrun.config.kinds import Integer, Text
from nnrun.config.nested_kinds import MapOf, SectionOf
from nnrun.config.options import option
from nnrun.config.search_kinds import Coupled, SearchMethod, TimeLimit, Varied
from nnrun.config.space import Space

GRID, RANDOM, SOBOL, TPE, GP, CMAES = METHODS = ("grid", "random", "sobol", "tpe", "gp", "cmaes")
NONE, ASHA, HYPERBAND, MEDIAN = STOPS = ("none", "asha", "hyperband", "median")
USUAL_TRIALS = 100
SOBOL_DIMENSIONS = 40
"""The largest number of parameters for a Sobol sequence."""


@dataclass(frozen=True)
class Confirm:
    """Training the best trials again with other seeds."""

    best: int = option(
        "Number of the best trials to train again; 0 for none.", Integer(minimum=0), 1
    )
    seeds: int = option("Number of other seeds for each of them.", Integer(minimum=2), 3)


@dataclass(frozen=True)
class Search:
    """What `nnrun search` tries."""

    space: Mapping[str, Any] = option(
        "What to vary: options of the config, as dotted paths or nested as in the config. A "
        "range is `{from: 1e-4, to: 1e-2, log: true}`, optionally with `step:`; a list is a "
        "choice; `{each: …, times: …}` is a list whose length is searched, too.",
        MapOf(Varied()),
        factory=dict,
    )
    together: Sequence[Sequence[Mapping[str, Any]]] = option(
        "Values that belong together: one mapping is chosen from each list.",
        Coupled(),
        (),
    )
    metric: str | None = option(
        "The metric to improve, in the best epoch of a run.",
        Text(),
        default_says="the metric that the config monitors",
    )
    method: str = option(
        "How to draw settings: all of them in order (`grid`), at random, evenly spread "
        "(`sobol`), or by the results of earlier trials, with Optuna: Parzen estimators "
        "(`tpe`), a Gaussian process (`gp`), or CMA-ES (`cmaes`).",
        SearchMethod(choices=METHODS),
        TPE,
    )
    trials: int | None = option(
        "Number of trials; the first one has the config's own values.",
        Integer(minimum=2),
        default_says=f"{USUAL_TRIALS}, but no more than there are settings; all of a grid; any "
        "number where `time` is given",
    )
    time: TimeSpan | None = option(
        "Time after which no new trials begin, such as `30 min`.",
        TimeLimit(),
        default_says="no limit",
    )
    stop_early: str | None = option(
        "Which trials to stop early: those worse than most others after a third, a ninth, … of "
        "the epochs (`asha`; `hyperband` begins at different points), those worse than the "
        "median (`median`), or `none`.",
        Text(choices=STOPS),
        default_says="`asha`; `none` for a grid",
    )
    folds: int | None = option(
        "Cross-validate every trial with this number of folds; a trial's value is the mean over "
        "them.",
        Integer(minimum=2),
        default_says="no folds",
    )
    seeds: int | None = option(
        "Number of seeds to run each trial with; its value is the mean over them.",
        Integer(minimum=2),
        default_says="only the config's own seed",
    )
    confirm: Confirm = option(
        "Train the best trials again with other seeds.", SectionOf(Confirm), factory=Confirm
    )
    seed: int | None = option(
        "The seed for drawing settings.",
        Integer(minimum=0),
        default_says="the config's `seed`",
    )
    settings: Space = field(default=Space(), compare=False, repr=False)
    """The checked space."""

    @property
    def stops(self) -> str:
        """Which trials end early."""
        return self.stop_early or (NONE if self.method == GRID else ASHA)

    @property
    def trials_asked(self) -> int | None:
        """The largest number of trials; None if only the time or the space limits it."""
        if self.trials is not None or self.time is not None or self.method == GRID:
            return self.trials
        return USUAL_TRIALS
