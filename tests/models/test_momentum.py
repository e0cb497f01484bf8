"""A momentum that is cycled is, in every step, the number that the schedule says."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnrun.errors import ConfigError
from nnrun.models.momentum import cycle_momentum
from nnrun.models.schedules import OneCycle

from .conftest import Build

STEPS = 10
Make = Callable[..., Any]
OPTIMIZERS: dict[str, Make] = {
    "SGD": lambda rate, momentum: keras.optimizers.SGD(rate, momentum=momentum),
    "Nesterov": lambda rate, momentum: keras.optimizers.SGD(rate, momentum=momentum, nesterov=True),
    "RMSprop": lambda rate, momentum: keras.optimizers.RMSprop(rate, momentum=momentum),
    "Adam": lambda rate, momentum: keras.optimizers.Adam(rate, beta_1=momentum),
    "AdamW": lambda rate, momentum: keras.optimizers.AdamW(rate, beta_1=momentum),
    "Adamax": lambda rate, momentum: keras.optimizers.Adamax(rate, beta_1=momentum),
    "Nadam": lambda rate, momentum: keras.optimizers.Nadam(rate, beta_1=momentum),
    "Lion": lambda rate, momentum: keras.optimizers.Lion(rate, beta_1=momentum),
}


def gradient(step: int) -> Any:
    return tf.constant([np.sin(step + 1.0), 0.5], tf.float32)


@pytest.mark.parametrize(
    "compiled",
    [True, False],
    ids=["xla", "graph"],
)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_is_that_of_an_optimizer_with_this_momentum(name: str, compiled: bool) -> None:
    schedule = OneCycle(STEPS, 0.01)
    cycled = OPTIMIZERS[name](schedule, 0.5)
    assert cycle_momentum(cycled, schedule)
    mine = keras.Variable([1.0, 2.0])
    cycled.build([mine])

    @tf.function(jit_compile=compiled)
    def one_step(slope: Any) -> None:
        cycled.apply([slope])

    plain = OPTIMIZERS[name](schedule, 0.5)
    other = keras.Variable([1.0, 2.0])
    plain.build([other])
    attribute = "momentum" if hasattr(plain, "momentum") else "beta_1"
    for step in range(STEPS):
        setattr(plain, attribute, float(schedule.momentum_at(step)))
        one_step(gradient(step))
        plain.apply([gradient(step)])
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-5)


def test_by_hand_with_plain_momentum() -> None:
    # Momentum 0.9 in step 0, 0.5 at the top in step 1, 0.9 in step 2; rate 1, 10, 1.
    schedule = OneCycle(2, 1.0, final_steps=0, momentum=(0.9, 0.5))
    optimizer = keras.optimizers.SGD(schedule)
    cycle_momentum(optimizer, schedule)
    weight = keras.Variable([0.0])
    optimizer.build([weight])
    walked = []
    for _ in range(2):
        optimizer.apply([tf.constant([1.0])])
        walked.append(float(weight.numpy()[0]))
    # v = -1, w = -1; then v = 0.5 * -1 - 10 = -10.5, w = -11.5.
    assert walked == [-1.0, -11.5]


def test_a_config_cycles_it_and_the_model_can_be_written_down(build: Build) -> None:
    model = build(
        "architecture: [Dense: 1]\noptimizer: {SGD: {learning_rate: 0.1}}\n"
        "schedule: {OneCycle: {steps: 2 epochs, final_steps: 0}}"
    )
    assert [float(tf.convert_to_tensor(model.optimizer.momentum))] == pytest.approx([0.95])
    model.optimizer.iterations.assign(10)
    assert [float(tf.convert_to_tensor(model.optimizer.momentum))] == pytest.approx([0.85])
    told = keras.optimizers.serialize(model.optimizer)
    copy = keras.optimizers.deserialize(told)
    assert float(copy.momentum) == 0.95
    assert type(copy._learning_rate) is OneCycle
    assert any("momentum" in variable.path for variable in model.optimizer.variables)


def test_it_can_be_left_alone(build: Build) -> None:
    model = build(
        "architecture: [Dense: 1]\noptimizer: {Adagrad: {learning_rate: 0.1}}\n"
        "schedule: {OneCycle: {steps: 2 epochs, momentum: null}}"
    )
    assert not hasattr(model.optimizer, "momentum")


def test_an_optimizer_of_ones_own_without_momentum_is_refused(build: Build) -> None:
    with pytest.raises(ConfigError) as caught:
        build(
            "architecture: [Dense: 1]\nschedule: {OneCycle: {steps: 9, initial_learning_rate: 1}}\n"
            "optimizer: {keras.optimizers:Adagrad: {}}"
        )
    assert "has none" in caught.value.problems[0].message
