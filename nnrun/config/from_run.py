"""Models that begin with the layers of a run, and fine-tuning."""

from dataclasses import dataclass

from nnrun.config.components import Component
from nnrun.config.kinds import Boolean, Integer, Number, Text
from nnrun.config.nested_kinds import ComponentOf, ListOf, OneOf
from nnrun.config.options import REQUIRED, option


@dataclass(frozen=True)
class FromRun:
    """A model that begins with the layers of a run and the weights of its best epoch."""

    from_run: str = option(
        "The run: a directory, relative to the config or to the current folder, or the name of a "
        "run or an experiment. If an experiment has several runs, the newest is taken.",
        Text(),
        REQUIRED,
    )
    drop_last: int = option(
        "How many of its last layers to leave out, counted as `nnrun show` lists them.",
        Integer(minimum=0),
        0,
    )
    freeze: str | int | tuple[str, ...] | None = option(
        "The layers whose weights stay unchanged: `all` layers taken from the run, a number of "
        "them from the first on, or a list of names.",
        OneOf((Text(choices=("all",)), Integer(minimum=0), ListOf(Text()))),
        default_says="none",
    )
    add: tuple[Component, ...] = option(
        "The layers to add after these.", ListOf(ComponentOf(("layers", "applications"))), ()
    )
    keep_preprocessing: bool = option(
        "Preprocess the rows as that run did, with the values from its own training rows, instead "
        "of by `dataset.preprocess`.",
        Boolean(),
        False,
    )


@dataclass(frozen=True)
class FineTune:
    """A second part of the training, in which frozen layers learn, too, with a separate rate.

    The optimizer is reset before it.
    """

    after_epoch: int = option("The last epoch of the first part.", Integer(minimum=1), REQUIRED)
    learning_rate: float = option(
        "The constant learning rate of the second part; a tenth of the first one's or less, so "
        "that what was learned isn't lost.",
        Number(above=0.0),
        REQUIRED,
    )
    unfreeze: str | int | tuple[str, ...] = option(
        "The frozen layers that learn from then on: `all`, a number of them counted from the "
        "last, or a list of names.",
        OneOf((Text(choices=("all",)), Integer(minimum=1), ListOf(Text(), minimum=1))),
        "all",
    )
