"""What a model takes and gives: written and read back to the last bit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.schema import Preprocess
from nnrun.data.signature import Signature
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.transforms.adapted_layers import AdaptLayers
from nnrun.data.transforms.chain import Transforms
from nnrun.data.transforms.scaled_labels import ScaledLabels, ScaleLabels
from nnrun.data.transforms.scaling import ScaledInputs, ScaleInputs, Scaling, Standardizing
from nnrun.tasks.targets import TargetSpec

DECLARED = [ScaleInputs(Preprocess()), AdaptLayers(), ScaleLabels("standardize")]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
STEPS = st.lists(
    st.builds(Scaling, NUMBERS, NUMBERS)
    | st.builds(Standardizing, st.tuples(NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS))
).map(tuple)


@given(STEPS, NUMBERS, st.booleans())
def test_it_reads_back_as_it_was(steps, greatest, one_hot) -> None:
    signature = Signature(
        {"inputs": InputSpec((2,), "float32", ("a", "b"))},
        {
            "targets": TargetSpec("multiclass", ("x", "y", "z"), 3, one_hot),
            "scaled": TargetSpec("regression", scale=(0.3,), offset=(greatest,)),
        },
        Transforms(
            (ScaledInputs({"inputs": steps}), ScaledLabels({"scaled": ((0.3,), (greatest,))}))
        ),
        {"inputs": greatest},
        90,
        "rows.csv",
    )
    declared = [ScaleInputs(Preprocess()), ScaleLabels("standardize")]
    told = json.loads(json.dumps(signature.to_json()))
    assert Signature.from_json(told, declared) == signature


def test_it_is_taken_from_the_training_rows() -> None:
    rows = [
        Part({"inputs": np.full((n, 2), n, np.uint8)}, {"targets": np.zeros(n)}) for n in (5, 9)
    ]
    splits = Splits(
        {"inputs": InputSpec((2,), "uint8")},
        {"targets": TargetSpec("regression")},
        train=rows[0],
        validation=rows[1],
        test=None,
        fingerprint="",
        source="embedded",
    )
    signature = Signature.of(splits, Transforms())
    assert signature.greatest == {"inputs": 5.0}
    assert [signature.steps_per_epoch(size) for size in (2, 5, 6)] == [3, 1, 1]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"inputs": []},
        {"inputs": {"x": {"shape": [1]}}, "targets": {}, "train_rows": 1, "source": ""},
        {
            "inputs": {
                "x": {"shape": [1], "dtype": "f", "greatest": 1, "preprocess": [{"log": {}}]}
            },
            "targets": {},
            "train_rows": 1,
            "source": "",
        },
    ],
)
def test_what_is_none_is_refused(values) -> None:
    with pytest.raises(ValueError, match="it tells no inputs and targets"):
        Signature.from_json(values, DECLARED)


FORMAT_1 = {
    "inputs": {
        "x": {
            "shape": [2],
            "dtype": "float32",
            "features": ["a", "b"],
            "text": [],
            "greatest": 1.0,
            "preprocess": [{"standardize": {"mean": [1.0, 2.0], "variance": [3.0, 4.0]}}],
        }
    },
    "targets": {"x": {"task": "regression", "scale": [2.0], "offset": [1.0]}},
    "train_rows": 9,
    "source": "rows.csv",
    "adapted": {"architecture[0].Discretization": {"bin_boundaries": [0.5]}},
}


def test_what_was_written_in_format_1_is_read() -> None:
    signature = Signature.from_json(FORMAT_1, DECLARED)
    assert signature.targets["x"] == TargetSpec("regression", scale=(2.0,), offset=(1.0,))
    assert [*signature.transforms] == [
        ScaledInputs({"x": (Standardizing((1.0, 2.0), (3.0, 4.0)),)}),
        DECLARED[1].restore(FORMAT_1["adapted"], {}, {}),
        ScaledLabels({"x": ((2.0,), (1.0,))}),
    ]
    again = json.loads(json.dumps(signature.to_json()))
    assert (again["format"], Signature.from_json(again, DECLARED)) == (2, signature)


@pytest.mark.parametrize(
    ("role", "told"),
    [
        *(("inputs", {"text": text}) for text in ("a", [1], [None], {"a": 1})),
        *(("inputs", {"features": names}) for names in ("a", ["a"], [1, 2])),
        *(("inputs", {"shape": shape}) for shape in ("x", [-1], [2.5], [True], None)),
        *(("targets", {"width": width}) for width in ("x", None, [1], 2)),
        ("targets", {"classes": [1]}),
        ("targets", {"columns": [{"name": 1}]}),
    ],
)
def test_values_of_strangers_are_of_their_kinds(role, told) -> None:
    for values in (FORMAT_1, Signature.from_json(FORMAT_1, DECLARED).to_json()):
        spoilt = {**values, role: {"x": {**values[role]["x"], **told}}}
        with pytest.raises(ValueError, match="it tells no inputs and targets"):
            Signature.from_json(json.loads(json.dumps(spoilt)), DECLARED)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (0, {"x": [{"standardize": {"mean": ["x"], "variance": [1.0]}}]}),
        (0, {"x": [{"scale": {"multiply": [1.0, 2.0, 3.0], "add": 0.0}}]}),
        (0, {"x": [{"log": {}}]}),
        (0, {}),
        (0, []),
        *(
            (1, {"x": learnt})
            for learnt in (
                {"mean": ["x"]},
                {"bin_boundaries": 5.0},
                {"bin_boundaries": ["x"]},
                {"vocabulary": [["x"]]},
                {"vocabulary": "/a/file"},
            )
        ),
        *(
            (2, {"x": {"scale": scale, "offset": [1.0]}})
            for scale in ("x", [None], [1.0, 1.0], [], 5.0, [0.0])
        ),
        *(
            (2, {"x": {"scale": [2.0], "offset": offset}})
            for offset in ("x", ["x"], [], 5.0, [[1.0]], [True])
        ),
        (2, {"y": {"scale": [2.0], "offset": [1.0]}}),
    ],
)
def test_what_strangers_say_is_learnt_is_what_can_be(place, told) -> None:
    values = json.loads(json.dumps(Signature.from_json(FORMAT_1, DECLARED).to_json()))
    (name,) = values["transforms"][place]
    values["transforms"][place] = {name: told}
    with pytest.raises(ValueError, match="it tells no inputs and targets"):
        Signature.from_json(values, DECLARED)


@pytest.mark.parametrize("order", [(), (0, 1), (1, 0, 2), (0, 1, 2, 2)])
def test_the_transforms_are_those_of_the_config(order) -> None:
    values = Signature.from_json(FORMAT_1, DECLARED).to_json()
    values["transforms"] = [values["transforms"][place] for place in order]
    with pytest.raises(ValueError, match="it tells no inputs and targets"):
        Signature.from_json(values, DECLARED)
