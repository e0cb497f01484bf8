"""The models of `keras.applications` as layers of a list."""

from pathlib import Path
from typing import Any

import pytest

from nnrun.errors import ConfigError
from tests.models.conftest import Build

HEAD = "\n  - Dense: 1\n"


def text(arguments: str) -> str:
    return f"architecture:\n  - MobileNetV2: {arguments}{HEAD}"


def test_an_application_is_a_layer_for_rows_of_any_shape(build: Build) -> None:
    import keras

    arguments = "{weights: null, include_top: false, pooling: avg, alpha: 0.35, trainable: false}"
    model: Any = build(text(arguments), (32, 32, 3))
    alone = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    assert model.count_params() == alone.count_params() + 1280 + 1
    assert [variable.path for variable in model.trainable_variables] == [
        "model/dense/kernel",
        "model/dense/bias",
    ]


def test_some_of_its_layers_can_learn_later(build: Build) -> None:
    from nnrun.models.freezing import unfreeze

    arguments = "{weights: null, include_top: false, pooling: avg, alpha: 0.35, trainable: false}"
    tuned = "training: {epochs: 2, fine_tune: {after_epoch: 1, unfreeze: 2, learning_rate: 0.1}}\n"
    model: Any = build(text(arguments) + tuned, (32, 32, 3))
    # Conv_1 and its BatchNormalization are the last that have weights.
    later = ["Conv_1/kernel", "Conv_1_bn/gamma", "Conv_1_bn/beta"]
    momenta = [one.path for one in model.optimizer.variables if "momentum" in one.path]
    assert len(momenta) == len([*later, "dense/kernel", "dense/bias"])
    application = model.layers[0]
    unfreeze(model, application.layers[-4:-2])
    assert [one.path for one in application.trainable_variables] == later


def test_weights_are_never_fetched(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    with pytest.raises(ConfigError) as refused:
        build(text("{include_top: false, pooling: avg, alpha: 0.35}"), (96, 96, 3))
    (problem,) = refused.value.problems
    assert problem.message == f"its weights are not there: {tmp_path / 'models' / name}"
    assert name in problem.hint
    assert "`weights: null`" in problem.hint
    assert (problem.path, problem.place is None) == ("architecture[0].MobileNetV2", False)


def test_what_keras_refuses_is_told(build: Build) -> None:
    with pytest.raises(ConfigError, match=r"does not fit rows of shape \[8, 8, 3\]"):
        build(text("{weights: null, include_top: false}"), (8, 8, 3))
