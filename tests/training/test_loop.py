"""The loop tells what happens, in order, and calls Keras's callbacks as Keras does."""

import csv
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.errors import ConfigError
from nnrun.training import engines
from nnrun.training.callbacks import build_callbacks
from nnrun.training.engines import (
    ChunkSize,
    CompiledEvaluation,
    CompiledTraining,
    make_resident,
)
from nnrun.training.events import ChunkEnded, EpochEnded, Event, Resumable, TrainingEnded
from nnrun.training.loop import Course, Programs, train_epochs
from nnrun.training.state import restore_state, use_averaged_weights

from .conftest import BATCH, assert_same_bits, every_variable, make_model, make_part

VALIDATION = make_part(30, seed=1)


class Bench:
    """One compiled model that every test finds in its first state."""

    def __init__(self) -> None:
        self.model = make_model(keras.optimizers.SGD(0.1))
        self.training = CompiledTraining(self.model, make_resident(make_part()), BATCH, "graph")
        self.validation = CompiledEvaluation(self.model, make_resident(VALIDATION), "graph")
        self.start = every_variable(self.model)

    def events(
        self,
        *callbacks: Any,
        epochs: int = 3,
        monitor: str = "val_loss",
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        restore_state(self.model, self.start)
        called = keras.callbacks.CallbackList(list(callbacks), model=self.model, epochs=epochs)
        course = Course(epochs, seed=3, shuffle=True, monitor=monitor, mode="min")
        programs = Programs(self.training, self.validation)
        return train_epochs(self.model, programs, called, course, should_stop)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def ended(events: list[Event]) -> list[EpochEnded]:
    return [event for event in events if isinstance(event, EpochEnded)]


def declared(name: str, folder: Path, **arguments: Any) -> Any:
    component = Component(name, "callbacks", "keras.callbacks", arguments)
    (callback,) = build_callbacks([component], folder)
    return callback


class Diary(keras.callbacks.Callback):
    """Writes down which hook is called, for which epoch or batch, and with what."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int | None, dict[str, float]]] = []


def _noting(name: str) -> Callable[..., None]:
    def hook(self: Diary, *given: Any, logs: Any = None) -> None:
        number = next((one for one in given if isinstance(one, int)), None)
        told = logs or next((one for one in given if isinstance(one, dict)), {})
        self.calls.append((name, number, dict(told)))

    return hook


for _when in ("train", "test", "epoch", "train_batch", "test_batch"):
    for _end in ("begin", "end"):
        setattr(Diary, f"on_{_when}_{_end}", _noting(f"on_{_when}_{_end}"))


class Spoil(keras.callbacks.Callback):
    """Multiplies the weights before the third epoch."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            for variable in self.model.trainable_variables:
                variable.assign(variable * self.factor)


def test_a_training_tells_its_epochs_and_its_end(bench: Bench) -> None:
    events = list(bench.events())
    an_epoch = ["ChunkEnded", "Resumable", "EpochEnded", "BestReached", "Resumable"]
    assert [type(event).__name__ for event in events] == an_epoch * 3 + ["TrainingEnded"]
    assert events[-1] == TrainingEnded("finished", 3)
    assert [event.epoch for event in ended(events)] == [1, 2, 3]
    for event in ended(events):
        assert list(event.figures) == [
            "loss",
            "accuracy",
            "val_loss",
            "val_accuracy",
            "learning_rate",
        ]
        assert event.seconds > 0
    losses = [event.figures["val_loss"] for event in ended(events)]
    assert losses == sorted(losses, reverse=True)
    assert all(event.improved for event in ended(events))


def test_an_epoch_that_is_no_better_is_not_the_best(bench: Bench) -> None:
    events = ended(list(bench.events(Spoil(50.0), epochs=4)))
    assert [event.improved for event in events] == [True, True, False, False]


def test_the_model_holds_the_weights_that_an_event_speaks_of(bench: Bench) -> None:
    for event in bench.events(epochs=2):
        if isinstance(event, EpochEnded):
            x, y = VALIDATION.inputs["x"], VALIDATION.targets["y"]
            figures = bench.model.evaluate(x, y, verbose=0, return_dict=True)
            assert event.figures["val_loss"] == pytest.approx(figures["loss"], rel=1e-6)
            assert event.figures["val_accuracy"] == pytest.approx(figures["accuracy"])


def test_hooks_come_in_keras_order_with_floats(bench: Bench) -> None:
    diary = Diary()
    list(bench.events(diary, epochs=2))
    epoch = [
        ("on_epoch_begin", 0),
        *((f"on_train_batch_{name}", step) for step in range(4) for name in ("begin", "end")),
        ("on_test_begin", None),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0),
        ("on_test_end", None),
        ("on_epoch_end", 0),
    ]
    called = [(name, number) for name, number, _ in diary.calls]
    assert called[0] == ("on_train_begin", None)
    assert called[1:15] == epoch
    assert called[15] == ("on_epoch_begin", 1)
    assert called[-1] == ("on_train_end", None)
    for name, _, logs in diary.calls:
        assert all(type(value) is float for value in logs.values())
        if name in ("on_train_batch_end", "on_test_end"):
            assert set(logs) == {"loss", "accuracy"}
        if name in ("on_epoch_end", "on_train_end"):
            assert set(logs) == {"loss", "accuracy", "val_loss", "val_accuracy"}


