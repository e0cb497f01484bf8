"""Callbacks that count steps are called at the very steps at which `model.fit` calls them."""

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnrun.config.components import Component
from nnrun.training import batch_hooks
from nnrun.training.batch_hooks import (
    period,
    slow_callbacks,
    steps_to_call,
    watches_evaluation,
)
from nnrun.training.callbacks import LayerMonitor, Pruning, Traces
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.events import ChunkEnded, Event, Resumable, TrainingEnded
from nnrun.training.loop import Course, Programs, train_epochs
from nnrun.training.streaming import StreamedEvaluation, StreamedTraining

from .conftest import BATCH, ROWS, make_model, make_part

VALIDATION = make_part(40, seed=1)
EPOCHS, STEPS = 3, 4


class Inherited(keras.callbacks.ModelCheckpoint):
    """Keras's, with nothing of its own."""


class Counting(keras.callbacks.Callback):
    """Notes every call that has to do with batches, and the figures that come with it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []
        self.figures: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._note("epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note("train_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._note("train_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note("test_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._note("test_end", batch, logs)

    def _note(self, name: str, batch: int, logs: Any) -> None:
        self.calls.append((name, batch))
        self.figures += [logs[name] for name in sorted(logs)]


class StopAt(keras.callbacks.Callback):
    """Ends the training, and halves the weights, at a step of the second epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_batch_end(self, batch: int, logs: Any = None) -> None:  # the older name of the hook
        if (self.epoch, batch) == (1, 1):
            self.model.layers[0].kernel.assign(self.model.layers[0].kernel / 2)
            self.model.stop_training = True


@pytest.mark.parametrize(
    ("callback", "every"),
    [
        (lambda: keras.callbacks.ModelCheckpoint("a.keras"), None),
        (lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=7), 7),
        (lambda: Inherited("a.keras", save_freq=7), 7),
        (lambda: Inherited("a.keras"), None),
        (lambda: keras.callbacks.TensorBoard("logs"), None),
        (lambda: keras.callbacks.TensorBoard("logs", update_freq="batch"), 1),
        (lambda: keras.callbacks.TensorBoard("logs", update_freq=5), 1),
        (lambda: keras.callbacks.TensorBoard("logs", write_steps_per_second=True), 1),
        (lambda: keras.callbacks.BackupAndRestore("folder"), None),
        (lambda: keras.callbacks.BackupAndRestore("folder", save_freq=9), 1),
        (lambda: keras.callbacks.LambdaCallback(on_train_batch_end=print), 1),
        (lambda: keras.callbacks.LambdaCallback(on_epoch_end=print), None),
        (Counting, 1),
        (StopAt, 1),
        (keras.callbacks.EarlyStopping, None),
        (keras.callbacks.ReduceLROnPlateau, None),
        (keras.callbacks.TerminateOnNaN, None),
        (lambda: keras.callbacks.CSVLogger("log.csv"), None),
        (LayerMonitor, None),
        (Pruning, None),
        (Traces, None),
    ],
)
def test_when_a_callback_is_to_be_called(callback: Callable[[], Any], every: int | None) -> None:
    assert period(callback()) == every


def test_who_counts_the_batches_of_an_evaluation() -> None:
    assert watches_evaluation([Counting()])
    assert watches_evaluation([keras.callbacks.TensorBoard("logs", update_freq=5)])
    quiet = [keras.callbacks.TensorBoard("logs"), StopAt(), keras.callbacks.EarlyStopping()]
    assert not watches_evaluation(quiet)


def test_what_calls_at_every_step_cost_is_told() -> None:
    names = ("mine:Counting", "EarlyStopping")
    components = [Component(name, "callbacks", path=f"callbacks[0].{name}") for name in names]
    called = [Counting(), keras.callbacks.EarlyStopping()]
    assert list(slow_callbacks(components, called, steps=999)) == []
    (told,) = slow_callbacks(components, called, steps=3438)
    assert told.path == "callbacks[0].mine:Counting"
    assert "mine:Counting is called at each of 3,438 training steps" in told.message
    assert told.severity == "warning"


def test_steps_to_the_next_call() -> None:
    assert doctest.testmod(batch_hooks).failed == 0
    assert [steps_to_call({3}, done) for done in range(7)] == [3, 2, 1, 3, 2, 1, 3]
    assert steps_to_call({4, 6}, 4) == 2
    assert steps_to_call(set(), 4) is None


def train(
    *callbacks: Any, rows: str = "resident", should_stop: Callable[[], bool] = lambda: False
) -> tuple[Any, list[Event]]:
    """A model and the events of its training, in the order of the rows."""
    model = make_model(keras.optimizers.SGD(0.1))
    engine = (
        Programs(
            CompiledTraining(model, make_resident(make_part()), BATCH, "graph"),
            CompiledEvaluation(model, make_resident(VALIDATION), "graph", BATCH),
        )
        if rows == "resident"
        else Programs(  # blocks of two steps each
            StreamedTraining(model, make_part(), BATCH, "graph", block_bytes=28 * 2 * BATCH),
            StreamedEvaluation(model, VALIDATION, "graph", BATCH, block_bytes=28 * 2 * BATCH),
        )
    )
    called = keras.callbacks.CallbackList(list(callbacks), model=model, epochs=EPOCHS)
    course = Course(EPOCHS, seed=3, shuffle=False, monitor="val_loss", mode="min")
    return model, list(train_epochs(model, engine, called, course, should_stop))


