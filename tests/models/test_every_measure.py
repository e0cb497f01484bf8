"""Every loss and metric against every way to end: it works, or is refused before TensorFlow is there."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.config.facts import DataFacts
from nnrun.config.relations import check_relations
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import Problem
from nnrun.models.building import build_model
from nnrun.models.heads import Head
from nnrun.objects import instantiate
from nnrun.tasks.targets import TargetColumn, TargetSpec

ROWS = 7  # no number of units or classes
CLASSES = ("a", "b", "c")
OF_TASK = {
    "number": TargetSpec("regression"),
    "numbers": TargetSpec(
        "regression", width=3, columns=tuple(TargetColumn(name, ("0", "1")) for name in "rst")
    ),
    "binary": TargetSpec("binary", CLASSES[:2]),
    "pair": TargetSpec("binary", CLASSES[:2], width=2, one_hot=True),
    "integers": TargetSpec("multiclass", CLASSES),
    "one-hot": TargetSpec("multiclass", CLASSES, width=3, one_hot=True),
    "labels": TargetSpec(
        "multilabel", width=3, columns=tuple(TargetColumn(name, ("0", "1")) for name in "rst")
    ),
    "input": TargetSpec("autoencoder", width=3, input="x", shape=(3,)),
    "picture": TargetSpec("autoencoder", width=16, input="x", shape=(4, 4)),
}
LINEAR, SIGMOID, SOFTMAX = "", ", activation: sigmoid", ", activation: softmax"
ENDS = [
    *((target, f"[Dense: {{units: 1{LINEAR}}}]") for target in ("number", "binary")),
    ("number", "[Dense: {units: 1, activation: softplus}]"),
    ("numbers", "[Dense: 3]"),
    ("binary", "[Dense: {units: 1, activation: sigmoid}]"),
    *(("binary", f"[Dense: {{units: 2{end}}}]") for end in (LINEAR, SOFTMAX)),
    *(("pair", f"[Dense: {{units: 2{end}}}]") for end in (LINEAR, SIGMOID, SOFTMAX)),
    *(("integers", f"[Dense: {{units: 3{end}}}]") for end in (LINEAR, SIGMOID, SOFTMAX)),
    *(("one-hot", f"[Dense: {{units: 3{end}}}]") for end in (LINEAR, SIGMOID, SOFTMAX)),
    *(("labels", f"[Dense: {{units: 3{end}}}]") for end in (LINEAR, SIGMOID)),
    *(("input", f"[Dense: {{units: 3{end}}}]") for end in (LINEAR, SIGMOID)),
    ("picture", "[Flatten, Dense: {units: 16, activation: sigmoid}, Reshape: [4, 4]]"),
    *((target, "{MLP: {hidden: [4]}}") for target in OF_TASK),
]
FIXED = {
    "num_classes": 3,
    "target_class_ids": [0, 1],
    **dict.fromkeys(("recall", "precision", "sensitivity", "specificity"), 0.5),
}
UNDEFINED = {"PearsonCorrelation", "ConcordanceCorrelation", "Poisson"}
"""Metrics that are NaN by their definition: of one column, and of a negative prediction."""
WRONG = re.compile(
    "is for|does not fit|expects probabilities|gives logits|takes the logarithm|has no gradient"
)
"""Why a measure is refused of which Keras makes a number, but a wrong one."""
WRONG_BY_SHAPE = {"CategoricalAccuracy", "OneHotIoU", "OneHotMeanIoU"}
"""What takes integer labels for a single row of probabilities without a word."""

End = tuple[Experiment, DataFacts, Any, TargetSpec]


@pytest.fixture(params=ENDS, ids=lambda end: f"{end[0]} by {end[1]}")
def end(request: pytest.FixtureRequest, declare: Callable[[str], Experiment]) -> End:
    """A way to end: its config, what the data say, the model, and what is predicted."""
    kind, layers = request.param
    target = OF_TASK[kind]
    shape = target.shape or (3,)
    columns = "" if target.input else f", target: [{', '.join(target.names) or 'y'}]"
    one_hot = f", preprocess: {{one_hot: {str(target.one_hot).lower()}}}"
    data = f"dataset: {{csv: rows.csv, task: {target.task}{columns}{one_hot}}}\n"
    experiment = declare(f"{data}architecture: {layers}\n")
    model = build_model(
        experiment,
        inputs={"inputs": InputSpec(shape, "float32")},
        targets={"targets": target},
        transforms=Transforms(),
        catalogue=load_catalogue(),
        steps_per_epoch=10,
    )
    width = 1 if target.classes else target.width
    names = target.classes
    facts = DataFacts(target.task, len(names), names, shape, width, ROWS, 0)
    return experiment, facts, model, target


def labels_of(target: TargetSpec) -> np.ndarray:
    draw = np.random.default_rng(3)
    if target.classes:
        numbers = np.arange(ROWS) % len(target.classes)
        one_hot = np.eye(len(target.classes), dtype="float32")[numbers]
        return one_hot if target.one_hot else numbers.astype("int32")
    if target.task == "multilabel":
        return np.stack([np.arange(ROWS) >> bit & 1 for bit in range(3)], axis=1).astype("float32")
    return draw.random((ROWS, *(target.shape or (target.width,)))).astype("float32")


def components(group: str) -> list[Component]:
    """A component of every class that a config may name, and of every alias without a class."""
    catalogue = load_catalogue()
    bare = [name for name, cls in catalogue.aliases(group).items() if cls is None]
    made = [Component(name, group, None, path=f"{group}.{name}") for name in bare]
    for name in catalogue.names(group):
        entry = catalogue.find(group, name)
        required = {one.name: FIXED[one.name] for one in entry.arguments.values() if one.required}
        made.append(Component(name, group, entry.module, required, path=f"{group}.{name}"))
    return made


def problems_of(experiment: Experiment, facts: DataFacts | None) -> list[Problem]:
    return check_relations(experiment, load_catalogue(), facts)


def raw_value(group: str, component: Component, y: Any, p: Any) -> Any:
    """What Keras makes of a measure as it was declared; None where it cannot be computed."""
    try:
        if group == "losses":
            return keras.losses.get(instantiate(component))(y, p)
        made = keras.metrics.get(instantiate(component))
        made.update_state(y, p)
        return made.result()
    except Exception:  # noqa: BLE001
        return None


def is_figure(value: Any) -> bool:
    return value is not None and np.ndim(value) == 0 and bool(np.isfinite(float(value)))


def check_refused(
    group: str, component: Component, found: list[Problem], y: Any, predicted: Any
) -> None:
    """A refusal says what to do, and is of what fails in Keras or of what would be wrong."""
    (problem,) = found
    assert problem.hint, problem
    if not WRONG.search(problem.message) and component.name not in WRONG_BY_SHAPE:
        assert not is_figure(raw_value(group, component, y, predicted)), problem


def test_every_loss_trains_or_is_refused(end: End) -> None:
    experiment, facts, model, target = end
    y = labels_of(target)
    x = np.random.default_rng(0).normal(size=(ROWS, *(target.shape or (3,)))).astype("float32")
    for loss in components("losses"):
        declared = dataclasses.replace(experiment, loss=loss)
        found = problems_of(declared, facts)
        assert len(target.shape) > 1 or found == problems_of(declared, None), loss.name
        if found:
            check_refused("losses", loss, found, y, model(x))
            continue
        made = keras.losses.get(instantiate(Head.of(model, declared, "targets", target).loss))
        with tf.GradientTape() as tape:
            value = made(tf.constant(y), model(x, training=True))
        assert is_figure(value), loss.name
        for gradient in tape.gradient(value, model.trainable_variables):
            assert np.isfinite(gradient).all(), loss.name


def test_every_metric_is_measured_or_is_refused(end: End) -> None:
    experiment, facts, model, target = end
    y = labels_of(target)
    x = np.random.default_rng(0).normal(size=(ROWS, *(target.shape or (3,)))).astype("float32")
    predicted, fitting = model(x), []
    for metric in components("metrics"):
        if metric.name in ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU") and target.classes:
            given = {**metric.arguments, "num_classes": len(target.classes)}
            metric = dataclasses.replace(metric, arguments=given)  # noqa: PLW2901
        declared = dataclasses.replace(experiment, metrics=(metric,))
        found = problems_of(declared, facts)
        assert len(target.shape) > 1 or found == problems_of(declared, None), metric.name
        if found:
            check_refused("metrics", metric, found, y, predicted)
        else:
            fitting.append(dataclasses.replace(metric, path=f"metrics.{metric.name}"))
    chosen = Head.of(
        model, dataclasses.replace(experiment, metrics=tuple(fitting)), "targets", target
    )
    model.compile(loss="mse", metrics=[instantiate(one) for one in chosen.metrics])
    model.compute_metrics(x, tf.constant(y), predicted)
    for name, value in model.get_metrics_result().items():
        assert np.ndim(value) == 0, name
    made = [keras.metrics.get(instantiate(one)) for one in chosen.metrics if one.module]
    for metric in made:
        metric.update_state(tf.constant(y), predicted)
        value = metric.result()
        assert is_figure(value) or type(metric).__name__ in UNDEFINED, metric.name