class Script(keras.callbacks.Callback):
    """Makes the validation loss what the test wants, for callbacks that come after it."""

    def __init__(self, losses: list[float]) -> None:
        super().__init__()
        self.losses = losses

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] = self.losses[epoch]


def test_early_stopping_waits_its_patience_and_brings_the_best_weights_back(
    bench: Bench, tmp_path: Path
) -> None:
    stopping = declared("EarlyStopping", tmp_path, patience=2, restore_best_weights=True)
    weights, events = {}, []
    for event in bench.events(Script([3, 1, 2, 2, 0.5]), stopping, epochs=5):
        events.append(event)
        if isinstance(event, EpochEnded):
            weights[event.epoch] = bench.model.get_weights()
    assert events[-1] == TrainingEnded("stopped", 4, "EarlyStopping")
    assert list(weights) == [1, 2, 3, 4]
    for now, best in zip(bench.model.get_weights(), weights[2], strict=True):
        np.testing.assert_array_equal(now, best)
    assert list(bench.events(epochs=1))[-1].reason == "finished"  # the wish to stop is forgotten


def test_a_plateau_lowers_the_rate_and_the_figures_show_it(bench: Bench, tmp_path: Path) -> None:
    plateau = declared("ReduceLROnPlateau", tmp_path, patience=1, factor=0.5)
    events = ended(list(bench.events(Script([1, 2, 2, 2]), plateau, epochs=4)))
    rates = [event.figures["learning_rate"] for event in events]
    assert rates == pytest.approx([0.1, 0.1, 0.1 * 0.5, 0.1 * 0.5**2])


def test_the_rate_of_a_schedule_is_that_of_the_last_step() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=20 * 4, decay_rate=0.1)
    model = make_model(keras.optimizers.SGD(schedule))
    training = CompiledTraining(model, make_resident(make_part()), BATCH, "graph")
    course = Course(5, seed=1, shuffle=True, monitor="loss", mode="min")
    called = keras.callbacks.CallbackList([], model=model)
    events = ended(list(train_epochs(model, Programs(training), called, course, lambda: False)))
    rates = [event.figures["learning_rate"] for event in events]
    last_steps = [4 * epoch - 1 for epoch in range(1, 6)]
    assert rates == pytest.approx([0.05 * 0.1 ** (step / 80) for step in last_steps], rel=1e-5)
    assert set(events[0].figures) == {"loss", "accuracy", "learning_rate"}


