"""What a diagnosis looks at."""

import dataclasses
from collections.abc import Sequence

from nnrun.analysis.guessing import Guess
from nnrun.analysis.layer_health import LayerHealth
from nnrun.runs.history import History


@dataclasses.dataclass(frozen=True)
class ClassFound:
    """How a model does on the validation rows of one class.

    Attributes:
        name: The class.
        rows: Its rows.
        found: How many of them are given their class.
        share: Its share of the training rows.
    """

    name: str
    rows: int
    found: int
    share: float


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a diagnosis looks at.

    Attributes:
        history: The epochs.
        status: How the run ended: `finished`, `interrupted` or `diverged`.
        stopped: Whether a callback ended it.
        best_epoch: The epoch whose weights were saved.
        epochs: The last epoch that was planned.
        first: The first epoch to judge: of fine-tuning, or of a pruned model.
        rows: The training rows; None where nobody tells.
        validation_rows: The validation rows; 0 where there are none.
        rate: The key of the config that sets the learning rate.
        random: Whether layers draw random numbers in training, as dropout does.
        weighted: Whether the classes are weighted.
        unscaled: Whether numbers are predicted that the loss sees in their own units.
        classes: Each class of the validation rows, where these are predicted.
        guesses: The saved model's losses beside those of guessing, an output each.
        layers: What a `LayerMonitor` saw.
        cause: Why the training diverged, in a sentence without its full stop; empty where it is not
            known.
        advice: What to do about that, in a sentence.
    """

    history: History
    status: str
    stopped: bool = False
    best_epoch: int | None = None
    epochs: int = 0
    first: int = 1
    rows: int | None = None
    validation_rows: int = 0
    rate: str = "optimizer"
    random: bool = False
    weighted: bool = False
    unscaled: bool = False
    classes: Sequence[ClassFound] = ()
    guesses: Sequence[Guess] = ()
    layers: Sequence[LayerHealth] = ()
    cause: str = ""
    advice: str = ""
