"""Training and evaluation with rows on the host, which the device gets block by block.

The blocks take the place of the resident rows in the very same compiled programs, so the numbers
are the same to the last bit. While one block is trained on, a thread gathers the next.
"""

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.data.splits import Arrays, Part
from nnrun.training.engines import (
    EvaluationStoppedError,
    Resident,
    as_floats,
    build_loss_and_metrics,
    evaluation_batch,
    evaluation_program,
    make_resident,
    never,
    training_programs,
    widest_row,
)

BLOCK_BYTES = 16 * 2**20
"""What a block is to hold: many steps of a small model, and little beside the weights of a large one.

At most three are alive at once, each on the host and on the device."""


@dataclass(frozen=True)
class Block:
    """The rows of some steps, on the device.

    Attributes:
        data: The rows; those beyond the block's own, where it is short, mean nothing.
        order: Where in `data` each row is that the steps visit, one after the other: int32 `(rows,)`.
    """

    data: Resident
    order: np.ndarray


class RowBlocks:
    """An epoch's rows in blocks of equal shape, and a last, smaller one.

    Args:
        part: The rows; arrays in memory or on disk (`numpy.memmap`), read in pieces.
        weights: A float32 weight for each row, or None.
        batch_size: Rows in a step.
        block_bytes: What a block is to hold; it holds one step at least.
    """

    def __init__(
        self, part: Part, weights: np.ndarray | None, batch_size: int, block_bytes: int
    ) -> None:
        self._part, self._weights = part, weights
        full_steps = part.rows // batch_size
        self._full = full_steps * batch_size
        fitting = block_bytes // (_row_bytes(part) * batch_size)
        self.steps = max(1, min(fitting, full_steps))
        self.size = self.steps * batch_size
        self.count = math.ceil(full_steps / self.steps)
        """Blocks of full steps; the one that follows them holds the rows left over."""
        self._last = self.count if part.rows > self._full else self.count - 1
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rows")
        self._ahead: dict[int, Future[Block]] = {}

    def begin(self, order: np.ndarray) -> None:
        """Set the order in which the rows are visited."""
        self._order = order
        self._ahead = {}

    def take(self, index: int) -> Block:
        """A block by its number; the next one is gathered in the background."""
        wanted = range(index, min(index + 1, self._last) + 1)
        # What is there already stays until it is left behind: the next chunk may begin within it.
        self._ahead = {
            number: self._ahead.get(number)
            or self._thread.submit(self._gather, self._order, number)
            for number in wanted
        }
        return self._ahead[index].result()

    def _gather(self, order: np.ndarray, index: int) -> Block:
        first = min(index * self.size, self._full)
        stop = min(first + self.size, self._full) if index < self.count else len(order)
        visited = order[first:stop]
        size = self.size if index < self.count else len(visited)
        rows = np.sort(visited)  # whatever is on disk is read in its order
        part = Part(_padded(self._part.inputs, rows, size), _padded(self._part.targets, rows, size))
        weights = None if self._weights is None else _pad(self._weights, rows, size)
        places = np.zeros(size, np.int32)
        places[: len(visited)] = np.searchsorted(rows, visited)
        return Block(make_resident(part, weights), places)


