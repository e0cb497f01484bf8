"""What a model takes and gives: written and read back to the last bit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.data.preprocessing import Scaling, Standardizing
from nnrun.data.signature import Signature
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.tasks.targets import TargetSpec

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
        {"inputs": steps},
        {"inputs": greatest},
        90,
        "rows.csv",
    )
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature


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
    signature = Signature.of(splits, {"inputs": ()})
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
        Signature.from_json(values)


@pytest.mark.parametrize(
    ("role", "told"),
    [
        *(("inputs", {"text": text}) for text in ("a", [1], [None], {"a": 1})),
        *(("inputs", {"features": names}) for names in ("a", ["a"], [1, 2])),
        ("inputs", {"preprocess": [{"standardize": {"mean": ["x"], "variance": [1.0]}}]}),
        ("inputs", {"preprocess": [{"scale": {"multiply": [1.0, 2.0, 3.0], "add": 0.0}}]}),
        *(("inputs", {"shape": shape}) for shape in ("x", [-1], [2.5], [True], None)),
        *(("targets", {"scale": scale}) for scale in ("x", [None], [1.0, 1.0], [], 5.0, [0.0])),
        *(("targets", {"offset": offset}) for offset in ("x", ["x"], [], 5.0, [[1.0]], [True])),
        *(("targets", {"width": width}) for width in ("x", None, [1], 2)),
        ("targets", {"classes": [1]}),
        ("targets", {"columns": [{"name": 1}]}),
    ],
)
def test_values_of_strangers_are_of_their_kinds(role, told) -> None:
    signature = Signature(
        {"x": InputSpec((2,), "float32", ("a", "b"))},
        {"x": TargetSpec("regression", scale=(2.0,), offset=(1.0,))},
        {"x": ()},
        {"x": 1.0},
        9,
        "rows.csv",
    ).to_json()
    Signature.from_json(signature)
    signature[role]["x"] |= told
    with pytest.raises(ValueError, match="it tells no inputs and targets"):
        Signature.from_json(signature)


@pytest.mark.parametrize(
    "learnt",
    [{"mean": ["x"]}, {"bin_boundaries": 5.0}, {"bin_boundaries": ["x"]}, {"vocabulary": [["x"]]}],
)
def test_what_strangers_say_is_learnt_are_numbers_and_words(learnt) -> None:
    with pytest.raises(ValueError, match="it tells no inputs and targets"):
        Signature.from_json(
            {"inputs": {}, "targets": {}, "train_rows": 1, "source": "", "adapted": {"x": learnt}}
        )
