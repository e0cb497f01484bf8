"""Hidden values, weights and errors of a small net over the epochs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnrun.data.splits import Part
from nnrun.errors import UserError
from nnrun.runs.history import History
from nnrun.training.engines import as_floats
from nnrun.training.recording import Probe, Recorder

MOST_FIGURES = 5000
"""Most columns of the table: a net with more is not small."""

_SHOWN_CODES = 16


class Traces(Recorder):
    """Writes out the values inside a small network, every few epochs.

    The values of the hidden units for the first training rows, all weights, and the sum of squared
    errors of each output unit over these rows: the figures in which Mitchell shows the 8-3-8
    network learn. Rounded to 0 and 1, the hidden values of a row are its code; the figure
    `distinct_codes` says how many different ones there are.

    Args:
        every: The number of epochs between writes.
        layers: Names of the layers whose values are written; all hidden ones if left out.
        rows: How many of the first training rows are followed.

    Source: Mitchell, Machine Learning, chapter 4.
    """

    table = "traces.csv"
    charted = False

    def __init__(self, every: int = 1, layers: list[str] | None = None, rows: int = 8) -> None:
        super().__init__(every)
        if rows < 1:
            raise ValueError(f"rows must be 1 at least, not {rows}")
        self.layers, self.rows = layers, rows

    def attach(self, model: Any, train: Part) -> None:
        """Take in the model and the rows to follow.

        Raises:
            UserError: The net is not small, or a layer is not there.
        """
        part = train.take(slice(self.rows))
        self._probe = Probe(model, part)
        self._followed = self.layers or [layer.name for layer in _hidden(model)]
        for name in self._followed:
            if name not in self._probe.seen:
                raise UserError(
                    f"Traces: there is no layer '{name}' with one output",
                    hint=f"Layers: {', '.join(self._probe.seen)}.",
                )
        self._targets = part.targets
        units = sum(
            int(np.prod([size or 1 for size in self._probe.seen[name].shape[1:]]))
            for name in self._followed
        )
        columns = part.rows * units + sum(
            int(np.prod(weight.shape)) for weight in model.trainable_weights
        )
        if columns > MOST_FIGURES:
            raise UserError(
                f"Traces is for small nets: it would write {columns:,} figures at once",
                hint=f"At most {MOST_FIGURES:,}; give fewer `rows` or `layers`, or leave it out.",
            )

    def measure(self, epoch: int) -> Mapping[str, float]:
        """`hidden/LAYER/ROW/UNIT`, `weight/LAYER/VARIABLE/…` and `squared_error/UNIT`, from 1.

        Of several outputs the errors are `squared_error/OUTPUT/UNIT`.
        """
        del epoch
        weights = [
            (f"weight/{layer.name}/{weight.name}", weight.numpy())
            for layer in self._probe.model.layers
            for weight in layer.trainable_weights
        ]
        hidden, predicted = self._values()
        tables = [(f"hidden/{name}", values) for name, values in hidden.items()]
        tables += [*weights, *_squared_errors(self._targets, predicted)]
        return as_floats(
            {
                "/".join([name, *(str(index + 1) for index in place)]): value
                for name, values in tables
                for place, value in np.ndenumerate(values)
            }
        )

    def figures(self) -> Mapping[str, float]:
        """`distinct_codes` of the first of the layers, in the saved model."""
        return {"distinct_codes": len(set(self._codes()))} if self._followed else {}

    def says(self, history: History, best_epoch: int) -> Sequence[tuple[str, str]]:
        """The codes of the rows."""
        del history, best_epoch
        if not self._followed:
            return []
        codes = self._codes()
        if max(map(len, codes)) > _SHOWN_CODES or len(codes) > _SHOWN_CODES:
            return []
        text = (
            f"Rounded, the values of {self._followed[0]!r} for {len(codes)} rows are "
            f"{len(set(codes))} different codes: {' '.join(codes)}."
        )
        return [("codes", text)]

    def _values(self) -> tuple[dict[str, np.ndarray], Any]:
        outputs, predicted = self._probe.run()
        return {name: np.asarray(outputs[name]) for name in self._followed}, predicted

    def _codes(self) -> list[str]:
        values = self._values()[0][self._followed[0]]
        rounded = (values >= 0.5).reshape(len(values), -1)  # noqa: PLR2004 - what rounds to 1
        return ["".join("1" if bit else "0" for bit in row) for row in rounded]


def _hidden(model: Any) -> list[Any]:
    """The layers with weights, except the last before each output."""
    layers = [layer for layer in model.layers if layer.trainable_weights]
    ends = getattr(model, "output", None)
    if not isinstance(ends, Mapping):
        return layers[:-1]
    last = {id(_last_with_weights(tensor)) for tensor in ends.values()}
    return [layer for layer in layers if id(layer) not in last]


def _last_with_weights(tensor: Any) -> Any:
    """The last layer with weights before a tensor; None if branches join in between."""
    history = tensor._keras_history
    if history.operation.trainable_weights:
        return history.operation
    sources = history.operation._inbound_nodes[history.node_index].input_tensors
    return _last_with_weights(sources[0]) if len(sources) == 1 else None


def _squared_errors(
    targets: Mapping[str, np.ndarray], predicted: Any
) -> Iterator[tuple[str, np.ndarray]]:
    """The squared errors of each unit, summed over the rows."""
    outputs = predicted if isinstance(predicted, Mapping) else {next(iter(targets)): predicted}
    for name, output in outputs.items():
        if len(getattr(output, "shape", ())) != 2:  # noqa: PLR2004 - rows and units
            continue
        target, predicted = targets[name], np.asarray(output)
        if target.ndim == 1 and predicted.shape[1] > 1:
            target = np.eye(predicted.shape[1])[target.astype(int)]
        errors = target.reshape(len(predicted), -1) - predicted
        column = f"squared_error/{name}" if len(outputs) > 1 else "squared_error"
        yield column, (errors**2).sum(axis=0)