def test_a_rate_that_a_callback_sets_counts_from_the_next_step_on(bench: Bench) -> None:
    class After(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = 0.01 * (batch + 2)

    events = ended(list(bench.events(After(), epochs=2)))
    # The last of the four steps has what was set after the third; 0.05 is set after it.
    assert [event.figures["learning_rate"] for event in events] == pytest.approx([0.04, 0.04])


def test_checkpoints_and_logs_are_written_inside_the_run(bench: Bench, tmp_path: Path) -> None:
    every = declared("ModelCheckpoint", tmp_path, filepath="checkpoints/epoch-{epoch:02d}.keras")
    weights = declared("ModelCheckpoint", tmp_path, filepath="w.weights.h5", save_weights_only=True)
    table = declared("CSVLogger", tmp_path, filename="logs/table.csv")
    board = declared("TensorBoard", tmp_path)
    events = ended(list(bench.events(every, weights, table, board, epochs=2)))
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["epoch-01.keras", "epoch-02.keras"]
    assert (tmp_path / "w.weights.h5").is_file()
    loaded = keras.models.load_model(tmp_path / "checkpoints" / "epoch-02.keras")
    for mine, saved in zip(bench.model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, saved)
    with (tmp_path / "logs" / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_loss"]) for row in rows] == [e.figures["val_loss"] for e in events]
    assert list((tmp_path / "tensorboard" / "train").iterdir())


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("ModelCheckpoint", {"filepath": "../best.keras"}),
        ("ModelCheckpoint", {"filepath": "/tmp/best.keras"}),
        ("ModelCheckpoint", {"filepath": "{epoch}/../../best.keras"}),
        ("CSVLogger", {"filename": "link/log.csv"}),
        ("TensorBoard", {"log_dir": ".."}),
        ("OrbaxCheckpoint", {"directory": "../orbax"}),
    ],
)
def test_nothing_is_written_outside_the_run(
    tmp_path: Path, name: str, argument: dict[str, str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "link").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="folder for callbacks"):
        declared(name, run, **argument)


