"""`nnrun show`: the card before the run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY

WriteConfig = Callable[..., Path]
Nnrun = Callable[..., Any]

REGRESSION = """\
name: prices
dataset: {name: diabetes, split: {validation: 0.2}}
architecture: {MLP: {hidden: [3]}}
runtime: {engine: graph}
"""
SCHEDULE = "schedule: {ExponentialDecay: {decay_steps: 1 epochs, decay_rate: 0.1}}\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_classification(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("show", write_config())
    assert (done.code, done.err) == (0, "")
    for told in ("90 train, 30 validation, 30 test rows; multiclass, 3 classes; embedded", "67"):
        assert told in " ".join(done.out.split())
    assert "0.001, constant" in done.out
    lines = done.out.splitlines()
    assert "* name: tiny" in lines
    assert "  seed: 42" in lines
    assert "\x1b" not in done.out
    assert [path.name for path in Path().iterdir()] == ["tiny.yaml"]


def test_a_regression_with_doubtful_data(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("show", write_config(REGRESSION))
    assert done.code == 0
    assert "regression" in done.out
    assert "classes" not in done.out
    warnings = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    assert any(line.endswith("consider preprocess: `standardize: true`") for line in warnings)


def test_a_schedule_is_drawn(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("show", write_config(TINY + SCHEDULE))
    assert done.code == 0
    last = 0.001 * 0.1 ** (5 / 3)  # before the last of two epochs' six steps
    assert f"0.001 at first, {last:.5g} at the end" in done.out
    assert "learning rate over the training" in done.out


def test_the_card_as_json(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("show", write_config(TINY + SCHEDULE), "--set", "training.epochs=3", "--json")
    assert (done.code, done.err) == (0, "")
    card = json.loads(done.out)
    assert card["config"]["training"]["epochs"] == 3
    assert (card["task"], card["parameters"], card["steps"]) == ("multiclass", 67, 3)
    assert card["rows"] == {"train": 90, "validation": 30, "test": 30}
    assert [layer["parameters"] for layer in card["layers"]] == [0, 40, 27]
    assert card["rates"][0] == pytest.approx(0.001)
    assert card["rates"][-1] < 0.001 * 0.1**2
    assert set(card["seconds"]) == {"compiling", "epoch", "training"}
    assert set(card["memory"]) == {"data", "weights", "activations"}
