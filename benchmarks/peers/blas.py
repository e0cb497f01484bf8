"""The limit: the matrix products of the dense layers and the updates of their weights, no more.

NumPy gives them to its BLAS, batch by batch, forwards and backwards. There is no loss, no bias, no
activation, no metric and no order of rows, so nothing is learned; optimizers other than SGD would
need more. The validation rows go forwards once an epoch.
"""

import itertools

import numpy as np

from benchmarks.peers.task import decline, given_task, now, report, seconds_per_epoch

RATE = np.float32(1e-6)  # small, so that no weight overflows


class Products:
    """Weights `[inputs, units]` of dense layers, and buffers for their gradients."""

    def __init__(self, widths: list[int], seed: int) -> None:
        draws = np.random.default_rng(seed)
        shapes = list(itertools.pairwise(widths))
        self.weights = [draws.normal(0, 0.05, shape).astype("float32") for shape in shapes]
        self.gradients = [np.empty_like(weights) for weights in self.weights]

    def forward(self, rows: np.ndarray) -> list[np.ndarray]:
        """Every layer's input, and the output."""
        values = [rows]
        for weights in self.weights:
            values.append(values[-1] @ weights)
        return values

    def step(self, rows: np.ndarray) -> None:
        *inputs, error = self.forward(rows)
        error = error * RATE
        for layer in reversed(range(len(self.weights))):
            np.matmul(inputs[layer].T, error, out=self.gradients[layer])
            if layer:
                error = error @ self.weights[layer].T
            self.weights[layer] -= self.gradients[layer]


def main() -> None:
    task = given_task()
    if any(name.startswith("Conv") for name, _ in task.layers):
        decline("convolutions are no matrix products")
    (inputs, _), validation = task.load()
    inputs = inputs.reshape(len(inputs), -1)
    units = [arguments["units"] for name, arguments in task.layers if name == "Dense"]
    products = Products([inputs.shape[1], *units], task.seed)
    ends = []
    for _ in range(task.epochs):
        for start in range(0, len(inputs), task.batch_size):
            products.step(inputs[start : start + task.batch_size])
        if validation:
            products.forward(validation[0].reshape(len(validation[0]), -1))
        ends.append(now())
    report(seconds_per_epoch(ends), {})


if __name__ == "__main__":
    main()