def fit(*callbacks: Any) -> Any:
    """The model that Keras's own `fit` makes of the same."""
    model = make_model(keras.optimizers.SGD(0.1))
    part = make_part()
    held = (VALIDATION.inputs["x"], VALIDATION.targets["y"])
    model.fit(
        part.inputs["x"],
        part.targets["y"],
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        validation_data=held,
        callbacks=list(callbacks),
        verbose=0,
    )
    return model


def assert_same_weights(mine: Any, other: Any) -> None:
    for one, another in zip(mine.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", ["resident", "streaming"])
def test_every_hook_for_batches_comes_as_in_fit(rows: str) -> None:
    mine, other = Counting(), Counting()
    train(mine, rows=rows)
    fit(other)
    assert -(-ROWS // BATCH) == STEPS
    assert mine.calls == other.calls
    assert mine.calls.count(("train_end", 2)) == EPOCHS
    np.testing.assert_allclose(mine.figures, other.figures, rtol=1e-5)


def test_models_are_kept_after_the_steps_that_save_freq_counts(tmp_path: Path) -> None:
    name = "s-{epoch:02d}-{batch:02d}.keras"
    for folder, run in (("mine", train), ("other", fit)):
        (tmp_path / folder).mkdir()
        run(keras.callbacks.ModelCheckpoint(str(tmp_path / folder / name), save_freq=3))
    files = [
        sorted(path.name for path in (tmp_path / folder).iterdir()) for folder in ("mine", "other")
    ]
    assert files[0] == ["s-01-03.keras", "s-02-02.keras", "s-03-01.keras", "s-03-04.keras"]
    assert files[0] == files[1]
    for file in files[0]:
        mine, other = (
            keras.models.load_model(tmp_path / folder / file) for folder in ("mine", "other")
        )
        assert_same_weights(mine, other)


def test_tensorboard_gets_the_points_of_fit(tmp_path: Path) -> None:
    for name, run in (("mine", train), ("other", fit)):
        folder = str(tmp_path / name)
        run(keras.callbacks.TensorBoard(folder, update_freq=3, write_graph=False))
    mine, other = points(tmp_path / "mine"), points(tmp_path / "other")
    assert [step for step, _ in mine["train", "batch_loss"]] == [3, 6, 9, 12]
    assert mine.keys() == other.keys()
    for key, told in mine.items():
        assert told == pytest.approx(other[key], rel=1e-4), key


def points(folder: Path) -> dict[tuple[str, str], np.ndarray]:
    """The steps and values of every curve, by the folder of its file and its name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for part in ("train", "validation"):
        events = EventAccumulator(str(folder / part), size_guidance={"tensors": 0}).Reload()
        for name in events.Tags()["tensors"]:
            told = [(one.step, tf.make_ndarray(one.tensor_proto)) for one in events.Tensors(name)]
            if name != "keras":  # which is the model, as text
                found[part, name] = np.array([(step, float(value)) for step, value in told])
    return found


def test_chunks_end_only_where_somebody_counts(tmp_path: Path) -> None:
    def ends(*callbacks: Any) -> list[tuple[int, int]]:
        _, events = train(*callbacks)
        return [(one.epoch, one.step) for one in events if isinstance(one, ChunkEnded)]

    whole = [(1, 4), (2, 4), (3, 4)]
    assert (
        ends() == ends(keras.callbacks.EarlyStopping(), Inherited("a.keras", save_freq=99)) == whole
    )
    kept = keras.callbacks.ModelCheckpoint(str(tmp_path / "last.keras"), save_freq=3)
    assert ends(kept) == [(1, 3), (1, 4), (2, 2), (2, 4), (3, 1), (3, 4)]


def test_a_callback_that_stops_at_a_step_gives_the_weights_of_fit() -> None:
    model, events = train(StopAt())
    assert events[-1] == TrainingEnded("stopped", 2, "a callback")
    assert_same_weights(model, fit(StopAt()))


def test_an_interrupt_after_the_step_that_stops_says_so() -> None:
    """The epoch is then not trained any further when the run is resumed."""
    asked = iter([False] * 4 + [False, True])  # in the first epoch and after it, then in the second
    _, events = train(StopAt(), should_stop=lambda: next(asked))
    assert events[-1] == TrainingEnded("interrupted", 1)
    position = [one.position for one in events if isinstance(one, Resumable)][-1]
    assert (position.epoch, position.step, position.stopping) == (1, 2, True)
