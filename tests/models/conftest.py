"""A config's text → an experiment, and an experiment → a model, without any data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.loading import load_experiment
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.data.transforms.scaling import ScaledInputs
from nnrun.device import import_tensorflow
from nnrun.tasks.targets import TargetSpec

import_tensorflow("cpu")

NUMBER = TargetSpec("regression")
TWO_CLASSES = TargetSpec("binary", ("no", "yes"))
TEN_CLASSES = TargetSpec("multiclass", tuple("0123456789"))

Declare = Callable[[str], Experiment]
Build = Callable[..., Any]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """The checked experiment that a YAML text declares; its data are never read."""

    def declare(text: str) -> Experiment:
        (tmp_path / "rows.csv").write_text("a,y\n1,2\n")
        config = tmp_path / "config.yaml"
        dataset = "" if "dataset:" in text else "dataset: {csv: rows.csv, target: y}\n"
        config.write_text(dataset + text)
        return load_experiment(config)

    return declare


@pytest.fixture
def build(declare: Declare) -> Build:
    """The compiled model of a YAML text, for rows of a shape and a target."""

    def build(
        text: str,
        shape: tuple[int, ...] = (3,),
        target: TargetSpec = NUMBER,
        steps: Sequence[Any] = (),
        steps_per_epoch: int = 10,
    ) -> Any:
        from nnrun.models.building import build_model

        return build_model(
            declare(text),
            inputs={"inputs": InputSpec(shape, "float32")},
            targets={"targets": target},
            transforms=Transforms((ScaledInputs({"inputs": tuple(steps)}),)),
            catalogue=load_catalogue(),
            steps_per_epoch=steps_per_epoch,
        )

    return build
