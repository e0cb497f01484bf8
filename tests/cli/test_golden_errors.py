"""Every wrong config is answered with exactly the text that stands in its golden file."""

import doctest
import re

import pytest

from nnrun import errors

from .golden.cases import CASES, FOLDER, run_case


@pytest.mark.parametrize("name", CASES)
def test_the_message_is_the_golden_one(name, tmp_path):
    code, stderr = run_case(CASES[name], tmp_path)
    assert stderr == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert code == CASES[name].code


def test_no_golden_file_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


def test_no_message_can_steer_the_terminal():
    for path in FOLDER.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert all(char.isprintable() or char == "\n" for char in text), path.name


def test_every_hint_is_a_sentence():
    """It begins with a capital letter, unless with code or a quote, and ends with a full stop."""
    assert doctest.testmod(errors).failed == 0
    for path in FOLDER.glob("*.txt"):
        for hint in re.findall(
            r"^ +\| +\^+  (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert re.fullmatch(r"[^a-z].*[.?!…]", hint), f"{path.name}: {hint}"
