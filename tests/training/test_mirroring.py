"""Several replicas come to the numbers of one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
CASES = (
    "sgd",
    "momentum, clipped",
    "clipped globally",
    "adamw, schedule",
    "rmsprop",
    "averaged",
)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.mirrored_epochs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("case", CASES)
def test_two_replicas_equal_one(results: dict[str, Any], case: str) -> None:
    one, mirrored = results[case]["one"], results[case]["mirrored"]
    for mine, expected in zip(mirrored["figures"], one["figures"], strict=True):
        assert mine == pytest.approx(expected, rel=1e-5)
    for mine, expected in zip(mirrored["state"], one["state"], strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=2e-6)
    assert one["figures"][0]["loss"] != pytest.approx(one["figures"][1]["loss"], rel=1e-3)
