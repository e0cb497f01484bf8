"""Whether low or high values of a metric are best."""

import re
from collections.abc import Mapping
from typing import Literal

from nnrun.config.figures import plain_name

Mode = Literal["min", "max"]

Directions = Mapping[str, Mode]
"""The modes of metrics, by their names in the training logs."""

_FALLING = re.compile(r"(^|_)(loss|error|divergence|crossentropy)(_?\d+)?$")
_RISING = re.compile(
    r"(^|_)(accuracy|acc|auc|precision|recall|sensitivity|specificity|f1|f2|f_?beta|iou|io_u|dice"
    r"|jaccard|r2|score|bleu|rouge|kappa|mcc|similarity|correlation|concordance"
    r"|true_positives|true_negatives)(_|\d|$)"
)


def mode_of(figure: str, directions: Directions) -> Mode:
    """The mode of a metric, from the directions or else from its name.

    >>> mode_of("val_roc", {"roc": "max"}), mode_of("val_roc", {})
    ('max', 'min')
    """
    known = directions.get(figure) or directions.get(plain_name(figure))
    return known or mode_by_name(figure)


def mode_by_name(name: str) -> Mode:
    """The mode that a metric's name suggests, for runs that have not recorded one.

    Names of outputs are ignored. Losses and errors are best when low; accuracies, scores, areas
    under curves, precision, recall and the like when high; any other name counts as a loss.

    >>> [mode_by_name(name) for name in ("val_loss", "mae", "val_auc_1", "price_r2_score")]
    ['min', 'min', 'max', 'max']
    """
    plain = plain_name(name.lower())
    if _FALLING.search(plain):
        return "min"
    return "max" if _RISING.search(plain) else "min"
