"""Trains two epochs on some replicas, in a process of its own, and prints what came of each case.

TensorFlow divides a processor into several devices before its first use, or not at all.
"""

import dataclasses
import json
import sys
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

REPLICAS = 2


def cases() -> dict[str, Any]:
    import keras

    decay = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=3, decay_rate=0.5)
    sgd = keras.optimizers.SGD
    return {
        "sgd": partial(sgd, 0.1),
        "momentum, clipped": partial(sgd, 0.1, momentum=0.9, clipnorm=0.05),
        "clipped globally": partial(sgd, 0.1, global_clipnorm=0.05),
        "adamw, schedule": partial(keras.optimizers.AdamW, decay, weight_decay=0.01),
        "rmsprop": partial(keras.optimizers.RMSprop, 0.01),
        "float16": partial(sgd, 0.1),
        "averaged": partial(sgd, 0.1, use_ema=True, ema_momentum=0.9),
    }


def penalized_layers() -> list[Any]:
    from keras import layers

    return [
        layers.Dense(8, activation="tanh", kernel_regularizer="l2"),
        layers.Dense(3, activation="softmax"),
    ]


def train(case: str, strategy: Any, *, weighted: bool, streamed: bool) -> dict[str, Any]:
    from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
    from nnrun.training.streaming import StreamedEvaluation, StreamedTraining
    from tests.training.conftest import make_model, make_part

    part = make_part(51)  # the last batch has three rows, so the slices differ
    weights = np.linspace(0.25, 2, part.rows).astype("float32") if weighted else None
    part = dataclasses.replace(part, weights=weights)
    precision = "mixed_float16" if case == "float16" else "float32"
    model = make_model(cases()[case], penalized_layers, precision=precision, strategy=strategy)
    training: Any
    if streamed:
        training = StreamedTraining(model, part, 16, "graph", weights=weights, block_bytes=1000)
        evaluation: Any = StreamedEvaluation(model, part, "graph", 16, block_bytes=1000)
    else:
        training = CompiledTraining(model, make_resident(part, weights), 16, "graph")
        evaluation = CompiledEvaluation(model, make_resident(part, weights), "graph", 16)
    figures = []
    for epoch in (1, 2):
        training.begin_epoch(np.random.default_rng(epoch).permutation(part.rows).astype("int32"))
        figures.append(training.run(0, training.steps))
    figures.append(evaluation.run())
    kept = [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]
    return {"figures": figures, "state": [np.ravel(array).tolist() for array in kept]}


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * REPLICAS
    )
    devices = [f"CPU:{index}" for index in range(REPLICAS)]
    results = {}
    for case in cases():
        options = {"weighted": case == "sgd", "streamed": case == "rmsprop"}
        results[case] = {
            "one": train(case, None, **options),
            "mirrored": train(case, tf.distribute.MirroredStrategy(devices), **options),
        }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
