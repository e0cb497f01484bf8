"""The configs that nnrun comes with do what their first lines say."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.config.gallery_sheet import SHEET
from nnrun.runs.history import History

CONFIGS = Path(__file__).parents[2] / "configs"
GALLERY = sorted(path for path in CONFIGS.glob("*.yaml") if path.name != SHEET)
Nnrun = Callable[..., Any]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train(nnrun: Nnrun, name: str, *changes: str) -> tuple[int, dict[str, Any]]:
    options = [option for change in changes for option in ("--set", change)]
    done = nnrun("train", CONFIGS / f"{name}.yaml", "--json", *options)
    return done.code, json.loads(done.out)


def held(result: dict[str, Any]) -> dict[str, bool]:
    return {item["figure"]: item["held"] for item in result["expectations"]}


def test_there_is_a_gallery() -> None:
    assert {"digits_mlp", "fashion_mlp", "california_mlp", "mnist_dropout"} <= {
        path.stem for path in GALLERY
    }


@pytest.mark.parametrize("config", GALLERY, ids=lambda path: path.stem)
def test_a_config_of_the_gallery_is_valid_and_tells_its_purpose(nnrun: Nnrun, config: Path) -> None:
    done = nnrun("validate", config)
    base = re.search(r"^  from_run: (.+)$", config.read_text(encoding="utf-8"), re.MULTILINE)
    if base is None:
        assert (done.code, done.err) == (0, "")
    else:  # which is the only thing that is missing here
        assert f"there is no run '{base[1]}'" in done.err
        assert done.err.count("architecture") == 1
        assert (CONFIGS / f"{base[1]}.yaml").is_file()
    lines = config.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert f"name: {config.stem}" in lines


def test_digits_hold_what_they_promise(nnrun: Nnrun) -> None:
    code, result = train(nnrun, "digits_mlp")
    assert held(result) == {"params": True, "val_accuracy": True, "test_accuracy": True}
    assert code == 0
    rows = History.read(Path(result["run_dir"]) / "history.csv").rows
    assert len(rows) == result["epochs"]
    assert result["metrics"]["best"]["val_loss"] == min(row["val_loss"] for row in rows)


@pytest.mark.parametrize(
    ("name", "accuracy", "converged_in"),
    [("perceptron_iris", 1.0, 2), ("perceptron_xor", 0.75, None)],
)
def test_a_perceptron_converges_where_a_line_parts_the_rows(
    nnrun: Nnrun, name: str, accuracy: float, converged_in: int | None
) -> None:
    code, result = train(nnrun, name)
    assert held(result) == {"params": True, "accuracy": True}
    assert (result["metrics"]["best"]["accuracy"], code) == (accuracy, 0)
    rows = History.read(Path(result["run_dir"]) / "history.csv").rows
    converged = [row["epoch"] for row in rows if row["loss"] == 0]
    # Once no row is mistaken the weights stand still, and none ever is again.
    assert converged == (list(range(converged_in, len(rows) + 1)) if converged_in else [])


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("name", "told"),
    [("digits_vanishing", "vanishing"), ("digits_dying_relu", "dying"), ("digits_deep_relu", "")],
)
def test_what_goes_wrong_inside_is_told(nnrun: Nnrun, name: str, told: str) -> None:
    code, result = train(nnrun, name)
    assert (code, set(held(result).values())) == (0, {True})
    inside = {finding["kind"] for finding in result["diagnosis"]} & {"vanishing", "dying"}
    assert inside == ({told} if told else set())


@pytest.mark.campaign
def test_weights_of_the_rows_make_the_better_fit(nnrun: Nnrun) -> None:
    code, weighted = train(nnrun, "lamps_sample_weight")
    assert held(weighted) == {"params": True, "test_mae": True}
    assert code == 0
    _, plain = train(nnrun, "lamps_sample_weight", "dataset.sample_weight=null")
    assert plain["metrics"]["test"]["mae"] > 3 * weighted["metrics"]["test"]["mae"]


@pytest.mark.data
def test_fashion_learns_in_two_epochs(nnrun: Nnrun) -> None:
    code, result = train(nnrun, "fashion_mlp", "training.epochs=2")
    assert held(result)["params"]
    # The book's own run stands at 82.9 % after its second epoch.
    assert 0.80 < result["metrics"]["best"]["val_accuracy"] < 0.88
    assert 0.78 < result["metrics"]["test"]["accuracy"] < 0.88
    assert (result["epochs"], code) == (2, 1), "the promised 88.5 % take thirty epochs"


@pytest.mark.data
def test_california_holds_what_it_promises(nnrun: Nnrun) -> None:
    code, result = train(nnrun, "california_mlp")
    assert held(result) == {"params": True, "val_loss": True}
    assert (result["epochs"], code) == (20, 0)
    # Not the squared error: one district of 1,243 people a household would decide it.
    assert result["metrics"]["test"]["mae"] < 0.5


@pytest.mark.campaign
@pytest.mark.data
def test_mnist_with_dropout_learns_in_two_epochs(nnrun: Nnrun) -> None:
    _, result = train(nnrun, "mnist_dropout", "training.epochs=2")
    assert held(result)["params"]
    best = result["metrics"]["best"]
    assert best["val_accuracy"] > 0.95
    assert best["accuracy"] < best["val_accuracy"], "dropout works while training, and only then"
    assert result["metrics"]["test"]["accuracy"] > 0.95
