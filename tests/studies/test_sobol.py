"""Sobol's sequence against SciPy's, and that it is even."""

from itertools import islice

import numpy as np
import pytest
from scipy.stats import qmc

from nnrun.config.search import SOBOL_DIMENSIONS
from nnrun.studies.sobol import BITS, DIMENSIONS, sobol_points


def first(dimensions: int, seed: int, number: int) -> np.ndarray:
    return np.array(list(islice(sobol_points(dimensions, seed), number)))


def test_it_is_scipys_but_for_a_shift() -> None:
    ours = (first(DIMENSIONS, 3, 256) * 2**BITS).astype(int)
    theirs = (qmc.Sobol(DIMENSIONS, scramble=False, bits=BITS).random(256) * 2**BITS).astype(int)
    assert (ours ^ ours[0] == theirs).all()


@pytest.mark.parametrize("number", [1, 2, 8, 64])
def test_it_is_even(number: int) -> None:
    parts = np.sort((first(DIMENSIONS, 7, number) * number).astype(int), axis=0)
    assert (parts == np.arange(number)[:, None]).all()


def test_the_seed_decides() -> None:
    assert (first(3, 5, 9) == first(3, 5, 9)).all()
    assert (first(3, 5, 9) != first(3, 6, 9)).all()


def test_a_config_is_told_how_many_dimensions_there_are() -> None:
    assert SOBOL_DIMENSIONS == DIMENSIONS
