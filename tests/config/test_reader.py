"""YAML text → nodes: scalars by YAML 1.2, places, and texts that are meant to explode."""

import contextlib
import math
import time
import tracemalloc

import pytest

from nnrun.config.reader import (
    MAX_DEPTH,
    MAX_VALUES,
    MappingNode,
    plain_value,
    read_yaml,
    resolve_scalar,
)
from nnrun.errors import ConfigError


def read(text):
    return read_yaml(text, "mine.yaml")


def problem_of(text):
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("+1", 1),
        ("-17", -17),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("0O17", "0O17"),
        ("0X1F", "0X1F"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("60:30", "60:30"),
        ("1e-4", 0.0001),
        ("1E5", 100000.0),
        ("1e+3", 1000.0),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("1.e2", 100.0),
        (".", "."),
        ("1e", "1e"),
        ("e5", "e5"),
        (".inf", math.inf),
        ("+.INF", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRue", "tRue"),
        ("false", False),
        ("False", False),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("n", "n"),
        ("No", "No"),
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("None", "None"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01 10:00:00", "2020-01-01 10:00:00"),
        ("=", "="),
        ("<<", "<<"),
        ("\u0661", "\u0661"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    resolved = resolve_scalar(text)
    assert resolved == value
    assert type(resolved) is type(value)


def test_minus_nought_as_a_float_keeps_its_sign():
    assert math.copysign(1, resolve_scalar("-0.0")) == -1


def test_nan():
    assert math.isnan(resolve_scalar(".nan"))


@pytest.mark.parametrize("quoted", ["'1e-4'", '"no"', "'null'", '"0x10"', "'true'"])
def test_quoted_scalars_are_text(quoted):
    assert read(quoted).value == quoted[1:-1]


def test_keys_are_text_and_keep_their_order():
    node = read("{1: a, no: b, null: c, 1.5: d}")
    assert plain_value(node) == {"1": "a", "no": "b", "null": "c", "1.5": "d"}


def test_places():
    node = read("a: 1\nlong: [x, 'yy']\n")
    assert isinstance(node, MappingNode)
    key, item = node.key_places["long"], node.entries["long"].items[1].place
    assert (key.line, key.column, key.length, key.text) == (2, 1, 4, "long: [x, 'yy']")
    assert (item.line, item.column, item.length) == (2, 11, 4)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_every_line_end_counts(end):
    place = read(f"a: 1{end}b: 2{end}").key_places["b"]
    assert (place.line, place.column, place.text) == (2, 1, "b: 2")


def test_what_spans_lines_is_underlined_to_the_end_of_its_first_line():
    place = read("a: [1,\n  2]\n").entries["a"].place
    assert (place.line, place.column, place.length) == (1, 4, 3)


def test_all_duplicate_keys_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        read("a: 1\nb: 2\na: 3\nb: 4\n")
    assert [problem.place.line for problem in caught.value.problems] == [3, 4]


def test_aliases_are_read():
    assert plain_value(read("a: &x [1, 2]\nb: *x\n")) == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    "text", ["a: !!python/name:os.system", "!x {}", "a: !!str 5", "!!int 5: a", "a: !<tag:x> [1]"]
)
def test_tags_are_refused(text):
    assert "tag" in problem_of(text).message


@pytest.mark.parametrize("text", ["? [a]\n: 1", "? {a: 1}\n: 2", '"": 1', ": 1"])
def test_keys_that_are_no_text_are_refused(text):
    assert problem_of(text).place.line == 1


@pytest.mark.parametrize("text", [r'a: "\ud800"', r'"\ud800": a', r'a: "\UFFFFFFFF"'])
def test_characters_that_are_none_are_refused(text):
    assert problem_of(text).place.line == 1


def bomb(levels, width=10):
    first = f"a0: &a0 [{', '.join(['x'] * width)}]\n"
    rest = (
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]\n"
        for level in range(1, levels)
    )
    return first + "".join(rest)


BOMBS = {
    "billion laughs": bomb(9),
    "thin but deep aliases": bomb(3000, width=1),
    "brackets": "[" * 10_000,
    "closed brackets": "[" * 10_000 + "]" * 10_000,
    "braces": "{a: " * 10_000,
    "dashes": "- " * 10_000,
    "brackets and braces": "[{" * 10_000,
    "many values": "[" + "1," * 120_000 + "]",
    "many keys": "".join(f"k{number}: 1\n" for number in range(25_000)),
    "endless digits": "a: " + "9" * 200_000,
    "endless version": "%YAML 1." + "9" * 200_000 + "\n---\na: 1\n",
    "many duplicate keys": "a: 1\n" * 5_000,
    "many bad values in a long line": "{" + ", ".join(f"? [{n}] : 1" for n in range(3_000)) + "}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_soon(name):
    start = time.process_time()
    with contextlib.suppress(ConfigError):
        read(BOMBS[name])
    assert time.process_time() - start < 10  # of hours, were they not refused


@pytest.mark.parametrize(
    "text", [" " * 240_000, "#" * 240_000, "a: " + "x" * 240_000, "\n" * 240_000]
)
def test_long_texts_are_read_soon(text):
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 10  # of hours, were they not refused


def test_an_alias_bomb_takes_little_memory():
    tracemalloc.start()
    with pytest.raises(ConfigError):
        read(bomb(9))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_depth_up_to_the_limit_is_fine():
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_values_up_to_the_limit_are_fine():
    assert len(read("[" + "1," * (MAX_VALUES - 2) + "]").items) == MAX_VALUES - 2
