"""How settings are drawn: the same ones again, none twice, and better ones by what was learnt."""

import math
import sys
from collections.abc import Sequence

import pytest

from nnrun.config.domains import Choices, Constant, Filled, Range
from nnrun.config.search import METHODS
from nnrun.config.space import Dimension, Setting, Space
from nnrun.errors import UserError
from nnrun.studies.drawing import NewSettings, method_of
from nnrun.studies.method import Method, Result

RATE = Dimension("optimizer.Adam.learning_rate", Range(1e-5, 1.0, log=True))
UNITS = Dimension("units", Range(1, 4, whole=True))
ENDLESS = Space(
    (
        RATE,
        Dimension("batch", Range(8, 64, log=True, whole=True)),
        Dimension(
            "schedule",
            Choices((Constant(None), Filled({"Cosine": Filled({"alpha": Range(0.0, 1.0)})}))),
        ),
    )
)
EIGHT = Space((UNITS, Dimension("bias", Choices((Constant(True), Constant(False))))))
DRAWN = [name for name in METHODS if name not in ("grid", "gp")]  # gp needs torch, which is large


def loss(setting: Setting) -> float:
    """Least at a rate of 1e-3, without a schedule."""
    rate = setting["optimizer.Adam.learning_rate"]
    return (math.log10(rate) + 3) ** 2 + (setting["schedule"] is not None)


def tried(method: Method, space: Space, trials: int, behind: int = 1) -> list[Setting]:
    """The settings of a search whose results are learnt so many trials later."""
    new, found = NewSettings(space, method), []
    for number in range(trials):
        if number >= behind:
            setting = found[number - behind]
            new.learn(number - behind, setting, Result(loss(setting), 5, is_whole=True))
        drawn = new.draw(number)
        if drawn is None:
            break
        found.append(drawn)
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_seed_draws_the_same(name: str) -> None:
    first, again, other = (tried(method_of(name, ENDLESS, seed), ENDLESS, 14) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert len(first) == 14
    for setting in first:
        assert ENDLESS.answers(setting) is not None


@pytest.mark.parametrize("name", [*DRAWN, "grid"])
def test_no_setting_is_drawn_twice_and_a_finite_space_comes_to_its_end(name: str) -> None:
    new = NewSettings(EIGHT, method_of(name, EIGHT, 3))
    assert new.take({"units": 2, "bias": True})
    found: list[Setting | None] = []
    for number in range(9):
        found.append(new.draw(number))
        if found[-1] is not None:
            new.learn(number, found[-1], Result(float(number), 1, is_whole=True))
    assert found[7:] == [None, None]
    settings = [tuple(setting.values()) for setting in found[:7] if setting]
    everything = {(units, bias) for units in range(1, 5) for bias in (True, False)}
    assert set(settings) == everything - {(2, True)}
    assert len(settings) == 7


def test_a_grid_is_in_order() -> None:
    new = NewSettings(EIGHT, method_of("grid", EIGHT, 3))
    found = [new.draw(number) for number in range(4)]
    assert found == [{"units": u, "bias": b} for u in (1, 2) for b in (True, False)]


def test_sobols_settings_lie_in_every_part() -> None:
    space = Space((RATE,))
    rates = [setting[RATE.name] for setting in tried_blindly("sobol", space, 10)]
    for decade in range(5):
        low, high = 10.0 ** (decade - 5), 10.0 ** (decade - 4)
        assert sum(low <= rate < high for rate in rates) in (1, 2, 3)


def tried_blindly(name: str, space: Space, trials: int) -> Sequence[Setting]:
    new = NewSettings(space, method_of(name, space, 3))
    return [setting for number in range(trials) if (setting := new.draw(number))]


@pytest.mark.parametrize("behind", [1, 4])
def test_parzen_estimators_find_what_is_good(behind: int) -> None:
    """Half of the later settings are better than nine tenths of random ones."""
    blind = sorted(map(loss, tried_blindly("random", ENDLESS, 100)))
    later = sorted(map(loss, tried(method_of("tpe", ENDLESS, 3), ENDLESS, 40, behind)[20:]))
    assert later[10] < blind[10]


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_what_failed_or_was_stopped_teaches_too(name: str) -> None:
    """A rate above 1e-2 diverges: later draws avoid it; and a result of nothing breaks nothing."""
    new = NewSettings(ENDLESS, method_of(name, ENDLESS, 3))
    rates = []
    for number in range(40):
        setting = new.draw(number)
        assert setting is not None
        rates.append(setting["optimizer.Adam.learning_rate"])
        failed = rates[-1] > 1e-2
        value = None if failed else loss(setting)
        new.learn(number, setting, Result(value, 2, is_whole=not failed and number % 2 == 0))
    high = [rate > 1e-2 for rate in rates]
    assert sum(high[:10]) >= 2
    assert sum(high[-20:]) < 2 * sum(high[:10])


def test_a_setting_from_elsewhere_is_learnt_if_it_lies_in_the_space() -> None:
    def later(*before: Setting) -> list[Setting]:
        new = NewSettings(ENDLESS, method_of("tpe", ENDLESS, 3))
        for setting in before:
            new.learn(0, setting, Result(0.0, 5, is_whole=True))
        found = []
        for number in range(1, 20):
            setting = new.draw(number)
            assert setting is not None
            new.learn(number, setting, Result(loss(setting), 5, is_whole=True))
            found.append(setting)
        return found

    own: Setting = {"optimizer.Adam.learning_rate": 0.5, "batch": 8, "schedule": None}
    outside = {**own, "batch": 7}
    assert later() == later(outside)
    assert later() != later(own)


@pytest.mark.parametrize(
    ("method", "missing", "extra"),
    [("tpe", "optuna", "search"), ("cmaes", "cmaes", "search"), ("gp", "torch", "search-gp")],
)
def test_a_package_that_is_not_there_is_named_with_its_extra(
    method: str, missing: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError) as raised:
        method_of(method, ENDLESS, 3)
    assert raised.value.message == f"`method: {method}` needs {missing}, which is not installed"
    assert f"'nnrun[{extra}]'" in raised.value.hint
    assert method_of("sobol", ENDLESS, 3).draw(0, 0) is not None


def test_a_gaussian_process_finds_what_is_good() -> None:
    pytest.importorskip("torch")
    blind = sorted(map(loss, tried_blindly("random", ENDLESS, 100)))
    later = sorted(map(loss, tried(method_of("gp", ENDLESS, 3), ENDLESS, 20)[12:]))
    assert later[4] < blind[10]
