"""Every wrong config is answered with exactly the text that stands in its golden file."""

import pytest

from .golden.cases import CASES, FOLDER, run_case


@pytest.mark.parametrize("name", CASES)
def test_the_message_is_the_golden_one(name, tmp_path):
    code, stderr = run_case(CASES[name], tmp_path)
    assert stderr == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert code == 2


def test_no_golden_file_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


def test_no_message_can_steer_the_terminal():
    for path in FOLDER.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert all(char.isprintable() or char == "\n" for char in text), path.name
