"""Problems → text and JSON."""

import json

import pytest

from nnrun.config.diagnostics import (
    did_you_mean,
    in_order,
    nearest,
    problems_to_json,
    render_problems,
)
from nnrun.errors import Place, Problem


def place(line=1, column=1, text="", length=1, source="mine.yaml"):
    return Place(source, line, column, length, text)


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("unit", ["units", "use_bias"], "units"),
        ("EPOCHS", ["epochs"], "epochs"),
        ("batchsize", ["batch_size"], "batch_size"),
        ("batch-size", ["batch_size"], "batch_size"),
        ("lr", ["momentum", "learning_rate"], "learning_rate"),
        ("lr", ["lr", "learning_rate"], "lr"),
        ("neurons", ["units"], "units"),
        ("slope", ["negative_slope", "name"], "negative_slope"),
        ("sep", ["path", "separator"], "separator"),
        ("rate", ["the_first_rate", "the_second_rate"], ""),
        ("relu", ["relu", "ReLU"], "relu"),
        ("xyzzy", ["units"], ""),
        ("", ["units"], ""),
        ("x", [], ""),
    ],
)
def test_nearest(word, known, near):
    assert nearest(word, known) == near
    assert did_you_mean(word, known) == (f"did you mean '{near}'?" if near else "")


def test_the_line_of_the_design():
    problem = Problem(
        "unknown argument 'unit'",
        place(9, 13, "  - Dense: {unit: 300, activation: relu}", 4, "configs/mine.yaml"),
        "architecture[1].Dense",
        "did you mean 'units'?",
    )
    assert render_problems([problem]) == (
        "configs/mine.yaml:9:13  architecture[1].Dense: unknown argument 'unit'\n"
        "    9 |   - Dense: {unit: 300, activation: relu}\n"
        "      |             ^^^^  Did you mean 'units'?"
    )


def test_without_place_hint_or_path():
    assert render_problems([Problem("bad")]) == "bad"
    assert render_problems([Problem("bad", hint="mend it")]) == "bad\n     Mend it."
    assert render_problems([Problem("bad", place(), "a")]) == "mine.yaml:1:1  a: bad"


def test_warnings_say_so():
    assert render_problems([Problem("odd", severity="warning")]) == "warning: odd"


def test_overrides_are_named_and_come_last_in_their_order():
    problems = [
        Problem("d", Place("--set b=1")),
        Problem("e", Place("--set a=1")),
        Problem("c", place(2)),
        Problem("b", place(1, 5)),
        Problem("a"),
        Problem("a"),
    ]
    assert [problem.message for problem in in_order(problems)] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("text", "column", "length", "caret"),
    [
        ("a: b", 4, 1, "   ^"),
        ("a:\tb", 4, 1, "   ^"),
        ("損: b", 4, 1, "    ^"),
        ("e\u0301: b", 5, 1, "   ^"),
        ("\x1b: b", 4, 1, "      ^"),
        ("a: b", 5, 1, "    ^"),
        ("", 1, 1, ""),
    ],
)
def test_the_caret_stands_below_what_it_means(text, column, length, caret):
    lines = render_problems([Problem("bad", place(1, column, text, length))]).splitlines()
    assert (lines[2][8:] if len(lines) > 2 else "") == caret


def test_long_lines_are_cut_around_the_caret():
    text = "x" * 500 + "BAD" + "y" * 500
    _, line, caret = render_problems([Problem("bad", place(1, 501, text, 3))]).splitlines()
    assert len(line) < 130
    start = caret.index("^")
    assert line[start : start + 3] == "BAD"
    assert caret.count("^") == 3


@pytest.mark.parametrize(
    "char", ["\x1b", "\x07", "\x00", "\x9b", "\u202e", "\u200b", "\r", "\n", "\ud800"]
)
def test_nothing_steers_the_terminal(char):
    problem = Problem(
        f"a{char}b", place(1, 1, f"c{char}d", 9, f"e{char}f"), f"g{char}h", f"i{char}j"
    )
    override = Problem("bad", Place(f"--set x={char}"))
    rendered = render_problems([problem, override])
    assert all(each.isprintable() or each == "\n" for each in rendered)
    assert rendered.count("\n") == 3


def test_endless_messages_are_cut():
    problem = Problem("m" * 10_000, place(text="t" * 10_000), "p" * 10_000, "h" * 10_000)
    assert len(render_problems([problem])) < 2_000


def test_of_very_many_problems_the_first_are_printed():
    problems = [Problem(f"bad {number}") for number in range(1_050)]
    assert render_problems(problems).splitlines()[-2:] == ["bad 49", "… and 1,000 more"]
    assert len(problems_to_json(problems)) == 1_050


def test_json():
    problems = [Problem("bad", place(2, 3), "a.b", "mend it"), Problem("odd", severity="warning")]
    assert json.loads(json.dumps(problems_to_json(problems))) == [
        {
            "file": None,
            "line": None,
            "column": None,
            "path": "",
            "message": "odd",
            "hint": "",
            "severity": "warning",
        },
        {
            "file": "mine.yaml",
            "line": 2,
            "column": 3,
            "path": "a.b",
            "message": "bad",
            "hint": "Mend it.",
            "severity": "error",
        },
    ]
