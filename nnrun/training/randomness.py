"""Random numbers in compiled programs, from generators that are fast under XLA.

TensorFlow's default ("auto_select") becomes a generator under XLA on the CPU that makes a step with
dropout twenty times slower, and Keras has no way to name another.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_RANDOM_FUNCTIONS = ("stateless_normal", "stateless_truncated_normal", "stateless_uniform")


@contextlib.contextmanager
def compilable_random(engine: str) -> Iterator[None]:
    """While a step is traced, let Keras's random layers draw from fast generators.

    Philox is what TensorFlow's default means without XLA; under XLA it is taken for all but
    dropout, which needs the most numbers of all and the least of each: see `hashed_bits`. So the
    engines draw other numbers from a seed (XLA also makes floats of the same bits in its own way).

    Args:
        engine: `xla` or `graph`.
    """
    draws = tf.random
    dropout = tf.nn.experimental.stateless_dropout
    kept = {name: getattr(draws, name) for name in _RANDOM_FUNCTIONS}
    ours = hashed_dropout if engine == "xla" else functools.partial(dropout, rng_alg="philox")
    try:
        tf.nn.experimental.stateless_dropout = ours
        for name, function in kept.items():
            setattr(draws, name, functools.partial(function, alg="philox"))
        yield
    finally:
        tf.nn.experimental.stateless_dropout = dropout
        for name, function in kept.items():
            setattr(draws, name, function)


def hashed_dropout(x: Any, rate: float, seed: Any, noise_shape: Any = None) -> Any:
    """Like `tf.nn.experimental.stateless_dropout`, with random bits from `hashed_bits`.

    Args:
        x: A tensor of floats.
        rate: The share of its values that become 0; the others are divided by `1 - rate`.
        seed: Two integers, int32 `(2,)`.
        noise_shape: The shape of what is drawn, to be broadcast to that of `x`; None for the same.
    """
    bits = hashed_bits(tf.shape(x) if noise_shape is None else noise_shape, seed)
    kept = bits >= tf.constant(round(rate * 2**32), tf.uint32)
    return tf.where(kept, x * (1.0 / (1.0 - rate)), tf.zeros((), x.dtype))


def hashed_bits(shape: Any, seed: Any) -> Any:
    """Random bits, uint32 of a shape: the hash of each value's number and the seed.

    A tenth of Philox's work, in operations that a processor makes on sixteen numbers at once. That
    is enough for who lives and who dies; it is no generator for cryptography or long simulations.
    The hash is Chris Wellons's `lowbias32` (Prospecting for Hash Functions, 2018), twice, each with
    a key of its own from the seed, so that no two seeds' bits are the same ones in another order.

    Args:
        shape: The shape, numbers or tensors.
        seed: Two integers, int32 `(2,)`.
    """
    shape = tf.convert_to_tensor(shape, tf.int32)
    numbers = tf.cast(tf.reshape(tf.range(tf.reduce_prod(shape)), shape), tf.uint32)
    keys = tf.bitcast(tf.convert_to_tensor(seed, tf.int32), tf.uint32)
    first = _hash(keys[0] + tf.constant(0x9E3779B9, tf.uint32))
    second = _hash(tf.bitwise.bitwise_xor(keys[1], _hash(first)))
    return _hash(tf.bitwise.bitwise_xor(_hash(numbers + _hash(first + second)), second))


def _hash(bits: Any) -> Any:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = _shifted(bits, shift) * tf.constant(factor, tf.uint32)
    return _shifted(bits, 16)


def _shifted(bits: Any, by: int) -> Any:
    """XOR the bits with themselves, shifted to the right."""
    shifted = tf.bitwise.right_shift(bits, tf.constant(by, tf.uint32))
    return tf.bitwise.bitwise_xor(bits, shifted)
