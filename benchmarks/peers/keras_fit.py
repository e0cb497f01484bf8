"""Plain Keras: `model.fit` on NumPy arrays with its defaults."""

import time
from pathlib import Path

import keras

from benchmarks.peers.task import Task, given_task, now, report, seconds_per_epoch


class EpochEnds(keras.callbacks.Callback):
    """Notes when epochs end. It has no hooks for batches, which would slow `fit` down."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002 - Keras's signature
        self.ends.append(now())


class FirstStep(keras.callbacks.Callback):
    """Notes when the first step was done."""

    time: float | None = None

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002 - Keras's signature
        self.time = self.time or time.time()


def build_model(task: Task, shape: tuple[int, ...], **options) -> keras.Model:
    keras.utils.set_random_seed(task.seed)
    layers = [getattr(keras.layers, name)(**arguments) for name, arguments in task.layers]
    model = keras.Sequential([keras.Input(shape), *layers])
    name, arguments = task.optimizer
    optimizer = getattr(keras.optimizers, name)(**arguments)
    model.compile(loss=task.loss, optimizer=optimizer, metrics=[task.metric], **options)
    return model


def callbacks(task: Task) -> list[keras.callbacks.Callback]:
    """What a user of Keras asks for where the task wants a history and checkpoints on disk."""
    if not task.writes:
        return []
    folder = Path(task.output)
    return [
        keras.callbacks.CSVLogger(folder / "history.csv"),
        keras.callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True),
    ]


def main() -> None:
    task = given_task()
    (x_train, y_train), validation = task.load()
    model = build_model(task, x_train.shape[1:])
    epochs, first = EpochEnds(), FirstStep()
    history = model.fit(
        x_train,
        y_train,
        batch_size=task.batch_size,
        epochs=task.epochs,
        validation_data=validation,
        callbacks=[epochs, *callbacks(task), *([first] if task.epochs == 1 else [])],
        verbose=0,
    )
    quality = {name: values[-1] for name, values in history.history.items()}
    report(seconds_per_epoch(epochs.ends), quality, first.time)


if __name__ == "__main__":
    main()
