"""What Keras's losses and metrics take: the labels and outputs for which they are correct."""

from dataclasses import dataclass

from nnrun.config.tasks import CLASSES, LABELS, NUMBERS, TaskFacts

PER_UNIT, INTEGERS, ONE_HOT, EITHER = "per unit", "integers", "one-hot", "either"
"""The form of labels: a number per output unit; for classes integers, one-hot rows, or either."""


@dataclass(frozen=True)
class Measure:
    """What a loss or a metric takes.

    Attributes:
        labels: The form of the labels. A number per row suits a single unit, also as an integer.
        measures: What it measures: any `NUMBERS`, or only `LABELS` or `CLASSES`.
        probabilities: Whether it is wrong for logits, unless an argument declares them.
    """

    labels: str = PER_UNIT
    measures: str = NUMBERS
    probabilities: bool = False


_DISTANCES = (
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "PearsonCorrelation",
    "R2Score",
    "RootMeanSquaredError",
    "SquaredHinge",
)
_OF_SHARES = ("Dice", "KLDivergence", "Poisson", "Tversky")
_OF_LABELS = (
    "AUC",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "BinaryIoU",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "PrecisionAtRecall",
    "Recall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "TrueNegatives",
    "TruePositives",
)

MEASURES = {
    **dict.fromkeys(_DISTANCES, Measure()),
    **dict.fromkeys(_OF_SHARES, Measure(probabilities=True)),
    **dict.fromkeys(_OF_LABELS, Measure(measures=LABELS, probabilities=True)),
    **dict.fromkeys(("F1Score", "FBetaScore"), Measure(measures=LABELS)),
    **dict.fromkeys(("accuracy", "acc", "Accuracy"), Measure(EITHER, LABELS)),
    **dict.fromkeys(("crossentropy", "ce"), Measure(EITHER, LABELS)),
    **dict.fromkeys(("IoU", "MeanIoU"), Measure(EITHER, CLASSES)),
    **dict.fromkeys(
        ("CategoricalCrossentropy", "CategoricalFocalCrossentropy"),
        Measure(ONE_HOT, CLASSES, probabilities=True),
    ),
    **dict.fromkeys(
        (
            "CategoricalAccuracy",
            "CategoricalHinge",
            "OneHotIoU",
            "OneHotMeanIoU",
            "TopKCategoricalAccuracy",
        ),
        Measure(ONE_HOT, CLASSES),
    ),
    **dict.fromkeys(
        ("CategoricalGeneralizedCrossEntropy", "SparseCategoricalCrossentropy"),
        Measure(INTEGERS, CLASSES, probabilities=True),
    ),
    **dict.fromkeys(
        ("SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
        Measure(INTEGERS, CLASSES),
    ),
}
"""By class, or by an alias without a class. About others, such as the user's own, nothing is
known."""

INTERSECTIONS = ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")
"""Metrics with an argument to take integers instead of probabilities."""
FBETA = ("F1Score", "FBetaScore")
THRESHOLDS = ("threshold", "thresholds")
"""Arguments for the threshold above which an output counts as 1."""


@dataclass(frozen=True)
class Ending:
    """How an output ends, and the labels it is compared with.

    Attributes:
        task: The task; None if only the rows determine it.
        units: Width of the output; None if unknown.
        activation: The last activation in lower case; "linear" if there is none, empty if unknown.
        one_hot: Whether labels of classes are one-hot rows.
        loss: The class of the declared loss; None if it follows from the task.
        from_logits: Whether that loss takes logits.
    """

    task: TaskFacts | None
    units: int | None
    activation: str
    one_hot: bool
    loss: str | None = None
    from_logits: bool = False

    @property
    def predicts(self) -> str | None:
        """Numbers, labels or classes, as far as known."""
        return None if self.task is None else self.task.predicts

    @property
    def is_one(self) -> bool:
        """Whether a single unit gives the probability or logit of one of two classes."""
        return self.units == 1 and self.predicts in (CLASSES, None)

    @property
    def is_several(self) -> bool:
        """Whether there are several units, as far as known."""
        known = self.task is not None and self.predicts != NUMBERS and not self.task.is_binary
        several = known or self.activation == "softmax"
        return several if self.units is None else self.units > 1

    @property
    def of_classes(self) -> bool:
        """Whether a row is known to belong to one class."""
        return self.predicts == CLASSES

    @property
    def gives_logits(self) -> bool:
        """Whether it ends without the sigmoid or softmax of a classifier, as far as known."""
        logits = self.activation == "linear" or self.from_logits
        return self.predicts != NUMBERS and logits

    @property
    def is_each_for_itself(self) -> bool:
        """Whether each unit predicts its own label, instead of all predicting one class."""
        binary = self.loss is not None and self.loss.startswith("Binary")
        return self.predicts == LABELS or self.units == 1 or binary
