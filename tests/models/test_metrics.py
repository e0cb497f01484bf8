"""Metrics know what they need of the output: compared with scikit-learn, and with plain Keras."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, fbeta_score, precision_score, recall_score

from nnrun.config.schema import Experiment
from nnrun.tasks.targets import TargetColumn, TargetSpec

from .conftest import TWO_CLASSES, Build

LOGITS = np.array([-3.0, -0.2, 0.1, 0.3, 0.45, 0.6, 2.0, -0.6, 1.0, -1.0], "float32")
LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 0, 1, 1])
MULTILABEL = TargetSpec(
    "multilabel", width=2, columns=(TargetColumn("a", ("0", "1")), TargetColumn("b", ("0", "1")))
)
PAIR = TargetSpec("binary", ("no", "yes"), width=2, one_hot=True)
ENDS = ["1", "{units: 1, activation: sigmoid}"]


@pytest.fixture
def figures(build: Build) -> Callable[..., dict[str, float]]:
    """What a layer of weight 1 is measured at on LOGITS, in batches of 4."""

    def measured(
        end: str, metrics: str, target: TargetSpec = TWO_CLASSES, y: Any = LABELS, units: int = 1
    ) -> dict[str, float]:
        columns = "[a, y]" if target.columns else "y"
        one_hot = f"preprocess: {{one_hot: {str(target.one_hot).lower()}}}"
        data = f"{{csv: rows.csv, target: {columns}, task: {target.task}, {one_hot}}}"
        text = f"dataset: {data}\narchitecture: [Dense: {end}]\nmetrics: {metrics}"
        model = build(text, (units,), target)
        model.layers[0].set_weights([np.eye(units), np.zeros(units)])
        x = np.stack([LOGITS, -LOGITS[::-1]][:units], axis=1)
        told: dict[str, float] = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
        return told

    return measured


@pytest.mark.parametrize("end", ENDS)
def test_figures_of_two_classes_are_those_of_scikit_learn(figures: Any, end: str) -> None:
    told = figures(
        end, "[F1Score, FBetaScore: {beta: 2}, Precision, Recall, BinaryIoU, TruePositives]"
    )
    predicted = LOGITS > 0
    assert told["f1_score"] == pytest.approx(f1_score(LABELS, predicted))
    assert told["fbeta_score"] == pytest.approx(fbeta_score(LABELS, predicted, beta=2))
    assert told["precision"] == pytest.approx(precision_score(LABELS, predicted))
    assert told["recall"] == pytest.approx(recall_score(LABELS, predicted))
    both, either = sum(predicted & LABELS), sum(predicted | LABELS)
    neither, one_is_no = sum(~(predicted | LABELS) & 1), 10 - both
    assert told["binary_io_u"] == pytest.approx((both / either + neither / one_is_no) / 2)
    assert told["true_positives"] == 4


def test_a_threshold_of_ones_own_is_kept(figures: Any) -> None:
    told = figures(ENDS[1], "[F1Score: {threshold: 0.6, average: macro, name: strict}]")
    predicted = 1 / (1 + np.exp(-LOGITS)) > 0.6
    assert told["strict"] == pytest.approx(f1_score(LABELS, predicted))


@pytest.mark.parametrize("name", ["AUC", "auc", "crossentropy", "binary_crossentropy"])
def test_logits_and_probabilities_are_measured_alike(figures: Any, name: str) -> None:
    logits, probabilities = (figures(end, f"[{name}]") for end in ENDS)
    assert logits == pytest.approx(probabilities, rel=1e-5)
    assert list(logits) == [name.lower(), "loss"] or list(logits) == ["loss", name.lower()]
    if name.lower() == "auc":
        pairs = [(p > n) for p in LOGITS[LABELS == 1] for n in LOGITS[LABELS == 0]]
        assert logits["auc"] == pytest.approx(np.mean(pairs), abs=0.01)
    else:
        assert logits[name] == pytest.approx(logits["loss"], rel=1e-6)


@pytest.mark.parametrize("end", ["2", "{units: 2, activation: sigmoid}"])
def test_every_label_has_a_threshold_of_its_own(figures: Any, end: str) -> None:
    y = np.stack([LABELS, LABELS[::-1]], axis=1)
    metrics = "[F1Score: {average: macro}, Precision, AUC: {multi_label: true, num_labels: 2}]"
    told = figures(end, metrics, MULTILABEL, y.astype("float32"), 2)
    predicted = np.stack([LOGITS, -LOGITS[::-1]], axis=1) > 0
    assert told["f1_score"] == pytest.approx(f1_score(y, predicted, average="macro"))
    assert told["precision"] == pytest.approx(precision_score(y, predicted, average="micro"))
    columns = [figures("1", "[AUC]")["auc"], told["auc"]]
    assert 0 < columns[0] < 1
    assert 0 < columns[1] < 1


@pytest.mark.parametrize("end", ["2", "{units: 2, activation: softmax}"])
def test_of_several_classes_the_largest_output_counts(figures: Any, end: str) -> None:
    y = np.eye(2, dtype="float32")[LABELS]
    told = figures(end, "[F1Score: {average: macro}, Accuracy, MeanIoU: 2]", PAIR, y, 2)
    predicted = -LOGITS[::-1] > LOGITS
    assert told["f1_score"] == pytest.approx(f1_score(LABELS, predicted, average="macro"))
    assert told["accuracy"] == pytest.approx(np.mean(predicted == LABELS))
    shares = [
        np.sum((predicted == one) & (one == LABELS)) / np.sum((predicted == one) | (one == LABELS))
        for one in (0, 1)
    ]
    assert told["mean_io_u"] == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("end", [*ENDS, "2", "{units: 2, activation: softmax}"])
@pytest.mark.parametrize("metric", ["Accuracy", "Accuracy: {name: acc}"])
def test_the_class_accuracy_is_what_everybody_means_by_it(
    build: Build, end: str, metric: str
) -> None:
    model = build(f"architecture: [Dense: {end}]\nmetrics: [{metric}]", (1,), TWO_CLASSES)
    kernel = [[1.0]] if end in ENDS else [[-1.0, 0.0]]
    model.layers[0].set_weights([np.array(kernel), np.zeros(len(kernel[0]))])
    told = model.evaluate(LOGITS[:, None], LABELS, verbose=0, return_dict=True)
    name = "acc" if "name" in metric else "accuracy"
    assert told[name] == pytest.approx(np.mean((LOGITS > 0) == LABELS))


def test_what_is_saved_with_a_model_is_keras_own(build: Build, tmp_path: Any) -> None:
    model = build(f"architecture: [Dense: {ENDS[1]}]\nmetrics: [F1Score]", (1,), TWO_CLASSES)
    model.save(tmp_path / "model.keras")
    config = model.get_compile_config()
    assert "nnrun" not in str(config)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x, y = LOGITS[:, None], LABELS[:, None]
    told = loaded.evaluate(x, y, verbose=0, return_dict=True)
    assert told == model.evaluate(x, LABELS, verbose=0, return_dict=True)


def test_metrics_that_need_to_know_nothing_stay_as_they_are_written(
    declare: Callable[[str], Experiment],
) -> None:
    from nnrun.models.metrics import choose_metrics

    text = "metrics: [accuracy, mse, AUC, {Precision: {thresholds: 0.7}}, 'mine:Own']"
    experiment = declare(f"architecture: [Dense: {ENDS[1]}]\n{text}")
    assert choose_metrics(experiment, TWO_CLASSES, 1, "sigmoid") == list(experiment.metrics or ())
