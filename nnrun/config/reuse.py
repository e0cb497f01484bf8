"""Rules for models that begin with the layers of a run, and for fine-tuning."""

from collections.abc import Iterator

from nnrun.config.subject import Subject
from nnrun.errors import Problem


def one_preprocessing(subject: Subject) -> Iterator[Problem]:
    """The rows are preprocessed either as in the run or as in this config."""
    base, asked = subject.experiment.outline.base, subject.experiment.dataset.preprocess
    if base is None or not base.keep_preprocessing:
        return
    if subject.predicts_input:
        yield subject.problem(
            "architecture.keep_preprocessing",
            "an autoencoder reconstructs its input as this config prepares it",
            "leave it out, and say under dataset.preprocess what is done to the rows",
        )
    for name in ("scale", "standardize", "minmax"):
        if getattr(asked, name):
            yield subject.problem(
                f"dataset.preprocess.{name}",
                "architecture.keep_preprocessing prepares the rows already",
                "keep one of the two",
            )


def fine_tuning(subject: Subject) -> Iterator[Problem]:
    """There are epochs left for fine-tuning, and the optimizer can be restarted."""
    tuned = subject.experiment.training.fine_tune
    if tuned is None:
        return
    epochs = subject.experiment.training.epochs
    if tuned.after_epoch >= epochs:
        yield subject.problem(
            "training.fine_tune.after_epoch",
            f"no epoch comes after it: training.epochs is {epochs}",
            "give a smaller one, or more epochs",
        )
    if subject.experiment.optimizer.arguments.get("use_ema"):
        yield subject.problem_of(
            subject.experiment.optimizer,
            "averaged weights cannot start again in the middle of a training",
            "remove it, or training.fine_tune",
            argument="use_ema",
        )


def regularization_of_own(subject: Subject) -> Iterator[Problem]:
    """Regularization applies to layers that the config lists, not to a user's own model class."""
    own = subject.experiment.outline.own
    if own is None:
        return
    asked = subject.experiment.regularization
    for name in ("l1", "l2", "max_norm", "dropout", "batch_normalization"):
        if getattr(asked, name):
            yield subject.problem(
                f"regularization.{name}",
                f"nnrun cannot put it into the layers of {own.name}",
                "put it there yourself",
            )
