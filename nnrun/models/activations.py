"""Activations that Keras lacks, as layers: `activation: Heaviside` and `- Heaviside` alike."""

from typing import Any

import keras
from keras import ops

__all__ = ["Heaviside", "NoisyReLU"]


@keras.saving.register_keras_serializable("nnrun")
class Heaviside(keras.layers.Layer):
    """The step function, 1 from 0 on and 0 below, whose gradient passes straight through.

    A step has no slope to learn by. Here it has that of its input, 1 everywhere, so that a loss
    whose gradient for the output is -(y - ŷ), as `HalfSquaredError`, gives the weights Rosenblatt's
    rule w ← w + η (y - ŷ) x under plain SGD (F. Rosenblatt, "The perceptron", 1958; Géron, Hands-On
    Machine Learning, chapter 10; straight-through estimator: Bengio, Léonard and Courville,
    arXiv:1308.3432). The output has the shape of the input.
    """

    def call(self, inputs: Any) -> Any:
        """0 and 1 in the inputs' shape and dtype."""
        step = ops.stop_gradient(ops.cast(inputs >= 0, inputs.dtype))
        # What is added is exactly 0; its gradient is 1.
        return step + (inputs - ops.stop_gradient(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return input_shape


@keras.saving.register_keras_serializable("nnrun")
class NoisyReLU(keras.layers.Layer):
    """A rectified linear unit with Gaussian noise on its input while it is trained: max(0, x + n).

    n has the mean 0 and, where no `stddev` is given, the variance sigmoid(x): the noise of V. Nair
    and G. Hinton, "Rectified linear units improve restricted Boltzmann machines" (ICML 2010). It
    counts as a constant in the gradient. Without training it is a plain ReLU. The output has the
    shape of the input.

    Args:
        stddev: A float, the standard deviation of the noise, the same for every input; null lets it
            follow from the input.
        seed: An integer to draw the noise by; null takes the seed of the experiment.
    """

    def __init__(self, stddev: float | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if stddev is not None and stddev < 0:
            raise ValueError(f"stddev must be 0 or more, not {stddev}")
        self.stddev = stddev
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs cut off at 0; in training, noise is added first."""
        if not training:
            return ops.relu(inputs)
        noise = keras.random.normal(ops.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        stddev = ops.sqrt(ops.sigmoid(inputs)) if self.stddev is None else self.stddev
        return ops.relu(inputs + ops.stop_gradient(noise * stddev))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
