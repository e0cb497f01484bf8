"""A fingerprint that tells whether two data sets are the same, bit for bit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.data.splits import Part


def fingerprint(parts: Mapping[str, Part]) -> str:
    """sha256 over the name, dtype, shape and bytes of every array of every part, as hex digits.

    The order in which parts and arrays are named does not matter; the order of the rows does.
    """
    digest = hashlib.sha256()
    for part, content in sorted(parts.items()):
        weights = {} if content.weights is None else {"": content.weights}
        roles = {"inputs": content.inputs, "targets": content.targets, "weights": weights}
        for role, arrays in roles.items():
            for name, array in sorted(arrays.items()):
                head = (part, role, name, array.dtype.newbyteorder("<").str, array.shape)
                digest.update(repr(head).encode())
                digest.update(_bytes_of(array))
    return digest.hexdigest()


def _bytes_of(array: np.ndarray) -> bytes | memoryview:
    """The bytes of numbers in little-endian order; of text, each cell in quotes."""
    if array.dtype == object:
        return json.dumps(array.tolist()).encode()
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(little).data
