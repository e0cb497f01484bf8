"""The order of the rows: a permutation that follows from seed and epoch alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnrun.training.order import epoch_order

SEEDS = st.integers(0, 2**31 - 1)
EPOCHS = st.integers(1, 10_000)


@given(st.integers(0, 300), SEEDS, EPOCHS, st.booleans())
def test_every_row_is_visited_once(rows: int, seed: int, epoch: int, shuffle: bool) -> None:
    order = epoch_order(rows, seed=seed, epoch=epoch, shuffle=shuffle)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(rows))


@given(SEEDS, EPOCHS)
def test_seed_and_epoch_alone_decide(seed: int, epoch: int) -> None:
    order = epoch_order(100, seed=seed, epoch=epoch)
    np.random.default_rng().random()
    assert np.array_equal(order, epoch_order(100, seed=seed, epoch=epoch))
    assert not np.array_equal(order, epoch_order(100, seed=seed, epoch=epoch + 1))
    assert not np.array_equal(order, epoch_order(100, seed=seed + 1, epoch=epoch))


def test_without_shuffling_the_rows_keep_their_order() -> None:
    assert epoch_order(4, seed=1, epoch=9, shuffle=False).tolist() == [0, 1, 2, 3]
