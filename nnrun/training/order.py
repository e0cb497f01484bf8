"""The order in which an epoch sees the training rows."""

import numpy as np

_PURPOSE = 0x6F726465  # keeps these draws apart from others made with the same seed


def epoch_order(rows: int, *, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """The rows' indices in the order in which an epoch visits them.

    Drawn from the seed and the epoch's number alone, so that a run that resumes at any epoch sees
    what it would have seen.

    Args:
        rows: Number of training rows.
        seed: The experiment's seed.
        epoch: The epoch, from 1.
        shuffle: False keeps the rows in their order.

    Returns:
        An int32 array `(rows,)`, a permutation of 0 … rows - 1.
    """
    if not shuffle:
        return np.arange(rows, dtype=np.int32)
    generator = np.random.default_rng([_PURPOSE, seed, epoch])
    return generator.permutation(rows).astype(np.int32)
