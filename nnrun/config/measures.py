"""What Keras's losses and metrics take: of which labels, and of which outputs, they tell the truth."""

from dataclasses import dataclass

from nnrun.config.tasks import CLASSES, LABELS, NUMBERS, TaskFacts

PER_UNIT, INTEGERS, ONE_HOT, EITHER = "per unit", "integers", "one-hot", "either"
"""The labels: a number for every unit of the output; of classes integers, one-hot rows, or either."""


@dataclass(frozen=True)
class Measure:
    """What a loss or a metric takes.

    Attributes:
        labels: The form of the labels. One number a row is fit for one unit, also as an integer.
        measures: What it tells something about: any `NUMBERS`, or only `LABELS` or `CLASSES`.
        probabilities: Whether it is wrong for logits, unless an argument says that they are some.
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
"""By class, or by the alias that no class belongs to. Of others, such as the user's own, nothing is known."""

INTERSECTIONS = ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")
"""Metrics that can also be told of integers in place of probabilities."""
FBETA = ("F1Score", "FBetaScore")
THRESHOLDS = ("threshold", "thresholds")
"""Arguments with which an output above is taken for 1."""


@dataclass(frozen=True)
class Ending:
    """How an output ends, and what it is measured against.

    Attributes:
        task: What is predicted; None where only the rows could tell.
        units: Width of the output; None where it is not known.
        activation: The last activation in lower case; "linear" where there is none, empty where it
            is not known.
        one_hot: Whether labels of classes are one-hot rows.
        loss: The class of the declared loss; None where it follows from the task.
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
        """Numbers, labels or classes, as far as it is known."""
        return None if self.task is None else self.task.predicts

    @property
    def is_one(self) -> bool:
        """Whether one unit gives the probability, or the logit, of one of two classes."""
        return self.units == 1 and self.predicts in (CLASSES, None)

    @property
    def is_several(self) -> bool:
        """Whether there are several units, as far as it is known."""
        known = self.task is not None and self.predicts != NUMBERS and not self.task.is_binary
        several = known or self.activation == "softmax"
        return several if self.units is None else self.units > 1

    @property
    def of_classes(self) -> bool:
        """Whether a row is known to belong to one class."""
        return self.predicts == CLASSES

    @property
    def gives_logits(self) -> bool:
        """Whether it ends without the sigmoid or softmax of a classifier, as far as it is known."""
        logits = self.activation == "linear" or self.from_logits
        return self.predicts != NUMBERS and logits

    @property
    def is_each_for_itself(self) -> bool:
        """Whether every unit tells of a label of its own, and not all together of the class."""
        binary = self.loss is not None and self.loss.startswith("Binary")
        return self.predicts == LABELS or self.units == 1 or binary
