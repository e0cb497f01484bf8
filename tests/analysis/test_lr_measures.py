"""How trials are held against each other, by figures that can be checked by hand."""

from collections.abc import Sequence

import pytest

from nnrun.analysis.lr_measures import Criterion, RateTrial

BY_LOSS = Criterion("val_loss", "min", start=2.0, fall=2.0)


def trial(
    rate: float, losses: Sequence[float], accuracies: Sequence[float] = (), **columns: float
) -> RateTrial:
    """A trial whose validation loss is its training loss."""
    epochs = [{"loss": loss, "val_loss": loss, **columns} for loss in losses]
    for figures, accuracy in zip(epochs, accuracies, strict=False):
        figures["val_accuracy"] = accuracy
    return RateTrial(rate, tuple(epochs))


def test_the_best_epoch_is_that_of_the_monitored_figure() -> None:
    one = trial(0.1, [1.0, 0.5, 0.5, 0.7], [0.6, 0.7, 0.8, 0.9])
    assert BY_LOSS.best_epoch(one) == 2
    assert BY_LOSS.reached(one)["val_accuracy"] == 0.7
    by_accuracy = Criterion("val_accuracy", "max", 2.0, 2.0)
    assert by_accuracy.best_epoch(one) == 4
    assert Criterion("val_loss", "max", 2.0, 2.0).best_epoch(one) == 1


def test_a_figure_that_is_not_finite_is_the_worst() -> None:
    assert BY_LOSS.best_epoch(trial(0.1, [float("nan"), 3.0, 1.0])) == 3
    assert BY_LOSS.best_epoch(RateTrial(0.1)) is None
    assert BY_LOSS.reached(RateTrial(0.1)) == {}


def test_the_lowest_loss_is_best_where_there_is_no_accuracy() -> None:
    rivals = [trial(0.1, [0.5]), trial(0.01, [0.4]), trial(1.0, [0.4])]
    assert BY_LOSS.best(rivals).rate == 0.01


def test_accuracy_counts_first_and_then_the_loss() -> None:
    sure, right, wrong = (
        trial(0.01, [0.20], [0.954]),
        trial(0.1, [0.30], [0.958]),
        trial(1.0, [0.10], [0.952]),
    )
    assert BY_LOSS.best([sure, right, wrong]) is sure  # 0.4 points behind, and the better loss
    assert BY_LOSS.best([right, wrong]) is right  # 0.6 points are more than half a point


def test_another_monitored_figure_counts_alone() -> None:
    by_auc = Criterion("val_auc", "max", 2.0, 2.0)
    low, high = trial(0.01, [0.2], [0.9], val_auc=0.7), trial(0.1, [0.9], [0.5], val_auc=0.8)
    assert by_auc.best([low, high]) is high
    assert not by_auc.does_as_well(low, high)


def test_without_validation_rows_the_training_figures_count() -> None:
    criterion = Criterion("loss", "min", 2.0, 2.0)
    low, high = (
        RateTrial(0.01, ({"loss": 0.5, "accuracy": 0.9},)),
        RateTrial(0.1, ({"loss": 0.6, "accuracy": 0.95},)),
    )
    assert criterion.best([low, high]) is high


@pytest.mark.parametrize(
    ("loss", "accuracy", "well", "equal"),
    [
        (0.239, 0.949, True, True),  # a fiftieth of the start at 2
        (0.241, 0.949, False, False),
        (0.1, 0.946, True, True),
        (0.1, 0.941, True, False),
        (0.1, 0.939, False, False),
    ],
)
def test_a_point_of_accuracy_is_as_well_unless_the_loss_is_worse(
    loss: float, accuracy: float, well: bool, equal: bool
) -> None:
    best, other = trial(0.1, [0.2], [0.95]), trial(0.01, [loss], [accuracy])
    assert BY_LOSS.does_as_well(other, best) == well
    assert BY_LOSS.equals(other, best) == equal


@pytest.mark.parametrize(
    ("loss", "well", "equal"), [(1.04, True, True), (1.14, True, False), (1.16, False, False)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_fifteen_per_cent_of_the_loss_are_as_well(
    loss: float, well: bool, equal: bool, sign: int
) -> None:
    """Of a loss below zero, as cosine similarity has, the share is of its size."""
    best = trial(0.1, [sign * 1.0])
    other = trial(0.01, [sign * 1.0 + (loss - 1)])
    assert BY_LOSS.does_as_well(other, best) == well
    assert BY_LOSS.equals(other, best) == equal


@pytest.mark.parametrize(
    ("losses", "fault"),
    [
        ([1.5, 0.5, 0.3, 0.2, 0.1], ""),
        ([2.19, 1.0, 0.5, 0.2, 0.1], ""),  # a tenth of what it can fall above its start
        ([2.21, 1.0, 0.5, 0.2, 0.1], "loss rose above start"),
        ([1.0, 0.5, 9.0, 0.2, 0.1], ""),  # a spike that is recovered from
        ([1.0, 0.5, 9.0], "loss rose above start"),
        ([1.0, 9.0, 0.5, 9.0, 0.1], "loss rose above start"),
        ([1.0, 0.5, 0.1, 0.6, 0.6, 0.35], "loss climbed"),
        ([1.0, 0.5, 0.1, 0.6, 0.29, 0.6], ""),  # it jumps
        ([1.0, 0.1, 0.5, 0.6], ""),  # four epochs are too few
    ],
)
def test_faults(losses: list[float], fault: str) -> None:
    assert BY_LOSS.fault(trial(0.1, losses)) == fault


def test_what_diverged_is_at_fault_however_good_it_was() -> None:
    assert (
        BY_LOSS.fault(RateTrial(0.1, ({"loss": 0.1, "val_loss": 0.1},), diverged=True))
        == "diverged"
    )
