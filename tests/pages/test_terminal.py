"""A document on a terminal, narrow or wide, in colour or in ASCII."""

from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.pages.document import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Heading,
    Lines,
    Narrowing,
    Picture,
    Plot,
    Sheet,
)
from nnrun.pages.terminal import Screen, screen_text, speaks_unicode
from nnrun.pages.text_table import narrow

SCREEN = Screen(40)


def shown(*blocks: Block, screen: Screen = SCREEN, summary: tuple[str, ...] = ()) -> str:
    return screen_text(Document("t", blocks, dict, summary, ["an aside"]), screen)


def test_every_block_and_the_summary_last() -> None:
    text = shown(
        Lines([[Cell("run", "strong"), " ended"], "in a line"]),
        Heading("heading"),
        Sheet("title", ["", "x"], [["a", Cell("1", "better")]], note="a note"),
        Facts({"a name": "a value of so many words that they do not fit beside the name, not one",
               "path": Path("a/" * 40)}),
        Picture("nowhere", lambda: pytest.fail("a terminal shows no picture")),
        Code(["* x: 1", Cell("  y: 2", "quiet")]),
        Plot({"loss": [1.0, 2.0]}, 4, 2),
        summary=("What it comes to, in a sentence that is long.",),
    )  # fmt: skip
    path = Path("a/" * 40)
    assert (
        text
        == f"""\
run ended
in a line

heading
title
     x
a  1 ▲
a note

a name  a value of so many words that they do not fit beside the name,
        not one
path    {path}

* x: 1
  y: 2

loss
2 ┤⢸
1 ┤⡸

What it comes to, in a sentence that is
long.
"""
    )


def test_a_program_gets_whole_sentences_and_whole_tables() -> None:
    sheet = Sheet("", ["name", "b", "c"], [["n" * 60, "1", "2" * 30]], narrowing=Narrowing())
    text = shown(sheet, Lines(["word " * 30]), screen=replace(SCREEN, is_terminal=False))
    assert "n" * 60 in text
    assert "2" * 30 in text
    assert ("word " * 30).strip() in text


def test_colours_are_around_the_words_alone() -> None:
    sheet = Sheet("", ["a", "b"], [[Cell("x", "bad"), Cell("1", "worse")], ["yy", ""]])
    assert shown(sheet, screen=replace(SCREEN, color=True)) == (
        "\x1b[1ma\x1b[0m     \x1b[1mb\x1b[0m\n\x1b[1;31mx\x1b[0m   \x1b[31m1 ▼\x1b[0m\nyy\n"
    )


def test_ascii_has_words_and_levels_in_the_place_of_signs() -> None:
    cells = [Cell("+1 ±0.5", "worse"), Cell("", "held"), Cell("", "missed"), "▁▄█", "cut …"]
    text = shown(Sheet("", [""] * 5, [cells]), screen=Screen(80, unicode=False))
    assert text == "+1 +-0.5 worse  ok  FAILED  _=@  cut..\n"


def test_no_text_steers_the_terminal_or_makes_a_line_of_its_own() -> None:
    hostile = "a\x1b[2Jb\nc"
    sheet = Sheet(hostile, [hostile], [[hostile]])
    text = shown(sheet, Lines([hostile]), Facts({hostile: hostile}), Code([hostile]))
    assert "\x1b" not in text
    assert text.count(r"a\x1b[2Jb\nc") == 7
    assert len(text.splitlines()) == 3 + 1 + 1 + 1 + 1 + 1 + 1


def test_cells_are_broken_where_a_table_is_too_wide() -> None:
    rows = [["a/path/that/has/no/spaces/and/is/long", "some words in a row"], ["b", "x"]]
    assert shown(Sheet("", ["name", "what"], rows, frozenset({0, 1}))) == (
        "name                          what\n"
        "a/path/that/has/no/spaces/an  some words\n"
        "d/is/long                     in a row\n"
        "b                             x\n"
    )  # fmt: skip
    header = Cell("best\nepoch", breaks=True)
    assert (
        shown(Sheet("", ["", header], [["loss", "1"]])) == "       best\n      epoch\nloss      1\n"
    )


def test_columns_are_left_out_and_long_cells_are_cut() -> None:
    columns, rows = ("run", "note", "x", "y"), [["a", "n" * 60, "1", "2" * 30]]
    sheet = Sheet("", columns, rows, narrowing=Narrowing(hint="choose with --columns"))
    (fitting,), left_out = narrow(sheet, SCREEN, 45)
    assert (fitting.columns, left_out) == (["run", "note", "x"], ["y"])
    assert shown(sheet, screen=Screen(46)).splitlines()[-1] == "not shown: y; choose with --columns"
    assert "n" * 34 + " …" in shown(sheet, screen=Screen(46))
    assert narrow(sheet, SCREEN, 200)[1] == []
    whole = replace(sheet, narrowing=Narrowing(leaves_out=False))
    assert "2" * 30 in shown(whole)


def test_which_columns_stay_longest() -> None:
    rows = [["a", "b", "c" * 9, "d" * 9, "e" * 9]]
    sheet = Sheet("", "abcde", rows, narrowing=Narrowing(order=(0, 1, 4, 2, 3)))
    (table,), left_out = narrow(sheet, SCREEN, 15)
    assert (table.columns, left_out) == (["a", "b", "e"], ["c", "d"])


def test_needed_columns_follow_in_further_tables() -> None:
    rows = [["1", "run", *["w" * 20] * 4]]
    narrowing = Narrowing(needed=frozenset({3, 4, 5}))
    sheet = Sheet("", ("", "run", "a", "b", "c", "d"), rows, frozenset(), narrowing)
    tables, left_out = narrow(sheet, SCREEN, 52)
    assert [table.columns for table in tables] == [["", "run", "a", "b"], ["", "run", "c", "d"]]
    assert left_out == []
    tables, left_out = narrow(sheet, SCREEN, 20)  # too narrow for any: one a table
    assert [table.columns[2:] for table in tables] == [["a"], ["b"], ["c"], ["d"]]


def test_which_encodings_hold_our_signs() -> None:
    assert speaks_unicode("utf-8")
    assert not speaks_unicode("latin-1")
    assert not speaks_unicode("no-such-encoding")
