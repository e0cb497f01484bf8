"""Models that begin with the layers of a run, and what comes after these have been trained: fine-tuning."""

from dataclasses import dataclass

from nnrun.config.components import Component
from nnrun.config.kinds import Boolean, ComponentOf, Integer, ListOf, Number, OneOf, Text
from nnrun.config.options import REQUIRED, option


@dataclass(frozen=True)
class FromRun:
    """A model that begins with the layers of a run and the weights of its best epoch."""

    from_run: str = option(
        "The run: a directory, relative to the config or to where nnrun is started, or the name of "
        "a run or an experiment; of several runs of an experiment the newest is taken.",
        Text(),
        REQUIRED,
    )
    drop_last: int = option(
        "How many of its last layers are left out, counted as `nnrun show` lists them.",
        Integer(minimum=0),
        0,
    )
    freeze: str | int | tuple[str, ...] | None = option(
        "The layers whose weights stay as they are: `all` that are taken over, the first so many of "
        "them, or those of a list of names.",
        OneOf((Text(choices=("all",)), Integer(minimum=0), ListOf(Text()))),
        default_says="none",
    )
    add: tuple[Component, ...] = option(
        "The layers that come after them.", ListOf(ComponentOf(("layers", "applications"))), ()
    )
    keep_preprocessing: bool = option(
        "Prepare the rows as the run did, with what it took from its own training rows, instead of "
        "by `dataset.preprocess`.",
        Boolean(),
        False,
    )


@dataclass(frozen=True)
class FineTune:
    """A second part of the training, in which frozen layers learn too, with a rate of its own.

    The optimizer begins it anew, without the memory of the first part.
    """

    after_epoch: int = option("The last epoch of the first part.", Integer(minimum=1), REQUIRED)
    learning_rate: float = option(
        "The learning rate of the second part, constant; a tenth of the first one's or less, so "
        "that what was learned is not lost.",
        Number(above=0.0),
        REQUIRED,
    )
    unfreeze: str | int | tuple[str, ...] = option(
        "The frozen layers that learn from then on: `all`, the last so many of them, or those of a "
        "list of names.",
        OneOf((Text(choices=("all",)), Integer(minimum=1), ListOf(Text(), minimum=1))),
        "all",
    )
