"""A transform of the user's own: what it may give, and what is refused, always with its name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.transforms.chain import Transforms, fit
from nnrun.data.transforms.own_code import OwnCode
from nnrun.data.transforms.own_transforms import OwnTransform, doubts_about_saving
from nnrun.errors import ConfigError, Place
from nnrun.models.in_front import try_layers, with_transforms_in_front
from nnrun.tasks.targets import TargetSpec

ROWS = np.array([[1, 20], [2, 40], [4, 10], [8, 30]], np.float32)
PLACE = Place("config.yaml", 7, 5)


class Halve:
    """What all others here do in another way."""

    def fit(self, rows: Any) -> Any:
        return {"by": 2.0}

    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows / learnt["by"]


class Layered(Halve):
    def layers(self, learnt: Any) -> Any:
        return keras.layers.Rescaling(1 / learnt["by"])


class FitsArray(Halve):
    def fit(self, rows: Any) -> Any:
        return {"by": [rows.mean(axis=0)]}


class FitsNan(Halve):
    def fit(self, rows: Any) -> Any:
        return {"by": float("nan")}


class FitsNumberedKeys(Halve):
    def fit(self, rows: Any) -> Any:
        return {0: 2.0}


class Raises(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows / learnt["bye"]


class Changes(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        rows /= 2
        return rows


class Remembers(Halve):
    """Keeps in itself what a later command could not know."""

    def fit(self, rows: Any) -> Any:
        self.by = 2.0

    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows / self.by


class LeavesOut(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows[rows[:, 0] > 1]


class Lists(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows.tolist()


class Texts(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows.astype(object)


class OneNumber(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows[:, 0]


class Logarithm(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.log(rows - 2)


class TooLarge(Halve):
    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows.astype(np.float64) * 1e300


class Centres(Halve):
    """Learns from the rows at hand, whichever these are."""

    def apply(self, rows: Any, learnt: Any) -> Any:
        return rows - rows.mean(axis=0)


class Unlike(Halve):
    def fit(self, rows: Any) -> Any:
        return None

    apply = None


class OtherLayers(Halve):
    def layers(self, learnt: Any) -> Any:
        return [keras.layers.Rescaling(0.25)]


class NoLayers(Halve):
    def layers(self, learnt: Any) -> Any:
        return [len]


class Unsaved(Halve):
    def layers(self, learnt: Any) -> Any:
        class Half(keras.Layer):
            def __init__(self, function: Any) -> None:
                super().__init__()

            def call(self, inputs: Any) -> Any:
                return inputs / 2

        return [Half(len)]


def own(name: str, **arguments: Any) -> OwnTransform:
    path = f"{__name__}:{name}"
    return OwnTransform(path, OwnCode(Component(path, "transforms", None, arguments, PLACE, "at")))


def splits(rows: np.ndarray = ROWS, target: TargetSpec | None = None) -> Splits:
    inputs = {"x": InputSpec(rows.shape[1:], rows.dtype.name)}
    train = Part({"x": rows.copy()}, {"y": rows[:, :1]})
    return Splits(inputs, {"y": target or TargetSpec("regression")}, train, None, None, "", "")


REFUSED = {
    "Halve(of=3)": "Halve() takes no arguments",
    "Missing": "cannot import",
    "Unlike": "is no transform: it has no `apply`",
    "FitsArray": "fit gives a value of type numpy.ndarray (at ['by'][0]), which signature.json",
    "FitsNan": "FitsNan.fit gives the number nan (at ['by']), which",
    "FitsNumberedKeys": "fit gives a key of type int, which",
    "Raises": "apply raised KeyError: 'bye'",
    "Changes": "apply raised ValueError: output array is read-only",
    "Remembers": "apply raised AttributeError: 'Remembers' object has no attribute 'by'",
    "LeavesOut": "apply gives 3 rows for 4",
    "Lists": "Lists.apply gives a value of type list, not a NumPy array",
    "Texts": "apply gives an array of dtype object, not of numbers",
    "OneNumber": "apply gives an array of shape (4,)",
    "Logarithm": "not finite, in 2 of 4 rows; the first is row 0",
    "TooLarge": "not finite, in 4 of 4 rows",
    "Centres": "apply makes something else of a row where others are beside it",
    "OtherLayers": "layers gives something else than apply for the same row: 10 and 20",
    "NoLayers": "NoLayers.layers gives a value of type builtin_function_or_method, not a Keras layer",
    "Unsaved": "cannot be saved",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_transform_is_refused_with_its_name_and_place(name: str) -> None:
    transform = own(name.partition("(")[0], **({"of": 3} if "(" in name else {}))
    with pytest.raises(ConfigError) as raised:
        use(transform)
    (problem,) = raised.value.problems
    assert REFUSED[name] in problem.message
    assert transform.name.partition(":")[2] in problem.message
    assert (problem.place, problem.path) == (PLACE, "at")


def use(transform: OwnTransform) -> None:
    """Whatever is done with a transform before the first step."""
    turned, transforms = fit([transform], splits(), Transforms())
    try_layers(transforms, turned)


def test_the_line_that_raised_is_named() -> None:
    with pytest.raises(ConfigError) as raised:
        use(own("Raises"))
    lines = Path(__file__).read_text().splitlines()
    line = lines.index('        return rows / learnt["bye"]') + 1
    assert raised.value.problems[0].hint == f"Look at line {line} of {__file__}."


def test_the_data_set_stays_as_it_was() -> None:
    data = splits()
    with pytest.raises(ConfigError, match="read-only") as raised:
        fit([own("Changes")], data, Transforms())
    assert "change a copy" in raised.value.problems[0].hint
    np.testing.assert_array_equal(data.train.inputs["x"], ROWS)


def test_an_autoencoder_gives_back_rows_of_the_shape_that_was_read() -> None:
    class Widened:
        def fit(self, rows: Any) -> None: ...

        def apply(self, rows: Any, learnt: None) -> Any:
            return np.concatenate([rows, rows], axis=1)

    globals()["Widened"] = Widened
    data = splits(target=TargetSpec("autoencoder", input="x", width=2, shape=(2,)))
    with pytest.raises(ConfigError, match=r"changes the shape of rows from \[2\] to \[4\]"):
        fit([own("Widened")], data, Transforms())


def test_text_is_not_its_business() -> None:
    words = np.array([["a"], ["b"], ["c"], ["d"]], object)
    data = splits()
    data = replace(
        data,
        inputs={**data.inputs, "t": InputSpec((1,), "string", text=("t",))},
        train=replace(data.train, inputs={**data.train.inputs, "t": words}),
    )
    turned, transforms = fit([own("Halve")], data, Transforms())
    np.testing.assert_array_equal(turned.train.inputs["x"], ROWS / 2)
    assert turned.train.inputs["t"] is words
    assert next(iter(transforms.to_json()[0].values())).keys() == {"x"}


@pytest.mark.parametrize(
    ("dtype", "kept"), [("float32", "float32"), ("float64", "float64"), ("uint8", "float32")]
)
def test_numbers_are_as_exact_as_they_were_read(dtype: str, kept: str) -> None:
    turned, _ = fit([own("Halve")], splits(ROWS.astype(dtype)), Transforms())
    assert turned.inputs["x"].dtype == turned.train.inputs["x"].dtype.name == kept


def test_two_of_a_class_follow_each_other_and_the_saved_model_does_both() -> None:
    second = replace(own("Layered"), name="again")
    turned, transforms = fit([own("Layered"), second], splits(), Transforms())
    np.testing.assert_array_equal(turned.train.inputs["x"], ROWS / 4)
    np.testing.assert_array_equal(turned.train.read["x"], ROWS)
    try_layers(transforms, turned)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    whole = with_transforms_in_front(model, transforms, turned.inputs)
    np.testing.assert_allclose(whole(ROWS), ROWS / 4)
    assert list(doubts_about_saving(transforms)) == []


def test_without_layers_the_saved_model_takes_turned_rows_and_that_is_said() -> None:
    turned, transforms = fit([own("Layered"), own("Halve")], splits(), Transforms())
    try_layers(transforms, turned)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    assert with_transforms_in_front(model, transforms, turned.inputs) is model
    (doubt,) = doubts_about_saving(transforms)
    assert doubt.message.endswith(
        "Halve has no `layers`, so model.keras takes rows that it has turned"
    )
    assert doubt.severity == "warning"
