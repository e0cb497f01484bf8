"""The Fashion-MNIST network as the book's reader writes it: plain Keras and `model.fit`.

Prints the seconds of each epoch, validation included, as a JSON list.
"""

import json
import sys
import time

import keras

from nnrun.data.sources.finding import named_dataset


class EpochTimes(keras.callbacks.Callback):
    """Notes how long each epoch takes."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, _epoch, logs=None):  # noqa: ARG002 - Keras's signature
        self.started = time.perf_counter()

    def on_epoch_end(self, _epoch, logs=None):  # noqa: ARG002 - Keras's signature
        self.seconds.append(time.perf_counter() - self.started)


def main(epochs: int) -> None:
    rows = named_dataset("fashion_mnist").load()
    images, labels = rows.inputs / 255.0, rows.targets
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.01),
        metrics=["accuracy"],
    )
    times = EpochTimes()
    model.fit(
        images[5000:],
        labels[5000:],
        batch_size=32,
        epochs=epochs,
        validation_data=(images[:5000], labels[:5000]),
        callbacks=[times],
        verbose=0,
    )
    print(json.dumps(times.seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
