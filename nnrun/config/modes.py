"""Whether a figure is best at its least or at its greatest value."""

import re
from collections.abc import Mapping
from typing import Literal

from nnrun.config.figures import plain_name

Mode = Literal["min", "max"]

Directions = Mapping[str, Mode]
"""The modes of figures, by the names that they have in the training's own logs."""

_FALLING = re.compile(r"(^|_)(loss|error|divergence|crossentropy)(_?\d+)?$")
_RISING = re.compile(
    r"(^|_)(accuracy|acc|auc|precision|recall|sensitivity|specificity|f1|f2|f_?beta|iou|io_u|dice"
    r"|jaccard|r2|score|bleu|rouge|kappa|mcc|similarity|correlation|concordance"
    r"|true_positives|true_negatives)(_|\d|$)"
)


def mode_of(figure: str, directions: Directions) -> Mode:
    """The mode of a figure; of one that the directions leave out, what its name suggests.

    >>> mode_of("val_roc", {"roc": "max"}), mode_of("val_roc", {})
    ('max', 'min')
    """
    known = directions.get(figure) or directions.get(plain_name(figure))
    return known or mode_by_name(figure)


def mode_by_name(name: str) -> Mode:
    """The mode that a figure's name suggests, for runs that have recorded none.

    The names of outputs do not matter. Losses and errors are best at their least; accuracies,
    scores, areas under curves, precision, recall and their kin at their greatest; a name that says
    nothing counts as a loss.

    >>> [mode_by_name(name) for name in ("val_loss", "mae", "val_auc_1", "price_r2_score")]
    ['min', 'min', 'max', 'max']
    """
    plain = plain_name(name.lower())
    if _FALLING.search(plain):
        return "min"
    return "max" if _RISING.search(plain) else "min"
