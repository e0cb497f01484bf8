"""What is said of figures that are not finite."""

import math

from nnrun.runs.history import History
from nnrun.runs.undefined import UndefinedFigures

NAN = math.nan


def history(**columns: list[float]) -> History:
    rows = zip(*columns.values(), strict=True)
    return History(
        {"epoch": epoch, **dict(zip(columns, row, strict=True))}
        for epoch, row in enumerate(rows, 1)
    )


def figures(monitor: str = "val_loss", before: History | None = None) -> UndefinedFigures:
    watchers = {"val_r": ["EarlyStopping", "ReduceLROnPlateau"], "val_loss": ["EarlyStopping"]}
    return UndefinedFigures(before or History(), monitor, watchers)


def test_a_figure_is_spoken_of_once() -> None:
    undefined = figures()
    assert undefined.take_in(1, {"loss": 1.0, "r": 0.5}) == ""
    assert undefined.take_in(2, {"loss": 1.0, "r": NAN, "s": math.inf}) == (
        "r and s are not finite in epoch 2; the loss and the weights are, so the training continues"
    )
    assert undefined.take_in(3, {"loss": 1.0, "r": NAN, "s": 1.0}) == ""


def test_who_watches_it_is_told() -> None:
    assert figures("val_r").take_in(4, {"r": 1.0, "val_r": NAN}) == (
        "val_r is not finite in epoch 4; the loss and the weights are, so the training continues. "
        "An epoch without a finite val_r is never the best. "
        "EarlyStopping takes it for no improvement. ReduceLROnPlateau takes it for no improvement"
    )


def test_what_was_told_before_a_run_broke_off_is_not_told_again() -> None:
    assert figures(before=history(r=[NAN, 1.0])).take_in(3, {"r": NAN}) == ""


def test_the_summary_says_how_often_and_since_when() -> None:
    told = figures().summary(
        history(loss=[1.0, 1.0, 1.0], r=[NAN] * 3, s=[1.0, NAN, NAN], t=[1.0, NAN, NAN]),
        for_want_of_best=False,
    )
    assert told == [
        "r was not finite in any of the 3 epochs",
        "s and t were not finite in 2 of 3 epochs, first in epoch 2",
    ]
    assert figures().summary(history(loss=[1.0]), for_want_of_best=False) == []


def test_the_last_epoch_in_place_of_the_best_is_told() -> None:
    (_, told) = figures("r").summary(history(r=[NAN]), for_want_of_best=True)
    assert told == (
        "no epoch is the best, since r was never finite: the saved model is that of the last epoch"
    )
