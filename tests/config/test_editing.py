"""A learning rate written into a config's text: every form an optimizer can have."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.editing import with_learning_rate
from nnrun.config.loading import load_experiment
from nnrun.errors import UserError

HEAD = """\
# what it shows
name: forms
dataset: {name: iris}   # three kinds
"""
TAIL = """
architecture:
  - Dense: 3            # no activation
# the end
"""
NEW = 0.025

FORMS = {
    "bare name": ("optimizer: SGD # plain", "optimizer: {SGD: {learning_rate: 0.025}} # plain"),
    "alias": ("optimizer: adam", "optimizer: {adam: {learning_rate: 0.025}}"),
    "quoted": ("optimizer: 'SGD'", "optimizer: {SGD: {learning_rate: 0.025}}"),
    "no value": ("optimizer: # later", "optimizer: {Adam: {learning_rate: 0.025}} # later"),
    "null": ("optimizer: null", "optimizer: {Adam: {learning_rate: 0.025}}"),
    "flow": (
        "optimizer: {SGD: {learning_rate: 1e-2, momentum: 0.9}} # c",
        "optimizer: {SGD: {learning_rate: 0.025, momentum: 0.9}} # c",
    ),
    "flow without a rate": (
        "optimizer: {SGD: {momentum: 0.9}}",
        "optimizer: {SGD: {learning_rate: 0.025, momentum: 0.9}}",
    ),
    "flow over lines": (
        "optimizer: {\n  SGD: {\n    # why\n    momentum: 0.9,\n    learning_rate: 0.1 }}",
        "optimizer: {\n  SGD: {\n    # why\n    momentum: 0.9,\n    learning_rate: 0.025 }}",
    ),
    "empty arguments": (
        "optimizer: {SGD: {}}",
        "optimizer: {SGD: {learning_rate: 0.025}}",
    ),
    "no arguments": (
        "optimizer:\n  SGD:   # none\n",
        "optimizer:\n  SGD: {learning_rate: 0.025}   # none\n",
    ),
    "null arguments": ("optimizer: {SGD: ~}", "optimizer: {SGD: {learning_rate: 0.025}}"),
    "first argument": ("optimizer:\n  SGD: 0.01  # c", "optimizer:\n  SGD: 0.025  # c"),
    "first argument in flow": ("optimizer: {SGD: 0.01}", "optimizer: {SGD: 0.025}"),
    "block": (
        "optimizer:\n    SGD:\n      momentum: 0.9\n      learning_rate: 0.1 # old\n      nesterov: true",
        "optimizer:\n    SGD:\n      momentum: 0.9\n      learning_rate: 0.025 # old\n      nesterov: true",
    ),
    "block without a rate": (
        "optimizer:\n  SGD:\n    # heavy ball\n    momentum: 0.9  # c\n    nesterov: true",
        "optimizer:\n  SGD:\n    # heavy ball\n    learning_rate: 0.025\n    momentum: 0.9  # c\n    nesterov: true",
    ),
    "block with an empty rate": (
        "optimizer:\n  SGD:\n    learning_rate:\n    momentum: 0.9",
        "optimizer:\n  SGD:\n    learning_rate: 0.025\n    momentum: 0.9",
    ),
    "alias with arguments": (
        "optimizer: {adam: {beta_1: 0.8}}",
        "optimizer: {adam: {learning_rate: 0.025, beta_1: 0.8}}",
    ),
    "anchored": (
        "optimizer: &o {SGD: {learning_rate: &r 0.1}}",
        "optimizer: &o {SGD: {learning_rate: 0.025}}",
    ),
    "with a schedule": (
        "schedule: {ExponentialDecay: {decay_steps: 5, decay_rate: 0.5}}\noptimizer: {SGD: 0.1}",
        "schedule: {ExponentialDecay: {decay_steps: 5, decay_rate: 0.5}}\noptimizer: {SGD: 0.025}",
    ),
}


def check(folder: Path, text: str, *, target: str = "other.yaml") -> str:
    """The edited text; it loads, and differs in the rate alone."""
    config = folder / "config.yaml"
    config.write_bytes(text.encode())
    edited = with_learning_rate(config, folder / target, NEW)
    (folder / target).write_bytes(edited.encode())
    before, after = load_experiment(config), load_experiment(folder / target)
    assert after.optimizer.arguments["learning_rate"] == NEW
    arguments = {**before.optimizer.arguments, "learning_rate": NEW}
    optimizer = dataclasses.replace(before.optimizer, arguments=arguments)
    assert after == dataclasses.replace(before, optimizer=optimizer)
    return edited


@pytest.mark.parametrize(("old", "new"), FORMS.values(), ids=FORMS)
def test_forms(tmp_path: Path, old: str, new: str) -> None:
    assert check(tmp_path, HEAD + old + TAIL) == HEAD + new + TAIL
    assert check(tmp_path, HEAD + TAIL.lstrip("\n") + old) == HEAD + TAIL.lstrip("\n") + new


@pytest.mark.parametrize(("old", "new"), FORMS.values(), ids=FORMS)
def test_windows_line_ends_stay(tmp_path: Path, old: str, new: str) -> None:
    text = (HEAD + old + TAIL).replace("\n", "\r\n")
    assert check(tmp_path, text) == (HEAD + new + TAIL).replace("\n", "\r\n")


def test_no_optimizer_at_all(tmp_path: Path) -> None:
    text = HEAD + TAIL
    assert check(tmp_path, text) == text + "optimizer:\n  Adam: {learning_rate: 0.025}\n"
    bare = text.rstrip()
    assert check(tmp_path, bare) == bare + "\noptimizer:\n  Adam: {learning_rate: 0.025}\n"


def test_a_config_that_is_indented_or_in_flow_style(tmp_path: Path) -> None:
    indented = "  dataset: {name: iris}\n  name: x\n  architecture: [{Dense: 3}]\n"
    expected = indented + "  optimizer:\n    Adam: {learning_rate: 0.025}\n"
    assert check(tmp_path, indented) == expected
    flow = "{name: x, dataset: {name: iris}, architecture: [{Dense: 3}]}"
    assert check(tmp_path, flow) == "{optimizer: {Adam: {learning_rate: 0.025}}, " + flow[1:]


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("SGD: {learning_rate: 0.1, momentum: 0.9}", "SGD"),
        ("SGD: 0.1", "SGD"),
        ("adam: {beta_1: 0.8}", "adam"),
    ],
)
def test_an_optimizer_of_the_extended_file(tmp_path: Path, base: str, told: str) -> None:
    base_text = f"{HEAD}optimizer:\n  {base}\n{TAIL}"
    (tmp_path / "base.yaml").write_text(base_text)
    text = "extends: base.yaml\nname: over\n"
    expected = f"{text}optimizer:\n  {told}: {{learning_rate: 0.025}}\n"
    assert check(tmp_path, text) == expected
    assert (tmp_path / "base.yaml").read_text() == base_text


def test_a_name_that_is_the_files_follows_the_file(tmp_path: Path) -> None:
    config = tmp_path / "first.yaml"
    config.write_text("dataset: {name: iris}\noptimizer: SGD\narchitecture: [{Dense: 3}]\n")
    text = with_learning_rate(config, tmp_path / "second.yaml", NEW)
    (tmp_path / "second.yaml").write_text(text)
    assert load_experiment(tmp_path / "second.yaml").name == "second"


def test_the_same_rate_again_changes_nothing(tmp_path: Path) -> None:
    once = check(tmp_path, HEAD + "optimizer: {SGD: 0.01}" + TAIL)
    assert check(tmp_path, once) == once


@given(rate=st.floats(min_value=1e-12, max_value=1e6))
def test_any_rate_reads_back_exactly(tmp_path_factory: pytest.TempPathFactory, rate: float) -> None:
    folder = tmp_path_factory.getbasetemp()
    config = folder / "rates.yaml"
    config.write_text(HEAD + "optimizer:\n  SGD: {momentum: 0.9}" + TAIL)
    text = with_learning_rate(config, config, rate)
    found = load_experiment(config, text=text)
    assert found.optimizer.arguments == {"learning_rate": rate, "momentum": 0.9}


REFUSED = {
    "a rate inside": (
        "optimizer: {SGD: {learning_rate: {ExponentialDecay: "
        "{initial_learning_rate: 0.1, decay_steps: 5, decay_rate: 0.5}}}}",
        "the optimizer's learning_rate is the schedule ExponentialDecay, not a number",
    ),
    "the schedule's own rate": (
        "optimizer: SGD\nschedule: {ExponentialDecay: "
        "{initial_learning_rate: 0.1, decay_steps: 5, decay_rate: 0.5}}",
        "the schedule ExponentialDecay names its own rates, not the optimizer's",
    ),
    "piecewise": (
        "optimizer: SGD\nschedule: {PiecewiseConstantDecay: "
        "{boundaries: [10], values: [0.1, 0.01]}}",
        "the schedule PiecewiseConstantDecay names its own rates, not the optimizer's",
    ),
    "a warm-up to a rate of its own": (
        "optimizer: SGD\nschedule: {Warmup: {steps: 5, then: 0.1}}",
        "the schedule Warmup names its own rates, not the optimizer's",
    ),
    "shared": (
        "training: {class_weight: &w {setosa: 0.5}}\noptimizer: {SGD: {learning_rate: &r 0.5}}\n"
        "regularization: {dropout: *r}",
        "the learning rate cannot be changed in place in ",
    ),
}


@pytest.mark.parametrize(("optimizer", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_changed_alone_is_refused(tmp_path: Path, optimizer: str, told: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(HEAD + optimizer + TAIL)
    with pytest.raises(UserError) as caught:
        with_learning_rate(config, config, NEW)
    assert caught.value.message.startswith(told)
    assert caught.value.hint


@pytest.mark.parametrize(
    "schedule",
    [
        "{PerformanceSchedule: {monitor: loss}}",
        "{OneCycle: 20 epochs}",
        "{Warmup: 2 epochs}",
        "{Warmup: {steps: 5, then: {CosineDecay: {decay_steps: 9}}}}",
    ],
)
def test_the_rate_that_a_schedule_starts_from_can_be_changed(tmp_path: Path, schedule: str) -> None:
    more = f"\nschedule: {schedule}"
    written = check(tmp_path, HEAD + "optimizer: {SGD: {learning_rate: 0.5}}" + more + TAIL)
    assert "SGD: {learning_rate: 0.025}" in written


def test_another_folder_where_the_paths_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(HEAD + "optimizer: SGD" + TAIL)
    (tmp_path / "sub").mkdir()
    config = tmp_path / "over.yaml"
    config.write_text("extends: base.yaml\n")
    with pytest.raises(UserError, match=r"over\.yaml names files relative to its own folder"):
        with_learning_rate(config, tmp_path / "sub" / "new.yaml", NEW)
    base = tmp_path / "base.yaml"
    assert with_learning_rate(base, tmp_path / "sub" / "new.yaml", NEW).startswith("# what")