def test_a_callback_of_the_users_own_is_imported(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_callbacks.py").write_text(
        "import keras\n"
        "class Stop(keras.callbacks.Callback):\n"
        "    def __init__(self, after): super().__init__(); self.after = after\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        self.model.stop_training = epoch + 1 == self.after\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    component = Component("my_own_callbacks:Stop", "callbacks", None, {"after": 2})
    events = list(bench.events(*build_callbacks([component], tmp_path), epochs=5))
    assert events[-1] == TrainingEnded("stopped", 2, "a callback")


def test_a_loss_that_is_not_finite_ends_it(bench: Bench, tmp_path: Path) -> None:
    terminate = declared("TerminateOnNaN", tmp_path)
    diary = Diary()
    events = list(bench.events(Spoil(np.inf), terminate, diary, epochs=5))
    assert [event.epoch for event in ended(events)] == [1, 2]
    assert events[-1] == TrainingEnded("diverged", 2, "loss is nan in epoch 3")
    assert [at for name, at, _ in diary.calls if name == "on_epoch_end"] == [0, 1]
    assert diary.calls[-1][0] == "on_train_end"


def test_a_validation_figure_that_is_not_finite_ends_it(bench: Bench) -> None:
    class Late(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            self.model.trainable_variables[0].assign(
                np.full(self.model.trainable_variables[0].shape, np.nan)
            )

    events = list(bench.events(Late()))
    assert not ended(events)
    assert events[-1] == TrainingEnded("diverged", 0, "val_loss is nan in epoch 1")


def test_an_interrupt_is_noticed_between_chunks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "FIRST_CHUNK", 1)
    monkeypatch.setattr(engines, "CHUNK_SECONDS", 0)
    # After each step but the last, before the validation, after the epoch; then in the next one.
    answers = iter([False, False, False, False, False, True])
    diary = Diary()
    events = list(bench.events(diary, should_stop=lambda: next(answers)))
    assert events[-1] == TrainingEnded("interrupted", 1)
    last, state = events[-3:-1]
    assert isinstance(last, ChunkEnded)
    assert (last.epoch, last.step) == (2, 1)
    assert isinstance(state, Resumable)
    assert (state.position.epoch, state.position.step) == (1, 1)
    assert set(last.metrics) == {"loss", "accuracy"}
    assert [name for name, _, _ in diary.calls].count("on_epoch_end") == 1
    assert diary.calls[-1][0] == "on_train_end"


def test_an_interrupt_in_the_last_chunk_keeps_the_epoch(bench: Bench) -> None:
    events = list(bench.events(should_stop=lambda: True))
    assert [event.epoch for event in ended(events)] == [1]
    assert events[-1] == TrainingEnded("interrupted", 1)


def test_callbacks_are_closed_when_nobody_listens_any_more(bench: Bench) -> None:
    diary = Diary()
    events = bench.events(diary)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert diary.calls[-1][0] == "on_train_end"


def test_averaged_weights_are_validated_and_the_training_goes_on_with_its_own() -> None:
    def averaging(**options: Any) -> Any:
        return make_model(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), **options)

    model, plain, fitted = averaging(), averaging(), averaging()
    part = make_part()
    called = keras.callbacks.CallbackList([], model=model)
    course = Course(2, seed=1, shuffle=False, monitor="val_loss", mode="min")
    training = CompiledTraining(model, make_resident(part), BATCH, "graph")
    validation = CompiledEvaluation(model, make_resident(VALIDATION), "graph")
    events = ended(
        list(train_epochs(model, Programs(training, validation), called, course, lambda: False))
    )

    alone = CompiledTraining(plain, make_resident(part), BATCH, "graph")
    for _ in range(2):
        alone.begin_epoch(np.arange(alone.rows, dtype="int32"))
        alone.run(0, alone.steps)
    assert_same_bits(every_variable(model), every_variable(plain))

    x, y = part.inputs["x"], part.targets["y"]
    fitted.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0)
    use_averaged_weights(model)
    for mine, other in zip(model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)
    figures = model.evaluate(
        VALIDATION.inputs["x"], VALIDATION.targets["y"], verbose=0, return_dict=True
    )
    assert events[-1].figures["val_loss"] == pytest.approx(figures["loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("mode", "value", "best", "expected"),
    [
        ("min", 1.0, None, True),
        ("min", 1.0, 2.0, True),
        ("min", 2.0, 2.0, False),
        ("max", 3.0, 2.0, True),
        ("max", 1.0, 2.0, False),
        ("min", math.nan, None, False),
        ("max", math.inf, 1.0, False),
        ("min", -math.inf, 1.0, False),
    ],
)
def test_only_finite_values_are_better(
    mode: str, value: float, best: float | None, expected: bool
) -> None:
    course = Course(1, seed=1, shuffle=True, monitor="loss", mode=mode)
    assert course.is_better(value, best) is expected


def test_chunks_grow_towards_their_time_and_shrink() -> None:
    chunk = ChunkSize()
    chunk.measure(8, 5.0)  # compiled as well: tells nothing
    assert chunk.steps == 8
    chunk.measure(8, 0.003)
    assert chunk.steps == 16 * 8  # by the time it would be 800: no faster than that
    chunk.measure(40, 0.003)  # the end of an epoch: too short to tell
    assert chunk.steps == 128
    chunk.measure(128, 1.2)
    assert chunk.steps == 32
    chunk.measure(32, 1000.0)
    assert chunk.steps == 1


class SpoilUnseen(keras.callbacks.Callback):
    """Puts a NaN into a weight after the second epoch's figures are there."""

    def on_test_end(self, logs: Any = None) -> None:
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == 2:
            bias = self.model.trainable_variables[-1]
            bias.assign(bias * np.nan)


def test_a_weight_that_no_figure_shows_to_be_bad_ends_the_training(bench: Bench) -> None:
    events = list(bench.events(SpoilUnseen()))
    assert [event.epoch for event in ended(events)] == [1]
    last = events[-1]
    assert isinstance(last, TrainingEnded)
    assert (last.reason, last.epoch) == ("diverged", 1)
    path = bench.model.trainable_variables[-1].path
    assert last.detail == f"{path} is not finite in epoch 2"
