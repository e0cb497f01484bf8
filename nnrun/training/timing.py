"""Which engine is faster for a model: both are timed, and the answer is cached.

XLA is taken unless the other is clearly faster, so that chance does not choose: the engines round
differently, and the same config is to give the same bits.
"""

import contextlib
import hashlib
import inspect
import json
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state

from nnrun.caching import private_folder
from nnrun.compiled_programs import processor
from nnrun.data.splits import Part
from nnrun.errors import RunError, UserError
from nnrun.runs.atomic import write_json
from nnrun.training.engines import CompiledTraining, Resident, make_resident
from nnrun.training.state import capture_state, restore_state

MARGIN = 1.5
"""How many times as fast as XLA the graph has to be to be taken."""

STEPS = 4
"""Steps in one measurement; the shortest of several counts."""

MEASUREMENTS = 16
ENOUGH_SECONDS = 1.0
"""After this time there are no further measurements; none where a single step takes longer."""

REMEMBERED = 500
"""Most answers that are kept in the cache."""

_CONVOLUTIONS = ("Conv2D", "Conv3D", "DepthwiseConv")
_SEED_GENERATOR = "global_seed_generator"

Answer = tuple[str, str]
"""An engine, and why it was taken."""


def timed_engine(model: Any, rows: Part, batch_size: int) -> Answer:
    """The engine that trains a model faster, and why; from the cache if it has been timed before.

    Args:
        model: A compiled model; its state is the same bits afterwards.
        rows: The training rows; a few batches of them are used.
        batch_size: Rows in a step.
    """
    few = rows.take(slice(STEPS * batch_size))
    batch_size = min(batch_size, few.rows)
    file = _remembered_in(model, few, batch_size)
    answer = _recall(file)
    if answer is None:
        with undisturbed(model):
            answer = _compare(model, make_resident(few), batch_size)
        _remember(file, answer)
    return answer


def _compare(model: Any, data: Resident, batch_size: int) -> Answer:
    """Time both, unless the graph shows that XLA would be slow."""
    trainings = {"graph": CompiledTraining(model, data, batch_size, "graph")}
    if _convolves(model, data, batch_size):
        return "graph", "convolutions are faster without XLA on the CPU"
    trainings["xla"] = CompiledTraining(model, data, batch_size, "xla")
    try:
        shortest = _step_seconds(trainings)
    except UserError as error:
        return "graph", error.message
    graph, xla = shortest["graph"], shortest["xla"]
    name = "graph" if MARGIN * graph < xla else "xla"
    return name, f"timed: xla {1000 * xla:.3g} ms a step, graph {1000 * graph:.3g}"


def _step_seconds(trainings: Mapping[str, CompiledTraining]) -> dict[str, float]:
    """The shortest time of a step with each engine, timed alternately, as the machine's load varies."""
    for training in trainings.values():
        training.begin_epoch(np.arange(training.rows, dtype=np.int32))
        training.run(0, 1)
    shortest = {name: _seconds(training, 1) for name, training in trainings.items()}
    started = time.perf_counter()
    for _ in range(MEASUREMENTS if max(shortest.values()) < ENOUGH_SECONDS else 0):
        for name, training in trainings.items():
            shortest[name] = min(shortest[name], _seconds(training, training.full_steps))
        if time.perf_counter() - started > ENOUGH_SECONDS:
            break
    return shortest


def _seconds(training: CompiledTraining, steps: int) -> float:
    """Seconds per step, for a few steps in one call."""
    started = time.perf_counter()
    training.run(0, steps)
    return (time.perf_counter() - started) / steps


def _convolves(model: Any, data: Resident, batch_size: int) -> bool:
    """Whether a step contains convolutions, perhaps inside a layer of the user's own."""
    step = tf.function(lambda: model.train_step(data.batch(lambda tensor: tensor[:batch_size])))
    graph = step.get_concrete_function().graph.as_graph_def()
    functions = [function.node_def for function in graph.library.function]
    return any(
        node.op.startswith(_CONVOLUTIONS) for nodes in (graph.node, *functions) for node in nodes
    )


@contextlib.contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Restore the state at the end of the block, whatever was trained or drawn in it.

    Weights, optimizer, seed generators, metrics, and what Python, NumPy and Keras draw from where
    no seed is given.
    """
    state, draws = capture_state(model), (random.getstate(), np.random.get_state())
    generator = global_state.get_global_attribute(_SEED_GENERATOR)
    drawn = None if generator is None else generator.state.numpy()
    try:
        yield
    finally:
        restore_state(model, state)
        model.reset_metrics()
        random.setstate(draws[0])
        np.random.set_state(draws[1])
        if generator is not None:
            generator.state.assign(drawn)
        global_state.set_global_attribute(_SEED_GENERATOR, generator)


def _remembered_in(model: Any, rows: Part, batch_size: int) -> Path | None:
    """The cache file, named by everything the answer depends on; None without a cache."""
    folder = private_folder("engines")
    if folder is None:
        return None
    arrays = [*rows.inputs.items(), *rows.targets.items()]
    facts = [
        (tf.__version__, keras.__version__, MARGIN, *processor()),
        tf.config.threading.get_intra_op_parallelism_threads(),
        tf.config.threading.get_inter_op_parallelism_threads(),
        batch_size,
        [(name, str(array.dtype), array.shape) for name, array in arrays],
        [(variable.dtype, tuple(variable.shape)) for variable in model.variables],
        type(model.optimizer).__name__,
        [_fingerprint(layer) for layer in model.layers],
    ]
    return folder / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.json"


def _fingerprint(layer: Any) -> str:
    """A layer's class, code and arguments as text that is stable across processes."""
    kind = type(layer)
    lines = [kind.__module__, kind.__qualname__]
    with contextlib.suppress(OSError, TypeError):  # there need not be any source
        lines.append(inspect.getsource(kind))
    # Keras refuses to serialize a layer with arguments that it does not know how to write.
    with contextlib.suppress(NotImplementedError, TypeError, ValueError):
        lines.append(json.dumps(keras.saving.serialize_keras_object(layer), sort_keys=True))
    return "\n".join(lines)


def _recall(file: Path | None) -> Answer | None:
    """The cached answer; None if it is missing or damaged."""
    if file is None:
        return None
    try:
        content = json.loads(file.read_bytes())
        name, reason = content["engine"], content["reason"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (name, reason) if name in ("xla", "graph") and isinstance(reason, str) else None


def _remember(file: Path | None, answer: Answer) -> None:
    if file is None:
        return
    with contextlib.suppress(RunError, OSError):
        write_json(file, {"engine": answer[0], "reason": answer[1]})
        kept = sorted(file.parent.glob("*.json"), key=lambda path: -path.stat().st_mtime)
        for old in kept[REMEMBERED:]:
            old.unlink()