class StreamedTraining:
    """Training steps of one model over rows on the host; used like a `CompiledTraining`.

    Args:
        model: A compiled Keras model; its state changes as the steps run.
        part: The training rows, in memory or on disk (`numpy.memmap`).
        batch_size: Rows in a step; the last step of an epoch takes the rows that are left.
        engine: `xla` or `graph`.
        weights: A float32 weight for each row, or None.
        block_bytes: Rows handed over at once.
    """

    def __init__(
        self,
        model: Any,
        part: Part,
        batch_size: int,
        engine: str,
        *,
        weights: np.ndarray | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        build_loss_and_metrics(model, _first_row(part, weights))
        self.model = model
        self.rows = part.rows
        self.batch_size = batch_size
        self.full_steps, self.rows_left = divmod(part.rows, batch_size)
        self.steps = self.full_steps + bool(self.rows_left)
        self._blocks = RowBlocks(part, weights, batch_size, block_bytes)
        self._engine = engine
        self.compile()

    def compile(self) -> None:
        """Compile the programs, again if other variables are trainable than before."""
        self._run_steps, self._run_last = training_programs(self.model, self._engine)

    def begin_epoch(self, order: np.ndarray) -> None:
        """Set the order in which the epoch visits the rows; the metrics are not reset."""
        self._blocks.begin(order)

    def run(self, start: int, stop: int) -> dict[str, float]:
        """Train steps `start` to `stop - 1` of the epoch; the epoch's loss and metrics so far."""
        figures: dict[str, Any] = {}
        while start < min(stop, self.full_steps):
            index, first = divmod(start, self._blocks.steps)
            last = min(stop, self.full_steps) - index * self._blocks.steps
            last = min(last, self._blocks.steps)
            block = self._blocks.take(index)
            order = tf.constant(block.order.reshape(-1, self.batch_size))
            figures = self._run_steps(
                block.data.parts, order, tf.constant(first), tf.constant(last)
            )
            start = index * self._blocks.steps + last
        if stop > self.full_steps:
            block = self._blocks.take(self._blocks.count)
            figures = self._run_last(block.data.parts, tf.constant(block.order))
        return as_floats(figures)


class StreamedEvaluation:
    """Keras's `test_step` over rows on the host; used like a `CompiledEvaluation`.

    Args:
        model: A compiled Keras model.
        part: The rows, in memory or on disk (`numpy.memmap`), with their weights.
        engine: `xla` or `graph`.
        batch_size: Rows in a step; None for as many as fit well.
        block_bytes: Rows handed over at once.
    """

    def __init__(
        self,
        model: Any,
        part: Part,
        engine: str,
        batch_size: int | None = None,
        *,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        build_loss_and_metrics(model, _first_row(part, part.weights))
        self.model = model
        self.batch_size = batch_size or evaluation_batch(part.rows, widest_row(model))
        self.full_steps, self.rows_left = divmod(part.rows, self.batch_size)
        self.steps = self.full_steps + bool(self.rows_left)
        self._order = np.arange(part.rows, dtype=np.int32)
        self._blocks = RowBlocks(part, part.weights, self.batch_size, block_bytes)
        self._run_steps = evaluation_program(model, engine, self.batch_size)
        self._run_last = evaluation_program(model, engine, self.rows_left)

    def run(
        self, should_stop: Callable[[], bool] = never, callbacks: Any = None
    ) -> dict[str, float]:
        """Loss and metrics over all rows; the model's metrics are reset before and hold them after.

        Args:
            should_stop: Asked between blocks; True ends it there.
            callbacks: A `keras.callbacks.CallbackList` that is told of every batch, if any.

        Raises:
            EvaluationStoppedError: It was stopped.
        """
        self.model.reset_metrics()
        self._blocks.begin(self._order)
        figures: dict[str, float] = {}
        for index in range(self._blocks.count):
            if index and should_stop():
                raise EvaluationStoppedError
            steps = min(self._blocks.steps, self.full_steps - index * self._blocks.steps)
            count = 1 if callbacks else steps
            for first in range(0, steps, count):
                figures = self._batches(self._run_steps, index, first, count, callbacks)
        if self.rows_left:
            figures = self._batches(self._run_last, self._blocks.count, 0, 1, callbacks)
        self._blocks.begin(self._order)  # which lets go of the last rows
        return figures

    def _batches(
        self, program: Callable[..., Any], index: int, first: int, count: int, callbacks: Any
    ) -> dict[str, float]:
        batch = min(index * self._blocks.steps, self.full_steps) + first
        if callbacks:
            callbacks.on_test_batch_begin(batch)
        parts = self._blocks.take(index).data.parts
        row = tf.constant(first * self.batch_size)
        figures = as_floats(program(parts, row, tf.constant(count)))
        if callbacks:
            callbacks.on_test_batch_end(batch + count - 1, figures)
        return figures


def _first_row(part: Part, weights: np.ndarray | None) -> Resident:
    """The first row, which is enough to build the variables of loss and metrics."""
    row = keras.tree.map_structure(
        lambda array: np.asarray(array[:1]), {"inputs": part.inputs, "targets": part.targets}
    )
    return make_resident(Part(**row), None if weights is None else weights[:1])


def _row_bytes(part: Part) -> int:
    arrays = [*part.inputs.values(), *part.targets.values()]
    return sum(max(1, array.nbytes // len(array)) for array in arrays)


def _padded(arrays: Arrays, rows: np.ndarray, size: int) -> Arrays:
    return {name: _pad(array, rows, size) for name, array in arrays.items()}


def _pad(array: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """Pad the rows to `size`, since another shape would have to be compiled again."""
    padded = np.zeros((size, *array.shape[1:]), array.dtype)
    padded[: len(rows)] = array[rows]
    return padded
