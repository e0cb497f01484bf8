"""How rows are divided into parts, as a config says it."""
# ruff: noqa: RUF009 - `option` makes a dataclass field

from dataclasses import dataclass

from nnrun.config.kinds import Boolean, Integer, Share, Text
from nnrun.config.nested_kinds import OneOf, SectionOf
from nnrun.config.options import REQUIRED, option

LARGEST_SEED = 2**31 - 1
FOLD = "dataset.split.validation.fold"
"""The option that tells the runs of a cross-validation apart."""


@dataclass(frozen=True)
class Fold:
    """One of several parts of nearly the same size, each of which validates a model of the others."""

    fold: int = option("Which of them validates, counted from 0.", Integer(minimum=0), REQUIRED)
    of: int = option("How many there are.", Integer(minimum=2), REQUIRED)

    @property
    def share(self) -> float:
        """The fraction of the rows that validates, give or take a row."""
        return 1 / self.of


@dataclass(frozen=True)
class Split:
    """How the rows are divided into training, validation and test rows."""

    validation: int | float | str | Fold | None = option(
        "Validation rows: a number of training rows, a fraction of them, a file, or one of several "
        "folds, as in `{fold: 0, of: 5}`.",
        OneOf((Share(), SectionOf(Fold))),
    )
    test: int | float | str | None = option(
        "Test rows, set aside until the end, in the same form; a data set with published test "
        "rows needs none.",
        Share(),
    )
    stratify: bool = option(
        "Keep the share of each class the same in all parts (classification only).",
        Boolean(),
        False,
    )
    shuffle: bool = option(
        "Draw the rows at random, depending on the seed; `false` takes the first rows in order, "
        "first those of the test part.",
        Boolean(),
        True,
    )
    group: str | None = option(
        "A column whose value rows share that belong together, such as a patient: they stay in one "
        "part. It is then not used as a feature.",
        Text(),
    )
    order: str | None = option(
        "A column of numbers or dates: the last rows by it are the test rows, those before them the "
        "validation rows, and folds learn only from rows before those they validate. It is then not "
        "used as a feature.",
        Text(),
    )
    seed: int | None = option(
        "The seed for drawing the rows, so that runs with different seeds can share their rows.",
        Integer(minimum=0, maximum=LARGEST_SEED),
        default_says="the experiment's `seed`",
    )

    @property
    def shares(self) -> dict[str, int | float]:
        """The numbers or fractions of the rows that are drawn, by part."""
        parts = {"validation": self.validation, "test": self.test}
        return {
            part: share.share if isinstance(share, Fold) else share
            for part, share in parts.items()
            if share is not None and not isinstance(share, str)
        }

    @property
    def files(self) -> dict[str, str]:
        """The files that hold the rows of one part each, by part."""
        parts = {"validation": self.validation, "test": self.test}
        return {part: share for part, share in parts.items() if isinstance(share, str)}
