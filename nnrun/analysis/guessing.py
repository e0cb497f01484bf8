"""A model compared with one that gives the same answer for every row."""

import dataclasses
import math

_HARDLY = 0.05
"""A loss that has come no further than this on the way from guessing to perfect is no better."""
_HARDLY_OF_FEW = 0.5
"""Of few rows chance alone brings it further: by this share, divided by the root of their number."""
_DEVIATIONS = 2.0
"""Standard deviations of a share that chance explains, of as many rows as the next figure or more."""
_ENOUGH = 20


@dataclasses.dataclass(frozen=True)
class Answers:
    """How many rows a model classifies correctly.

    Attributes:
        rows: The rows.
        right: The share that is given its class.
        likeliest: The share of the most frequent class: what the same class for all rows gets right.
        recall: The mean over the classes of the share of their rows that is found.
        classes: The classes that the rows have.
    """

    rows: int
    right: float
    likeliest: float
    recall: float
    classes: int

    @property
    def guesses(self) -> bool:
        """Whether chance explains both the accuracy and the recall of the classes."""
        return not (
            _beyond_chance(self.right, self.likeliest, self.rows)
            or _beyond_chance(self.recall, 1 / max(1, self.classes), self.rows)
        )


@dataclasses.dataclass(frozen=True)
class Guess:
    """A loss of a model compared with that of the best constant answer.

    Attributes:
        figure: The column of the history: `val_loss`, `loss`, `val_price_loss`.
        loss: The saved model's, without the penalty.
        penalty: What the size of its weights adds to the figure.
        guess: That of the answer that is the same for every row.
        perfect: That of answers which are all right: not 0 for every loss.
        rows: The rows it is of.
        answers: The classes that the model gives them; None where that was not looked at, or rows
            have no class.
    """

    figure: str
    loss: float
    guess: float
    perfect: float
    rows: int
    penalty: float = 0.0
    answers: Answers | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether it is the loss of the whole model, not of one of its outputs."""
        return self.figure in ("loss", "val_loss")

    @property
    def way(self) -> float:
        """The way from guessing to perfect."""
        return self.guess - self.perfect

    @property
    def skill(self) -> float:
        """How good it is between guessing (0) and perfect (1); below 0 it is worse than guessing."""
        return (self.guess - self.loss) / self.way if self.way > 0 else math.nan

    def in_words(self) -> str:
        """Both losses, and the rows that are right, without a full stop."""
        hardly = "hardly better" if self.skill > 0 else "no better"
        without = " without the penalties of the weights" if self.penalty else ""
        text = (
            f"{self.figure}{without} is {self.loss:.4g} in the best epoch, {hardly} than guessing "
            f"({self.guess:.4g} with one answer for all rows)"
        )
        if self.answers is None:
            return text
        right, likeliest = (100 * share for share in (self.answers.right, self.answers.likeliest))
        return f"{text}, and {right:.0f} % of the rows are right ({likeliest:.0f} % by guessing)"

    @property
    def looks_like_guessing(self) -> bool:
        """Whether the loss looks like guessing; that of an overconfident model does as well."""
        return self.skill <= max(_HARDLY, _HARDLY_OF_FEW / math.sqrt(max(1, self.rows)))

    @property
    def is_no_better(self) -> bool:
        """Whether neither its loss nor its predicted classes are better than guessing."""
        return self.looks_like_guessing and (self.answers is None or self.answers.guesses)


def _beyond_chance(share: float, chance: float, rows: int) -> bool:
    deviation = math.sqrt(chance * (1 - chance) / rows) if rows >= _ENOUGH else 0.0
    return share > chance + _DEVIATIONS * deviation + 1e-9
