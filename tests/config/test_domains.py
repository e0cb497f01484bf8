"""What a search may put at a place: how many values, which, and the answers that lead to them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.domains import (
    Choices,
    Constant,
    Domain,
    Filled,
    Range,
    Repeated,
    all_values,
    same,
)


def choice(*values: object) -> Choices:
    return Choices(tuple(Constant(value) for value in values))


WIDTHS = Range(16, 18, whole=True)
LAYERS = Repeated(WIDTHS, Range(1, 2, whole=True))
OPTIMIZERS = Choices(
    (
        Filled({"Adam": Filled({"learning_rate": Range(1e-4, 1e-2, log=True)})}),
        Filled({"SGD": Filled({"momentum": choice(0, 0.9), "nesterov": Constant(True)})}),
        Constant("RMSprop"),
    )
)


@pytest.mark.parametrize(
    ("domain", "size"),
    [
        (Constant([1, 2]), 1),
        (WIDTHS, 3),
        (Range(0.0, 0.5, step=0.1), 6),
        (Range(0.0, 0.5), None),
        (choice(1, 2, 3), 3),
        (LAYERS, 3 + 3**2),
        (Repeated(WIDTHS, choice(0, 3)), 1 + 3**3),
        (Filled([WIDTHS, choice(1, 2)]), 3 * 2),
        (OPTIMIZERS, None),
        (Choices(OPTIMIZERS.entries[1:]), 2 + 1),
    ],
)
def test_how_many_values_there_are(domain: Domain, size: int | None) -> None:
    assert domain.size() == size
    if size is not None:
        values = list(all_values(domain, "x"))
        assert len(values) == size
        assert not any(same(one, other) for i, one in enumerate(values) for other in values[:i])


def test_the_last_part_changes_fastest() -> None:
    assert list(all_values(LAYERS, "x"))[:6] == [[16], [17], [18], [16, 16], [16, 17], [16, 18]]


def test_a_share_of_the_way_is_a_share_of_the_numbers() -> None:
    assert [WIDTHS.at(share) for share in (0, 0.33, 0.34, 0.66, 0.67, 0.999)] == [
        16, 16, 17, 17, 18, 18,
    ]  # fmt: skip
    assert [Range(0.0, 0.5, step=0.1).at(share) for share in (0, 0.5, 0.99)] == [0.0, 0.3, 0.5]
    assert Range(-1, 3).at(0.25) == 0.0
    assert Range(1e-4, 1e-2, log=True).at(0.25) == pytest.approx(10**-3.5, rel=1e-4)


def test_a_log_range_of_whole_numbers_favours_each_doubling_alike() -> None:
    powers = Range(1, 8, log=True, whole=True)
    shares = [i / 10_000 for i in range(10_000)]
    drawn = [powers.at(share) for share in shares]
    total = math.log(8.5) - math.log(0.5)
    for number in range(1, 9):
        expected = (math.log(number + 0.5) - math.log(number - 0.5)) / total
        assert drawn.count(number) / len(drawn) == pytest.approx(expected, abs=2e-4)


def test_a_number_has_as_many_digits_as_matter() -> None:
    assert Range(3e-4, 3e-2, log=True).snap(0.003362634189) == 0.0033626
    assert Range(0, 0.5).snap(0.123456789) == 0.12346
    assert Range(100, 1000).snap(123.456789) == 123.46
    assert Range(0.9, 0.9999).snap(0.98765432) == 0.987654


def test_steps_are_exact() -> None:
    assert [Range(0.1, 0.7, step=0.1).value(i) for i in range(7)] == [
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
    ]  # fmt: skip


def test_the_parameters_of_a_choice_are_named_by_its_classes() -> None:
    assert [parameter.name for parameter in OPTIMIZERS.parameters("optimizer")] == [
        "optimizer", "optimizer.Adam.learning_rate", "optimizer.SGD.momentum",
    ]  # fmt: skip
    twice = Choices((Filled({"SGD": WIDTHS}), Filled({"SGD": choice(1, 2)}), Range(0, 1)))
    assert [parameter.name for parameter in twice.parameters("x")] == [
        "x", "x:0.SGD", "x:1.SGD", "x:2",
    ]  # fmt: skip
    assert [parameter.name for parameter in LAYERS.parameters("hidden")] == [
        "hidden.times", "hidden[0]", "hidden[1]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "value", "answers"),
    [
        (OPTIMIZERS, {"Adam": {"learning_rate": 0.001}}, {"x": 0, "x.Adam.learning_rate": 0.001}),
        (OPTIMIZERS, {"SGD": {"momentum": 0.9, "nesterov": True}}, {"x": 1, "x.SGD.momentum": 1}),
        (OPTIMIZERS, "RMSprop", {"x": 2}),
        (OPTIMIZERS, {"SGD": {"momentum": 0.9, "nesterov": 1}}, None),
        (OPTIMIZERS, {"SGD": {"momentum": 0.9}}, None),
        (OPTIMIZERS, {"Adam": {"learning_rate": 1}}, None),
        (LAYERS, [17, 16], {"x.times": 2, "x[0]": 17, "x[1]": 16}),
        (LAYERS, [17, 16, 18], None),
        (LAYERS, 17, None),
        (Range(0.0, 0.5, step=0.1), 0.3, {"x": 0.3}),
        (Range(0.0, 0.5, step=0.1), 0.35, None),
        (WIDTHS, True, None),
        (WIDTHS, 16.5, None),
    ],
)
def test_the_answers_that_lead_to_a_value(
    domain: Domain, value: object, answers: dict[str, float] | None
) -> None:
    assert domain.answers(value, "x") == answers


def domains() -> st.SearchStrategy[Domain]:
    def ranges(low: int, width: int, parts: int, kind: str) -> Range:
        if kind == "whole":
            return Range(low, low + width, whole=True, step=None)
        if kind == "log":
            return Range(low / 100, (low + width) / 100, log=True)
        step = width / 10 if kind == "steps" else None
        return Range(low / 10, round(low / 10 + parts * (step or width), 10), step=step)

    kinds = st.sampled_from(["whole", "log", "steps", "real"])
    leaves = st.one_of(
        st.integers(-3, 3).map(Constant),
        st.sampled_from(["relu", "Adam", None, True, [1, 2], {}]).map(Constant),
        st.builds(ranges, st.integers(1, 50), st.integers(1, 30), st.integers(1, 5), kinds),
    )
    lengths = st.sampled_from([Constant(2), Range(0, 2, whole=True), choice(1, 3)])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: Choices(tuple(parts))),
            st.lists(inner, max_size=3).map(lambda parts: Filled(tuple(parts))),
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(Filled),
            st.builds(Repeated, inner, lengths),
        ),
        max_leaves=6,
    )


@given(domains(), st.randoms())
def test_every_value_is_led_to_by_answers(domain: Domain, random: object) -> None:
    """And a parameter is asked at most once, by a name that is its own."""
    asked: list[str] = []

    def ask(parameter: object) -> float:
        asked.append(parameter.name)
        return parameter.domain.at(random.random())

    value = domain.build(ask, "x")
    names = [parameter.name for parameter in domain.parameters("x")]
    assert len(set(names)) == len(names)
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(names)
    answers = domain.answers(value, "x")
    assert answers is not None
    assert same(domain.build(lambda parameter: answers[parameter.name], "x"), value)
