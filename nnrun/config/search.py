"""The section of a config that says what a search varies, how, and how long."""
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
"""The most parameters that Sobol's sequence is known for here."""


@dataclass(frozen=True)
class Confirm:
    """What happens to the best trials at the end: they are trained again with other seeds."""

    best: int = option(
        "How many of the best trials are trained again; 0 for none.", Integer(minimum=0), 1
    )
    seeds: int = option("With how many other seeds each of them.", Integer(minimum=2), 3)


@dataclass(frozen=True)
class Search:
    """What `nnrun search` tries."""

    space: Mapping[str, Any] = option(
        "What is varied: options of the config, as dotted paths or nested as in the config. A range "
        "is `{from: 1e-4, to: 1e-2, log: true}`, also with `step:`; a list is a choice; `{each: …, "
        "times: …}` is a list whose length is searched too.",
        MapOf(Varied()),
        factory=dict,
    )
    together: Sequence[Sequence[Mapping[str, Any]]] = option(
        "Values that belong together: in each list, one mapping is chosen.",
        Coupled(),
        (),
    )
    metric: str | None = option(
        "The figure to improve, at the best epoch of a run.",
        Text(),
        default_says="what a run of the config monitors",
    )
    method: str = option(
        "How settings are drawn: all of them in order (`grid`), at random, evenly spread (`sobol`), "
        "or by what the trials before have shown, with Optuna: Parzen estimators (`tpe`), a Gaussian "
        "process (`gp`), or CMA-ES (`cmaes`).",
        SearchMethod(choices=METHODS),
        TPE,
    )
    trials: int | None = option(
        "How many trials there are; the first has the config's own values.",
        Integer(minimum=2),
        default_says=f"{USUAL_TRIALS}, but no more than there are settings; all of a grid; any "
        "number where `time` is given",
    )
    time: TimeSpan | None = option(
        "How long new trials are begun, such as `30 min`.", TimeLimit(), default_says="no limit"
    )
    stop_early: str | None = option(
        "Which trials end before their last epoch: those worse than most others at a third, a "
        "ninth, … of the epochs (`asha`; `hyperband` with several first looks), those worse than "
        "the median at an epoch, or `none`.",
        Text(choices=STOPS),
        default_says="`asha`; `none` for a grid",
    )
    folds: int | None = option(
        "Divide the rows into so many folds, each of which validates once; a trial's figure is the "
        "mean over them.",
        Integer(minimum=2),
        default_says="no folds",
    )
    seeds: int | None = option(
        "With how many seeds each trial is run; its figure is the mean over them.",
        Integer(minimum=2),
        default_says="the config's own seed alone",
    )
    confirm: Confirm = option(
        "The best trials are trained again with other seeds.", SectionOf(Confirm), factory=Confirm
    )
    seed: int | None = option(
        "Determines the settings that are drawn.",
        Integer(minimum=0),
        default_says="the config's `seed`",
    )
    settings: Space = field(default=Space(), compare=False, repr=False)
    """What may be drawn, once it is checked."""

    @property
    def stops(self) -> str:
        """Which trials end early."""
        return self.stop_early or (NONE if self.method == GRID else ASHA)

    @property
    def trials_asked(self) -> int | None:
        """How many trials there are at most; None where only the time, or the space, ends them."""
        if self.trials is not None or self.time is not None or self.method == GRID:
            return self.trials
        return USUAL_TRIALS
