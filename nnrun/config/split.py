"""The `split` section of a config."""
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
    """One of several folds of nearly equal size, used to validate a model trained on the others."""

    fold: int = option(
        "The fold used for validation, counted from 0.", Integer(minimum=0), REQUIRED
    )
    of: int = option("The number of folds.", Integer(minimum=2), REQUIRED)

    @property
    def share(self) -> float:
        """The fraction of the rows in the fold, give or take a row."""
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
        "Draw the rows at random, depending on the seed; `false` takes the first rows for the "
        "test part and the next ones for validation.",
        Boolean(),
        True,
    )
    group: str | None = option(
        "A column that identifies groups of rows, such as patients: each group stays in one "
        "part. The column is then not used as a feature.",
        Text(),
    )
    order: str | None = option(
        "A column of numbers or dates to order the rows by: the last ones are the test rows, "
        "those before them the validation rows, and each fold is trained only on earlier rows. "
        "The column is then not used as a feature.",
        Text(),
    )
    seed: int | None = option(
        "The seed for drawing the rows, so that runs with different seeds can share their rows.",
        Integer(minimum=0, maximum=LARGEST_SEED),
        default_says="the experiment's `seed`",
    )

    @property
    def shares(self) -> dict[str, int | float]:
        """The numbers or fractions of rows to draw, by part."""
        parts = {"validation": self.validation, "test": self.test}
        return {
            part: share.share if isinstance(share, Fold) else share
            for part, share in parts.items()
            if share is not None and not isinstance(share, str)
        }

    @property
    def files(self) -> dict[str, str]:
        """The files with the rows of single parts, by part."""
        parts = {"validation": self.validation, "test": self.test}
        return {part: share for part, share in parts.items() if isinstance(share, str)}
