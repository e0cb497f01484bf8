"""The quick reader of what nnrun wrote itself."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config import plain_reader
from nnrun.config.plain_reader import read_plain
from nnrun.config.writer import write_yaml

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=8),
    st.sampled_from(["no", "1e-4", "null", "0x10", "~", "", "- a", "a: b", "1_000"]),
)
KEYS = st.text("abcdefg_", min_size=1, max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)


def test_the_docstrings_run() -> None:
    assert doctest.testmod(plain_reader).failed == 0


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_was_written_is_read_back(value: dict[str, object]) -> None:
    assert read_plain(write_yaml(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [echo]",
        "a: !x 1",
        "a: &b 1\nc: *b",
        "? [a]\n: 1",
        "a: [",
        "",
        "a: 1\n---\nb: 2",
        "[" * 60 + "]" * 60,
        "a: \x00",
        "# " + "x" * 250_001,
    ],
)
def test_what_nnrun_never_writes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_plain(text)


def test_a_number_without_end_is_infinite() -> None:
    assert math.isinf(read_plain("a: .inf")["a"])
