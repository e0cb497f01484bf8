"""Our schedules against rates worked out by hand, as functions of the step and in an optimizer."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.models.schedules import CyclicalRate, OneCycle, PerformanceSchedule, PowerDecay, Warmup

from .conftest import Build

STEPS_PER_EPOCH = 10


def rates(schedule: keras.optimizers.schedules.LearningRateSchedule, *steps: int) -> list[float]:
    return [float(schedule(step)) for step in steps]


def close(*expected: float) -> object:
    return pytest.approx(list(expected), rel=1e-5)


def test_power_decay() -> None:
    assert rates(PowerDecay(0.6, 10), 0, 10, 20, 50) == close(0.6, 0.3, 0.2, 0.1)
    assert rates(PowerDecay(0.9, 4, power=2), 0, 4, 8) == close(0.9, 0.9 / 4, 0.1)
    keras_own = keras.optimizers.schedules.InverseTimeDecay(0.6, 10, 1.0)
    assert rates(PowerDecay(0.6, 10), 3, 77) == close(*rates(keras_own, 3, 77))


def test_cyclical_rates() -> None:
    triangular = CyclicalRate(4, 0.1, 0.5)
    assert rates(triangular, 0, 1, 2, 4, 6, 8, 12, 13) == close(
        0.1, 0.2, 0.3, 0.5, 0.3, 0.1, 0.5, 0.4
    )
    halving = CyclicalRate(2, 0.1, 0.5, policy="triangular2")
    assert rates(halving, 2, 4, 6, 8, 10) == close(0.5, 0.1, 0.3, 0.1, 0.2)
    assert rates(CyclicalRate(2, 0.1), 2) == close(0.4)


def test_one_cycle() -> None:
    # 20 steps: 9 up, 9 down, and 2 at the end: half way and all the way to a thousandth.
    cycle = OneCycle(20, 0.1, max_learning_rate=1.0)
    assert rates(cycle, 0, 3, 9, 12, 17) == close(0.1, 0.4, 1.0, 0.7, 0.2)
    assert rates(cycle, 18, 19, 20, 1000) == close(0.1, 0.0001, 0.0001, 0.0001)
    momentum = [float(cycle.momentum_at(step)) for step in (0, 9, 12, 18, 19, 1000)]
    assert momentum == close(0.95, 0.85, 0.85 + 0.1 / 3, 0.95, 0.95, 0.95)


def test_one_cycle_with_all_its_numbers() -> None:
    cycle = OneCycle(
        13, 1.0, max_learning_rate=5.0, final_learning_rate=0.0, final_steps=5, momentum=None
    )
    assert rates(cycle, 0, 1, 4, 7) == close(1, 2, 5, 2)
    assert rates(cycle, 8, 9, 11, 12) == pytest.approx([1, 0.75, 0.25, 0], abs=1e-6)
    assert rates(OneCycle(10, 0.1, final_steps=0), 0, 5) == close(0.1, 1.0)


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"final_steps": 10}, {"momentum": (0.9,)}, {"momentum": (0.9, 1.0)}]
)
def test_a_cycle_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        OneCycle(**{"steps": 10, "initial_learning_rate": 0.1, **wrong})


def test_a_warm_up_climbs_to_where_the_schedule_begins() -> None:
    after = keras.optimizers.schedules.ExponentialDecay(0.8, 4, 0.5)
    warm = Warmup(4, after)
    assert rates(warm, 0, 1, 3, 4, 8, 12) == close(0, 0.2, 0.6, 0.8, 0.4, 0.2)
    assert rates(Warmup(5, 0.5, start=0.1), 0, 1, 5, 100) == close(0.1, 0.18, 0.5, 0.5)
    with pytest.raises(ValueError, match="no rate"):
        Warmup(5)


@pytest.mark.parametrize(
    "schedule",
    [
        PowerDecay(0.6, 10, 2.0),
        CyclicalRate(4, 0.1, policy="triangular2"),
        OneCycle(20, 0.1, final_steps=3),
        Warmup(3, OneCycle(20, 0.1)),
        Warmup(3, 0.5, start=0.2),
    ],
)
def test_a_schedule_is_made_anew_from_its_config(
    schedule: keras.optimizers.schedules.LearningRateSchedule,
) -> None:
    told = keras.optimizers.schedules.serialize(schedule)
    copy = keras.optimizers.schedules.deserialize(told)
    steps = range(0, 30, 3)
    assert type(copy) is type(schedule)
    assert rates(copy, *steps) == rates(schedule, *steps)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.integers(2, 50),
    first=st.floats(1e-4, 1.0),
    factor=st.floats(1.0, 20.0),
    step=st.integers(0, 200),
)
def test_rates_stay_within_their_bounds(steps: int, first: float, factor: float, step: int) -> None:
    highest = first * factor
    for schedule in (
        CyclicalRate(steps, first, highest),
        OneCycle(steps, first, max_learning_rate=highest, final_learning_rate=first / 10),
        Warmup(steps, highest),
    ):
        assert -1e-6 <= float(schedule(step)) <= highest * (1 + 1e-5)
    momentum = float(OneCycle(steps, first).momentum_at(step))
    assert 0.85 - 1e-6 <= momentum <= 0.95 + 1e-6


def rate_after(build: Build, text: str, *epochs: float) -> list[float]:
    optimizer = build(
        "architecture: [Dense: 1]\n" + text, steps_per_epoch=STEPS_PER_EPOCH
    ).optimizer
    found = []
    for epoch in epochs:
        optimizer.iterations.assign(round(epoch * STEPS_PER_EPOCH))
        found.append(float(optimizer.learning_rate))
    return found


def test_all_start_from_the_optimizers_rate_and_count_in_epochs(build: Build) -> None:
    sgd = "optimizer: {SGD: {learning_rate: 0.2}}\nschedule: "
    assert rate_after(build, sgd + "{PowerDecay: {decay_steps: 2 epochs}}", 0, 2) == close(0.2, 0.1)
    assert rate_after(build, sgd + "{CyclicalRate: 2 epochs}", 0, 1, 2) == close(0.2, 0.5, 0.8)
    cycle = "{OneCycle: {steps: 10 epochs, final_steps: 2 epochs}}"
    assert rate_after(build, sgd + cycle, 0, 4, 8, 20) == close(0.2, 2.0, 0.2, 0.0002)
    assert rate_after(build, sgd + "{Warmup: 2 epochs}", 0, 1, 2, 9) == close(0, 0.1, 0.2, 0.2)
    halving = "{ExponentialDecay: {decay_steps: 1 epochs, decay_rate: 0.5}}"
    warmed = sgd + f"{{Warmup: {{steps: 2 epochs, then: {halving}}}}}"
    assert rate_after(build, warmed, 0, 1, 2, 3, 4) == close(0, 0.1, 0.2, 0.1, 0.05)


def test_a_performance_schedule_leaves_the_optimizer_its_rate(build: Build) -> None:
    text = (
        "optimizer: {SGD: {learning_rate: 0.2}}\nschedule: {PerformanceSchedule: {monitor: loss}}"
    )
    assert rate_after(build, text, 0, 5) == close(0.2, 0.2)


def test_a_performance_schedule_is_carried_out_by_kerass_callback(declare, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from nnrun.training.callbacks import all_callbacks, build_callbacks

    experiment = declare(
        "architecture: [Dense: 1]\ncallbacks: [TerminateOnNaN]\n"
        "schedule: {PerformanceSchedule: {monitor: loss, factor: 0.25, patience: 2}}"
    )
    first, second = build_callbacks(all_callbacks(experiment), tmp_path)
    assert type(first) is keras.callbacks.TerminateOnNaN
    assert type(second) is keras.callbacks.ReduceLROnPlateau
    assert (second.factor, second.patience, second.monitor) == (0.25, 2, "loss")
    defaults = PerformanceSchedule().arguments
    assert np.isclose(defaults["factor"], 0.5)
