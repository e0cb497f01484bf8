"""Each condition of SELU that a config does not meet is told with its place; the MLP preset meets them."""

from pathlib import Path

import pytest

from nnrun.config.diagnostics import in_one_line
from nnrun.config.graphs import INPUT, TARGET
from nnrun.data.splits import InputSpec
from nnrun.experiments.prepare import prepare
from nnrun.models.network import Network
from nnrun.models.self_normalizing import doubts_about_selu

from .conftest import TEN_CLASSES, Build, Declare

LECUN = "Dense: {units: 4, activation: selu, kernel_initializer: lecun_normal}"


def told(declare: Declare, layers: str, more: str = "", standardize: bool = True) -> list[str]:
    dataset = "dataset: {name: digits, preprocess: {standardize: true}}\n"
    if not standardize:
        dataset = "dataset: {name: digits, preprocess: {scale: 16}}\n"
    experiment = declare(f"{dataset}architecture: {layers}\n{more}")
    inputs, targets = {INPUT: InputSpec((8, 8), "uint8")}, {TARGET: TEN_CLASSES}
    lines = list(Network.of(experiment, inputs, targets).lines())
    return [
        in_one_line(doubt).rpartition("config.yaml:")[2]
        for doubt in doubts_about_selu(lines, experiment)
    ]


def test_what_meets_all_conditions_is_not_doubted(declare: Declare) -> None:
    output = "Dense: {units: 10, activation: softmax}"
    assert told(declare, f"[Flatten, {LECUN}, AlphaDropout: 0.1, {output}]") == []
    assert (
        told(declare, "{MLP: {hidden: [5, 4], activation: selu}}", "regularization: {dropout: 0.1}")
        == []
    )
    assert (
        told(declare, f"[Flatten, {{Dense: 4}}, Dropout: 0.5, {output}]", standardize=False) == []
    )


@pytest.mark.parametrize(
    ("layers", "more", "says"),
    [
        (
            "[Flatten, Dense: {units: 4, activation: selu}, Dense: 10]",
            "",
            "2: architecture[1].Dense: SELU wants kernels drawn by lecun_normal, not by Keras's "
            "glorot_uniform. Write `Dense: {…, kernel_initializer: lecun_normal}`.",
        ),
        (
            "[Flatten, Dense: {units: 4, kernel_initializer: HeNormal}, Activation: selu, Dense: 10]",
            "",
            "2: architecture[1].Dense: SELU wants kernels drawn by lecun_normal, not by henormal. "
            "Write `Dense: {…, kernel_initializer: lecun_normal}`.",
        ),
        (
            f"[Flatten, {LECUN}, Dropout: 0.2, Dense: 10]",
            "",
            "2: architecture[2].Dropout: Dropout stops layers of SELU from normalizing themselves. "
            "Use AlphaDropout, which keeps mean and variance.",
        ),
        (
            f"[Flatten, {LECUN}, Dense: 10]",
            "regularization: {batch_normalization: after_activation}",
            "2: architecture[1].Dense: BatchNormalization stops layers of SELU from normalizing themselves. "
            "Leave it out: SELU normalizes by itself.",
        ),
        (
            f"[Flatten, {LECUN}, Dense: 10]",
            "regularization: {l2: 0.1}",
            "2: architecture[1].Dense: the kernel_regularizer of a SELU layer stops it from "
            "normalizing itself. Leave it out.",
        ),
    ],
)
def test_each_condition_is_told_with_its_place(
    declare: Declare, layers: str, more: str, says: str
) -> None:
    assert told(declare, layers, more) == [says]


def test_inputs_that_are_not_standardized(declare: Declare) -> None:
    assert told(declare, f"[Flatten, {LECUN}, Dense: 10]", standardize=False) == [
        "1: dataset.preprocess: SELU wants standardized inputs. "
        "Set `dataset: {preprocess: {standardize: true}}`."
    ]


def test_dropout_over_the_whole_model_is_alpha_dropout_behind_selu(build: Build) -> None:
    text = (
        f"architecture: [{LECUN}, {{Dense: 4}}, {{Activation: selu}}, {{Dense: 4}}, Dense: 1]\n"
        "regularization: {dropout: 0.2}"
    )
    names = [type(layer).__name__ for layer in build(text).layers]
    assert names == (
        [
            "Dense",
            "AlphaDropout",
            "Dense",
            "Activation",
            "AlphaDropout",
            "Dense",
            "Dropout",
            "Dense",
        ]
    )


def test_the_doubts_are_told_before_a_training(tmp_path: Path) -> None:
    config = tmp_path / "selu.yaml"
    config.write_text(
        "dataset: {name: iris}\narchitecture: {MLP: {hidden: [4], activation: selu}}\n"
    )
    (warning,) = (text for text in prepare(config).warnings if "SELU" in text)
    assert warning == (
        f"{config}:1: dataset.preprocess: SELU wants standardized inputs. "
        "Set `dataset: {preprocess: {standardize: true}}`."
    )
