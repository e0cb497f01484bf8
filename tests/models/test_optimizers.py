"""The optimizer has the rate, the schedule and the options that the config gives it."""

import math

import keras
import pytest

from nnrun.errors import ConfigError

from .conftest import Build

STEPS_PER_EPOCH = 10


class Unsaved(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule as people write it first: without get_config."""

    def __call__(self, step: object) -> float:
        return 0.1


class Unlike:
    """A schedule that derives from nothing."""

    def __call__(self, step: object) -> float:
        return 0.1


def optimizer_of(build: Build, text: str) -> keras.optimizers.Optimizer:
    model = build("architecture: [Dense: 1]\n" + text, steps_per_epoch=STEPS_PER_EPOCH)
    return model.optimizer


def rate_after(optimizer: keras.optimizers.Optimizer, epochs: float) -> float:
    optimizer.iterations.assign(round(epochs * STEPS_PER_EPOCH))
    return float(optimizer.learning_rate)


@pytest.mark.parametrize("written", ["adam", "Adam", "{Adam: {learning_rate: 0.001}}"])
def test_aliases_are_classes(build: Build, written: str) -> None:
    optimizer = optimizer_of(build, f"optimizer: {written}")
    assert type(optimizer) is keras.optimizers.Adam
    assert float(optimizer.learning_rate) == pytest.approx(0.001)


def test_arguments_reach_the_optimizer(build: Build) -> None:
    optimizer = optimizer_of(
        build, "optimizer: {SGD: {learning_rate: 0.5, momentum: 0.9, nesterov: true}}"
    )
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert float(optimizer.learning_rate) == 0.5


def test_a_rate_may_be_a_whole_number(build: Build) -> None:
    assert float(optimizer_of(build, "optimizer: {SGD: 1}").learning_rate) == 1.0


@pytest.mark.parametrize("momentum", [0, 1])
def test_a_momentum_may_be_a_whole_number(build: Build, momentum: int) -> None:
    optimizer = optimizer_of(build, f"optimizer: {{SGD: {{momentum: {momentum}}}}}")
    assert optimizer.momentum == momentum
    assert type(optimizer.momentum) is float


def test_a_schedule_starts_from_the_optimizers_rate(build: Build) -> None:
    optimizer = optimizer_of(
        build,
        """
optimizer: {SGD: {learning_rate: 0.05}}
schedule: {ExponentialDecay: {decay_steps: 20 epochs, decay_rate: 0.1}}
""",
    )
    for epoch in (0, 1, 5, 20):
        assert rate_after(optimizer, epoch) == pytest.approx(0.05 * 0.1 ** (epoch / 20), rel=1e-6)


def test_a_schedule_starts_from_the_default_rate_of_the_class(build: Build) -> None:
    optimizer = optimizer_of(build, "optimizer: sgd\nschedule: {CosineDecay: {decay_steps: 100}}")
    for epoch in (0, 2.5, 5, 10, 11):
        share = min(epoch * STEPS_PER_EPOCH / 100, 1)
        expected = 0.01 * 0.5 * (1 + math.cos(math.pi * share))
        assert rate_after(optimizer, epoch) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_schedule_keeps_a_rate_of_its_own(build: Build) -> None:
    optimizer = optimizer_of(
        build,
        """
optimizer: {Adam: {learning_rate: 0.05}}
schedule: {ExponentialDecay: {initial_learning_rate: 0.2, decay_steps: 10, decay_rate: 0.5}}
""",
    )
    assert rate_after(optimizer, 1) == pytest.approx(0.2 * 0.5)


def test_durations_within_lists_become_steps(build: Build) -> None:
    optimizer = optimizer_of(
        build,
        """
optimizer: adam
schedule: {PiecewiseConstantDecay: {boundaries: [2 epochs, 50], values: [0.1, 0.01, 0.001]}}
""",
    )
    rates = [rate_after(optimizer, epoch) for epoch in (2, 2.1, 5, 5.1)]
    assert rates == pytest.approx([0.1, 0.01, 0.01, 0.001])


def test_a_schedule_inside_the_optimizer_counts_epochs_too(build: Build) -> None:
    optimizer = optimizer_of(
        build,
        """
optimizer:
  SGD:
    learning_rate:
      PolynomialDecay: {initial_learning_rate: 1.0, decay_steps: 4 epochs, end_learning_rate: 0.0}
""",
    )
    assert rate_after(optimizer, 1) == pytest.approx(0.75)


def test_two_kinds_of_clipping_are_refused_at_the_optimizer(build: Build) -> None:
    with pytest.raises(ConfigError) as caught:
        optimizer_of(build, "optimizer: sgd\nregularization: {clip: {norm: 1.0, value: 1.0}}")
    assert "clipnorm" in caught.value.problems[0].message


def test_what_is_no_optimizer_is_refused(build: Build) -> None:
    with pytest.raises(ConfigError) as raised:
        optimizer_of(build, "optimizer: {builtins:dict: {}}")
    (problem,) = raised.value.problems
    assert problem.message == "builtins:dict does not make a Keras optimizer"


@pytest.mark.parametrize(
    ("written", "path", "says", "hint"),
    [
        ("schedule: OWN:Unsaved", "schedule", "cannot be saved", "a get_config"),
        (
            "schedule: {Warmup: {steps: 3, then: OWN:Unsaved}}",
            "schedule.Warmup.then",
            "cannot be saved",
            "a get_config",
        ),
        (
            "optimizer: {SGD: {learning_rate: OWN:Unsaved}}",
            "optimizer.SGD.learning_rate",
            "cannot be saved",
            "a get_config",
        ),
        (
            "schedule: OWN:Unlike",
            "schedule",
            "does not make a learning-rate schedule",
            "Derive it from keras.optimizers.schedules.LearningRateSchedule.",
        ),
    ],
)
def test_a_schedule_that_the_model_could_not_be_saved_with_is_refused(
    build: Build, written: str, path: str, says: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        optimizer_of(build, written.replace("OWN", __name__))
    (problem,) = raised.value.problems
    assert says in problem.message
    assert hint in problem.hint
    assert problem.path.rpartition(f".{__name__}")[0] == path
    assert problem.place is not None
