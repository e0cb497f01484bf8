"""A callback of one's own, named by digits_own_callback.yaml."""

import keras


class HalveOnRise(keras.callbacks.Callback):
    """Halves the learning rate after every epoch in which the training loss has risen."""

    def __init__(self, lowest=0.0):
        super().__init__()
        self.lowest = lowest
        self.before = float("inf")

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] > self.before:
            rate = float(self.model.optimizer.learning_rate)
            self.model.optimizer.learning_rate = max(self.lowest, rate / 2)
        self.before = logs["loss"]
