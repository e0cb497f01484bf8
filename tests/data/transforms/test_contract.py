"""What every transform keeps to, whatever it does."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.schema import Preprocess
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.transforms.chain import Transforms, fit, restore
from nnrun.data.transforms.own_code import OwnCode
from nnrun.data.transforms.own_transforms import OwnTransform
from nnrun.data.transforms.scaled_labels import ScaleLabels
from nnrun.data.transforms.scaling import ScaleInputs
from nnrun.data.transforms.text import ReadText
from nnrun.data.transforms.transform import Transform
from nnrun.tasks.targets import TargetSpec

DRAW = np.random.default_rng(5)
TABLE = DRAW.normal([1, 50, 0], [1, 20, 1], (12, 3)).astype(np.float32)
TABLE[:, 2] = 7  # which says nothing
WORDS = np.array([["the cat"], ["a dog"], ["the dog sat"]] * 4, object)
NUMBERS = InputSpec((3,), "float32", ("a", "b", "c"))
TEXT = InputSpec((1,), "string", text=("t",))


@dataclass(frozen=True)
class Case:
    """A transform with rows that it learns from."""

    transform: Transform
    spec: InputSpec = NUMBERS
    rows: np.ndarray = field(default_factory=TABLE.copy)

    def splits(self, later: np.ndarray | None = None) -> Splits:
        labels = TABLE[:, :1] * 100
        train = Part({"x": self.rows}, {"y": labels})
        other = self.rows[::-1] if later is None else later
        test = Part({"x": other}, {"y": labels[: len(other)] + 1})
        specs, targets = {"x": self.spec}, {"y": TargetSpec("regression")}
        return Splits(specs, targets, train, None, test, "", "")


class Within:
    """A transform as a user writes it: keeps numbers between the outer ones of the training rows."""

    def __init__(self, share: float = 0.0) -> None:
        self.share = share

    def fit(self, rows: np.ndarray) -> dict[str, list[float]]:
        low, high = np.quantile(rows, [self.share, 1 - self.share], axis=0)
        return {"low": low.tolist(), "width": (high - low).tolist()}

    def apply(self, rows: np.ndarray, learnt: dict[str, list[float]]) -> np.ndarray:
        low = np.array(learnt["low"])
        return np.clip(rows, low, low + learnt["width"])

    def layers(self, learnt: dict[str, list[float]]) -> list[keras.Layer]:
        low, width = np.array(learnt["low"]), np.array(learnt["width"])
        return [
            keras.layers.Rescaling(1.0, -low),
            keras.layers.ReLU(),
            keras.layers.Rescaling(-1.0, width),
            keras.layers.ReLU(),
            keras.layers.Rescaling(-1.0, low + width),
        ]


class FirstTwo:
    """A transform that changes what a row is."""

    def fit(self, rows: np.ndarray) -> None:
        assert rows.ndim == 2

    def apply(self, rows: np.ndarray, learnt: None) -> np.ndarray:
        return rows[:, :2]

    def layers(self, learnt: None) -> list[keras.Layer]:
        cropping = keras.layers.Cropping1D((0, 1))
        return [keras.layers.Reshape((3, 1)), cropping, keras.layers.Reshape((2,))]


def own(name: str, **arguments: Any) -> OwnTransform:
    component = Component(f"{__name__}:{name}", "transforms", None, arguments)
    return OwnTransform(component.name, OwnCode(component))


def reader(**arguments: Any) -> ReadText:
    layer = Component("TextVectorization", "layers", "keras.layers", arguments, path="layers[0]")
    return ReadText({"x": layer})


CASES = {
    "scale": Case(ScaleInputs(Preprocess(scale=10.0))),
    "standardize": Case(ScaleInputs(Preprocess(standardize=True))),
    "minmax": Case(ScaleInputs(Preprocess(scale=3.0, minmax=True))),
    "nothing": Case(ScaleInputs(Preprocess())),
    "labels": Case(ScaleLabels("standardize")),
    "a user's own": Case(own("Within", share=0.1)),
    "a user's own, in float64": Case(
        own("Within", share=0.1), replace(NUMBERS, dtype="float64"), TABLE.astype(float) + 1e9
    ),
    "a user's own with other rows": Case(own("FirstTwo")),
    "words": Case(reader(), TEXT, WORDS),
    "bag of words": Case(reader(output_mode="tf_idf"), TEXT, WORDS),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_it_learns_from_the_training_rows_alone_and_always_the_same(case: Case) -> None:
    learnt = [
        fit([case.transform], case.splits(later), Transforms())[1].to_json()
        for later in (None, case.rows[:2], case.rows[:2])
    ]
    assert learnt[0] == learnt[1] == learnt[2]


def test_what_it_learnt_reads_back_and_does_the_same(case: Case) -> None:
    splits, transforms = fit([case.transform], case.splits(), Transforms())
    told = json.loads(json.dumps(transforms.to_json()))
    plain = {name: replace(spec, scale=(), offset=()) for name, spec in splits.targets.items()}
    again = restore([case.transform], told, splits.inputs, plain)
    assert again == transforms
    for one in again:
        one.check(splits.inputs)
    made, wanted = (one.within(one.turned({"x": case.rows}))["x"] for one in (again, transforms))
    np.testing.assert_array_equal(made, wanted)
    assert again.splits(case.splits()).targets == splits.targets
    assert again.splits(case.splits()).inputs == splits.inputs


def test_what_the_inputs_were_before_it_is_known(case: Case) -> None:
    splits, transforms = fit([case.transform], case.splits(), Transforms())
    assert transforms.before(splits.inputs) == case.splits().inputs
    made = transforms.turned({"x": case.rows})["x"]
    assert (made.shape[1:], made.dtype.name) == (splits.inputs["x"].shape, splits.inputs["x"].dtype)


def test_the_layers_do_what_it_does_to_rows(case: Case) -> None:
    splits, transforms = fit([case.transform], case.splits(), Transforms())
    spec = splits.inputs["x"]
    layers = [*transforms.layers_in_front("x", spec), *transforms.layers_within("x", spec)]
    tensor = keras.Input(case.spec.shape, dtype=case.spec.dtype)
    result = tensor
    for layer in layers:
        result = layer(result)
    rows = keras.ops.convert_to_tensor(case.rows.astype(str) if spec.text else case.rows)
    made = keras.Model(tensor, keras.layers.Identity()(result))(rows)
    wanted = transforms.within(transforms.turned({"x": case.rows}))["x"]
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-6)


def test_a_constant_column_stays_finite(case: Case) -> None:
    constant = replace(case, rows=np.repeat(case.rows[:1], 6, axis=0))
    splits, transforms = fit([case.transform], replace_labels(constant.splits()), Transforms())
    rows = transforms.within(splits.train.inputs)["x"]
    assert np.isfinite(rows.astype(float)).all()
    assert all(np.isfinite(target.scale).all() for target in splits.targets.values())


def replace_labels(splits: Splits) -> Splits:
    """The same with labels that are all equal."""
    labels = np.full((splits.train.rows, 1), 3, np.float32)
    return replace(splits, train=replace(splits.train, targets={"y": labels}))
