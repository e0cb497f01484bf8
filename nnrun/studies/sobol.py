"""Sobol sequences: points that fill a cube evenly, whatever their number.

The direction numbers are the first of `new-joe-kuo-6.21201` (Joe and Kuo, SIAM J. Sci. Comput.
2008).
"""

from collections.abc import Iterator
from random import Random

BITS = 30
_POLYNOMIALS = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
    (167, (1, 3, 1, 5, 27, 61, 31)),
    (171, (1, 1, 5, 11, 19, 41, 61)),
    (185, (1, 3, 5, 3, 3, 13, 69)),
    (191, (1, 1, 7, 13, 1, 19, 1)),
    (193, (1, 3, 7, 5, 13, 19, 59)),
    (203, (1, 1, 3, 9, 25, 29, 41)),
    (211, (1, 3, 5, 13, 23, 1, 55)),
    (213, (1, 3, 7, 3, 13, 59, 17)),
    (229, (1, 3, 1, 3, 5, 53, 69)),
    (239, (1, 1, 5, 5, 23, 33, 13)),
    (241, (1, 1, 7, 7, 1, 61, 123)),
    (247, (1, 1, 7, 9, 13, 61, 49)),
    (253, (1, 3, 3, 5, 3, 55, 33)),
    (285, (1, 3, 1, 15, 31, 13, 49, 245)),
    (299, (1, 3, 5, 15, 31, 59, 63, 97)),
    (301, (1, 3, 1, 11, 11, 11, 77, 249)),
)
"""For each dimension after the first: its primitive polynomial as bits, and its initial numbers."""
DIMENSIONS = len(_POLYNOMIALS) + 1


def sobol_points(dimensions: int, seed: int) -> Iterator[tuple[float, ...]]:
    """Yield the points of the sequence, shifted at random, in [0, 1).

    The shift keeps it even: in each dimension, one of the first 2^k points lies in each of 2^k
    equal intervals.

    Args:
        dimensions: The number of coordinates, at most `DIMENSIONS`.
        seed: Determines the shift.
    """
    random = Random(f"sobol {seed}")
    directions = [_directions(dimension) for dimension in range(dimensions)]
    state = [random.getrandbits(BITS) for _ in range(dimensions)]
    for index in range(2**BITS):
        yield tuple(number / 2**BITS for number in state)
        lowest_zero = (~index & (index + 1)).bit_length() - 1
        state = [number ^ own[lowest_zero] for number, own in zip(state, directions, strict=True)]


def _directions(dimension: int) -> list[int]:
    """The direction numbers of a dimension (from 0), one per bit."""
    if dimension == 0:
        return [1 << (BITS - 1 - bit) for bit in range(BITS)]
    polynomial, first = _POLYNOMIALS[dimension - 1]
    degree, numbers = polynomial.bit_length() - 1, list(first)
    while len(numbers) < BITS:
        number = numbers[-degree] ^ (numbers[-degree] << degree)
        for lag in range(1, degree):
            if polynomial >> (degree - lag) & 1:
                number ^= numbers[-lag] << lag
        numbers.append(number)
    return [number << (BITS - 1 - bit) for bit, number in enumerate(numbers)]
