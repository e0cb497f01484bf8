"""Keras's steps on several replicas of a model (`tf.distribute.MirroredStrategy`).

Every batch is cut into one slice for each replica, and the numbers are those of one device: the
gradients are summed before anything is done with them, and a slice counts by its rows.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf


def replicas_of(model: Any) -> int:
    """The number of devices that a model was built on."""
    replicas: int = model.distribute_strategy.num_replicas_in_sync
    return replicas


def mirrored_training(model: Any) -> Callable[[tuple[Any, ...]], None]:
    """Keras's `train_step`, each replica on its slice of the batch; the weights stay the same."""

    def train_on(batch: tuple[Any, ...]) -> None:
        with _summing_first(model, _rows(batch)):
            _on_every_replica(model, model.train_step, batch)

    return train_on


def mirrored_test(model: Any) -> Callable[[tuple[Any, ...]], None]:
    """Keras's `test_step`, each replica on its slice of the batch."""
    return functools.partial(_on_every_replica, model, model.test_step)


def _on_every_replica(
    model: Any, step: Callable[[tuple[Any, ...]], Any], batch: tuple[Any, ...]
) -> None:
    """Run a step on every replica with its slice of the batch."""

    def one_replica() -> None:
        start, stop = _slice(_rows(batch), replicas_of(model))
        step(keras.tree.map_structure(lambda tensor: tensor[start:stop], batch))

    model.distribute_strategy.run(one_replica)


def _rows(batch: tuple[Any, ...]) -> Any:
    return tf.shape(keras.tree.flatten(batch)[0])[0]


def _slice(rows: Any, replicas: int) -> tuple[Any, Any]:
    """The bounds of the current replica's slice."""
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return replica * rows // replicas, (replica + 1) * rows // replicas


@contextlib.contextmanager
def _summing_first(model: Any, rows: Any) -> Iterator[None]:
    """While a step is traced, have the optimizer apply the gradients of the whole batch.

    Keras sums them over the replicas after it has clipped them, so that every replica would clip
    its own; and it takes all slices to be of one size.
    """
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    apply, replicas = optimizer.apply, replicas_of(model)

    def apply_sum(gradients: Any, variables: Any = None) -> None:
        start, stop = _slice(rows, replicas)
        share = tf.cast((stop - start) * replicas, tf.float32) / tf.cast(rows, tf.float32)
        weighted = [tf.convert_to_tensor(item) * tf.cast(share, item.dtype) for item in gradients]
        context = tf.distribute.get_replica_context()
        apply(context.all_reduce(tf.distribute.ReduceOp.SUM, weighted), variables)

    optimizer.apply = apply_sum
    inner._all_reduce_sum_gradients = list  # they are summed already
    try:
        yield
    finally:
        del optimizer.apply
        del inner._all_reduce_sum_gradients
