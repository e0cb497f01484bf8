"""The range test against Keras's own steps, one at a time."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.errors import UserError
from nnrun.training.engines import make_resident
from nnrun.training.lr_search import RateTest
from nnrun.training.order import epoch_order

from .conftest import BATCH, CLASSES, ROWS, make_model, make_part

RATES = [0.001 * 1.5**step for step in range(12)]  # four times through the rows


def searched(
    model: Any, rates: Sequence[float] = RATES, engine: str = "graph", **options: Any
) -> list[float]:
    options = {"batch_size": BATCH, "seed": 3, "shuffle": True, **options}
    resident = make_resident(make_part(), options.pop("weights", None))
    test = RateTest(model, resident, engine=engine, steps=len(rates), **options)
    return list(test.losses(rates))


def step_by_step(model: Any, rates: Sequence[float] = RATES, weights: Any = None) -> list[float]:
    """The same test by Keras's `train_on_batch`."""
    part = make_part()
    full = ROWS // BATCH
    losses = []
    for step, rate in enumerate(rates):
        epoch, batch = divmod(step, full)
        order = epoch_order(ROWS, seed=3, epoch=epoch + 1)
        rows = order[batch * BATCH : (batch + 1) * BATCH]
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        weighted = {} if weights is None else {"sample_weight": weights[rows]}
        told = model.train_on_batch(
            part.inputs["x"][rows], part.targets["y"][rows], return_dict=True, **weighted
        )
        losses.append(float(told["loss"]))
    return losses


@pytest.mark.parametrize("engine", ["graph", "xla"])
def test_every_step_has_its_own_rate_and_its_own_loss(engine: str) -> None:
    expected = step_by_step(make_model("adam"))
    assert searched(make_model("adam"), engine=engine) == pytest.approx(expected, rel=1e-5)


def test_weights_count() -> None:
    weights = np.linspace(0, 2, ROWS, dtype="float32")
    expected = step_by_step(make_model(), weights=weights)
    assert searched(make_model(), weights=weights) == pytest.approx(expected, rel=1e-5)


def noisy() -> list[Any]:
    return [
        keras.layers.Dense(8),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(CLASSES, "softmax"),
    ]


@pytest.mark.parametrize("engine", ["graph", "xla"])
def test_the_same_seed_gives_the_same_curve(engine: str) -> None:
    first, second = (searched(make_model(layers=noisy), engine=engine) for _ in range(2))
    assert first == second
    assert searched(make_model(layers=noisy, seed=8), engine=engine) != first
    assert searched(make_model(layers=noisy), engine=engine, seed=4) != first


def test_a_batch_larger_than_the_data_is_all_of_them() -> None:
    losses = searched(make_model(), rates=[0.0, 0.0, 0.5, 0.5], batch_size=999)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0] == pytest.approx(losses[2], rel=1e-6)
    assert losses[3] < losses[2]


def test_unshuffled_rows_stay_in_their_order() -> None:
    losses = searched(make_model(), rates=[0.0] * 6, shuffle=False)
    assert losses[:3] == losses[3:]
    part = make_part()
    first = make_model().test_on_batch(part.inputs["x"][:BATCH], part.targets["y"][:BATCH])
    assert losses[0] == pytest.approx(float(first[0]), rel=1e-6)


def test_whoever_has_seen_enough_stops_taking() -> None:
    model, resident = make_model(), make_resident(make_part())
    rates = [0.001] * 1000
    test = RateTest(
        model, resident, batch_size=BATCH, steps=1000, engine="graph", seed=3, shuffle=True
    )
    assert len(list(islice(test.losses(rates), 5))) == 5
    assert int(model.optimizer.iterations) < 100


def test_a_loss_that_is_nan_is_told_as_it_is() -> None:
    losses = searched(make_model(), rates=[0.1, np.inf, 0.1, 0.1])
    assert np.isfinite(losses[:2]).all()
    assert np.isnan(losses[2:]).all()


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(precision: str) -> None:
    losses = searched(make_model("adam", precision=precision))
    assert losses == pytest.approx(searched(make_model("adam")), rel=0.02)


def test_a_schedule_inside_the_optimizer_is_refused() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    with pytest.raises(UserError, match="the optimizer SGD brings a schedule of its own"):
        searched(make_model(lambda: keras.optimizers.SGD(schedule)))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_test_begins_with_the_same_weights(optimizer: str) -> None:
    model = make_model(optimizer, layers=noisy)
    options = {"batch_size": BATCH, "engine": "graph", "seed": 3, "shuffle": True}
    test = RateTest(model, make_resident(make_part()), steps=len(RATES), **options)
    first = list(test.losses(RATES))
    list(islice(test.losses([0.5] * len(RATES)), 5))
    assert list(test.losses(RATES)) == first
