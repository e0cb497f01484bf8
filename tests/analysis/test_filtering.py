"""The filter language of `nnrun list`."""

import doctest
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis import filtering
from nnrun.analysis.filtering import parse_filter
from nnrun.errors import UserError

RUN = {
    "optimizer": "Adam",
    "val_accuracy": 0.9,
    "seed": 42,
    "shuffle": True,
    "stop_reason": "stopped by EarlyStopping",
    "val_loss": float("nan"),
    "date": "2026-11-21 00:44",
}
OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def test_the_docstrings_run() -> None:
    assert doctest.testmod(filtering).failed == 0


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("optimizer=adam", True),
        ("optimizer==Adam", True),
        ("optimizer!=SGD and seed=42", True),
        ("optimizer=SGD or seed=42 and val_accuracy<0.5", False),
        ("(optimizer=SGD or seed=42) and val_accuracy>0.5", True),
        ("not optimizer=SGD AND NOT seed<42", True),
        ("seed=42.0", True),
        ('seed="42"', True),
        ("stop_reason~'by early'", True),
        ("stop_reason='stopped by'", False),
        ("shuffle=true", True),
        ("date>=2026-11-21 and date<2026-11-22", True),
        ("val_loss<1", False),
        ("val_loss>=1", False),
        ("val_loss=nan", True),
        ("missing=none", True),
        ("missing!=3", True),
        ("optimizer=none", False),
        ("not (missing<3)", True),
        ("val_accuracy>=9e-1", True),
        ("seed<1" + "0" * 400, True),
    ],
)
def test_what_holds(text: str, held: bool) -> None:
    assert parse_filter(text).holds(RUN.get) is held


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a name, as in val_accuracy > 0.88\n    1 | \n      | ^"),
        ("a", "expected a comparison after 'a'\n    1 | a\n      |  ^  = != < <= > >= or ~"),
        ("a=", "expected a value after '='\n    1 | a=\n      |   ^"),
        ("a=1 b=2", "expected 'and' or 'or' before 'b'\n    1 | a=1 b=2\n      |     ^  Text of"),
        ("a=1 && b=2", "Did you mean 'and'?"),
        ("1 < a < 2", "the name goes on the left"),
        ("a<1<2", "One comparison at a time"),
        ("(a=1", "this parenthesis is never closed\n    1 | (a=1\n      | ^"),
        ("a=1)", "No parenthesis is open"),
        ("a='x", "this quote is never closed\n    1 | a='x\n      |   ^"),
        ("a!1", "'!' has no meaning here\n    1 | a!1\n      |  ^  Did you mean '!='?"),
        ("a=and", "Put the word in quotes"),
        ("not", "expected a name"),
        ("(" * 60, "nested more than 50 deep"),
        ("not " * 60 + "a=1", "nested more than 50 deep"),
        ("a=1 \x1b[2J", r"\x1b[2J"),
        ("a" * 10_001, "more than 10,000 characters"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_filter(text)
    assert message in caught.value.message
    assert "\x1b" not in caught.value.message


def test_numbers_are_not_ordered_against_words() -> None:
    condition = parse_filter("seed > many")
    with pytest.raises(UserError, match="seed is a number, and 'many' is none"):
        condition.check_values(lambda name: [42, None])
    condition.check_values(lambda name: ["few", 42])
    assert not condition.holds({"seed": 42}.get)


@given(
    st.sampled_from(sorted(OPERATORS)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
)
def test_numbers_compare_as_in_python(sign: str, left: float, right: int) -> None:
    assert parse_filter(f"x {sign} {right}").holds({"x": left}.get) == OPERATORS[sign](left, right)
    assert parse_filter(f"x{sign}{left!r}").holds({"x": right}.get) == OPERATORS[sign](right, left)


@given(
    st.recursive(
        st.booleans().map(lambda truth: ("x=1" if truth else "x=2", truth)),
        lambda below: st.one_of(
            below.map(lambda a: (f"not ({a[0]})", not a[1])),
            st.tuples(below, below).map(
                lambda ab: (f"({ab[0][0]}) and ({ab[1][0]})", ab[0][1] and ab[1][1])
            ),
            st.tuples(below, below).map(
                lambda ab: (f"({ab[0][0]}) or ({ab[1][0]})", ab[0][1] or ab[1][1])
            ),
        ),
        max_leaves=8,
    )
)
def test_logic(case: tuple[str, bool]) -> None:
    text, truth = case
    assert parse_filter(text).holds({"x": 1}.get) is truth


@given(st.text(alphabet="ab =!<>~()'\"1.and or not\x1b\n", max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        condition = parse_filter(text)
    except UserError:
        return
    assert condition.holds({}.get) in (True, False)
