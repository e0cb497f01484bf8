"""An activation that gives none of the labels is doubted, with the scale in which it would."""

import numpy as np
import pytest

from nnrun.config.diagnostics import in_one_line
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.models.bounded import doubts_about_bounds
from nnrun.tasks.targets import TargetSpec

from .conftest import Declare


def told(
    declare: Declare, text: str, labels: list[float], target: TargetSpec | None = None
) -> list[str]:
    spec = target or TargetSpec("regression")
    rows = Part({"inputs": np.zeros((len(labels), 1))}, {"targets": np.array(labels)[:, None]})
    splits = Splits(
        {"inputs": InputSpec((1,), "float32")}, {"targets": spec}, rows, None, None, "", ""
    )
    return [
        in_one_line(one).rpartition("config.yaml:")[2]
        for one in doubts_about_bounds(declare(text), splits)
    ]


def ending(activation: str) -> str:
    return f"architecture: [Dense: {{units: 1, activation: {activation}}}]"


@pytest.mark.parametrize(
    ("activation", "labels", "says"),
    [
        ("sigmoid", [0.0, 1.0], ""),
        ("sigmoid", [0.5, 2, -3, 1], "sigmoid gives 0 to 1, but the training rows have labels from -3 to 2, 2 of 4 out of its reach."),
        ("tanh", [-1.0, 1.0], ""),
        ("tanh", [-1.5, 0], "tanh gives -1 to 1, but the training rows have labels from -1.5 to 0, 1 of 2 out of its reach."),
        ("softplus", [0.0, 1e6], ""),
        ("softplus", [-0.5, 1], "softplus gives nothing below 0, but the training rows have labels from -0.5 to 1, 1 of 2 out of its reach."),
        ("relu6", [7.0], "relu6 gives 0 to 6, but the training rows have labels from 7 to 7, 1 of 1 out of its reach."),
        ("{ReLU: {negative_slope: 0.1}}", [-1.0], ""),
        ("linear", [-9.0, 9.0], ""),
        ("elu", [-9.0], ""),
    ],
)  # fmt: skip
def test_the_range_of_an_activation(
    declare: Declare, activation: str, labels: list[float], says: str
) -> None:
    doubts_about_bounds = told(declare, ending(activation), labels)
    assert [says in doubt for doubt in doubts_about_bounds] == [True] * bool(says)


def test_the_hint_names_the_scale(declare: Declare) -> None:
    (sigmoid,) = told(declare, ending("sigmoid"), [5.0])
    (tanh,) = told(declare, ending("tanh"), [5.0])
    assert sigmoid.startswith("2: architecture[0].Dense: sigmoid gives")
    assert "Set `dataset: {preprocess: {target: minmax}}`, or leave the activation out." in sigmoid
    assert "{target: symmetric}" in tanh


def test_the_labels_count_as_the_loss_sees_them(declare: Declare) -> None:
    minmax = TargetSpec("regression", scale=(10.0,), offset=(5.0,))
    assert told(declare, ending("sigmoid"), [5.0, 15.0], minmax) == []
    dataset = "dataset: {csv: rows.csv, target: y, preprocess: {target: standardize}}\n"
    (doubt,) = told(declare, dataset + ending("sigmoid"), [0.0, 10.0], minmax)
    assert "have standardized labels from -0.5 to 0.5, 1 of 2 out of its reach" in doubt


def test_a_preset_and_an_autoencoder(declare: Declare) -> None:
    preset = "architecture: {MLP: {hidden: [3], output_activation: sigmoid}}"
    assert "architecture.MLP: sigmoid gives 0 to 1" in "".join(told(declare, preset, [2.0]))
    text = "dataset: {csv: rows.csv, task: autoencoder}\n" + ending("sigmoid")
    target = TargetSpec("autoencoder", input="inputs", shape=(1,))
    (doubt,) = told(declare, text, [-1.0], target)
    assert "Prepare the input so that it lies there, or leave the activation out." in doubt


def test_each_output_of_a_graph_is_looked_at(declare: Declare) -> None:
    text = """\
architecture:
  layers: {hidden: {Dense: 2, from: inputs}}
  outputs:
    free: {Dense: 1, from: hidden, target: y}
    bound: {Dense: {units: 1, activation: tanh}, from: hidden, target: y}
"""
    rows = Part(
        {"inputs": np.zeros((2, 1))}, dict.fromkeys(("free", "bound"), np.array([[3.0], [4]]))
    )
    spec = InputSpec((1,), "float32")
    targets = dict.fromkeys(("free", "bound"), TargetSpec("regression"))
    found = list(
        doubts_about_bounds(
            declare(text), Splits({"inputs": spec}, targets, rows, None, None, "", "")
        )
    )
    assert [one.path for one in found] == ["architecture.outputs.bound.Dense"]
