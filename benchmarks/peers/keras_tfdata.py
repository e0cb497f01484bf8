"""Tuned Keras: `model.fit` on a `tf.data` pipeline, 32 steps in one execution."""

import tensorflow as tf

from benchmarks.peers.keras_fit import EpochEnds, build_model, callbacks
from benchmarks.peers.task import given_task, report, seconds_per_epoch


def main() -> None:
    task = given_task()
    (x_train, y_train), validation = task.load()
    model = build_model(task, x_train.shape[1:], steps_per_execution=32)
    training = tf.data.Dataset.from_tensor_slices((x_train, y_train))
    training = training.shuffle(1024, seed=task.seed).batch(task.batch_size)
    if validation is not None:
        validation = tf.data.Dataset.from_tensor_slices(validation).batch(task.batch_size)
        validation = validation.prefetch(tf.data.AUTOTUNE)
    epochs = EpochEnds()
    history = model.fit(
        training.prefetch(tf.data.AUTOTUNE),
        epochs=task.epochs,
        validation_data=validation,
        callbacks=[epochs, *callbacks(task)],
        verbose=0,
    )
    quality = {name: values[-1] for name, values in history.history.items()}
    report(seconds_per_epoch(epochs.ends), quality)


if __name__ == "__main__":
    main()
