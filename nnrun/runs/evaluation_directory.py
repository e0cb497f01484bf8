"""The directory of an evaluation: its layout."""

from dataclasses import dataclass
from pathlib import Path

from nnrun.runs.atomic import make_directory


@dataclass(frozen=True)
class EvaluationDirectory:
    """The directory of one evaluation and the paths in it; the files need not exist.

    Attributes:
        path: The directory.
    """

    path: Path

    @property
    def metrics(self) -> Path:
        """The metrics, with intervals."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """The predictions: a row for each row of the split."""
        return self.path / "predictions.csv"

    @property
    def confusion_matrix(self) -> Path:
        """The numbers of rows by class and predicted class."""
        return self.path / "confusion_matrix.csv"

    @property
    def confusion_plot(self) -> Path:
        """The same as a plot."""
        return self.path / "confusion_matrix.png"

    @property
    def roc(self) -> Path:
        """The plot of the ROC curves."""
        return self.path / "roc.png"

    @property
    def precision_recall(self) -> Path:
        """The plot of the precision-recall curves."""
        return self.path / "precision_recall.png"

    @property
    def calibration(self) -> Path:
        """The plot of accuracy over confidence."""
        return self.path / "calibration.png"

    @property
    def reconstructions(self) -> Path:
        """For an autoencoder, the first pictures above their reconstructions."""
        return self.path / "reconstructions.png"

    @property
    def most_wrong(self) -> Path:
        """The most confidently wrong rows as a table."""
        return self.path / "most_wrong.csv"

    @property
    def most_wrong_plot(self) -> Path:
        """The most confidently wrong rows as pictures."""
        return self.path / "most_wrong.png"

    @property
    def residuals(self) -> Path:
        """The histogram of the residuals of a regression."""
        return self.path / "residuals.png"

    @property
    def predicted_against_true(self) -> Path:
        """The plot of predicted against true values of a regression."""
        return self.path / "predicted_against_true.png"

    def make(self) -> None:
        """Create the directory.

        Raises:
            RunError: It cannot be made.
        """
        make_directory(self.path)
