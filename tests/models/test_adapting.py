"""Layers that adapt to the training rows: what they learn, from which rows, and that it is kept."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.data.signature import Signature
from nnrun.data.transforms.declared import declared_transforms
from nnrun.errors import ConfigError
from nnrun.experiments.prepare import build_for, prepare
from nnrun.reading import parse_json
from nnrun.runs.atomic import json_bytes

CONFIG = """\
dataset: {csv: rows.csv, target: y, split: {validation: 10}}
architecture: [%s, Dense: 1]
training: {epochs: 1}
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    rows = np.random.default_rng(0).integers(0, 7, size=(40, 3))
    rows[:, 1] += 100
    lines = [",".join(map(str, (*row, row.sum() / 7))) for row in rows]
    (tmp_path / "rows.csv").write_text("a,b,c,y\n" + "\n".join(lines) + "\n")

    def write(layers: str) -> Path:
        path = tmp_path / "adapting.yaml"
        path.write_text(CONFIG % layers)
        return path

    return write


def built_again(prepared: Any) -> Any:
    """The model that a run's own files give, without the rows."""
    kept = Signature.from_json(
        parse_json(json_bytes(prepared.signature.to_json())),
        declared_transforms(prepared.experiment),
    )
    assert kept == prepared.signature
    return build_for(prepared.experiment, kept)


def test_means_and_variances_are_those_of_the_training_rows(write: Any) -> None:
    prepared = prepare(write("Normalization"))
    rows = prepared.splits.train.inputs["inputs"]
    learnt = prepared.transforms.arguments["architecture[0].Normalization"]
    assert learnt["mean"] == pytest.approx(rows.mean(axis=0), rel=1e-6)
    assert learnt["variance"] == pytest.approx(rows.var(axis=0), rel=1e-5)
    first = built_again(prepared).layers[0]
    assert np.asarray(first(rows)) == pytest.approx(
        (rows - rows.mean(axis=0)) / rows.std(axis=0), abs=1e-5
    )


def test_a_layer_sees_what_those_before_it_give(write: Any) -> None:
    prepared = prepare(write("Rescaling: 0.5, Normalization: {axis: null}"))
    rows = prepared.splits.train.inputs["inputs"]
    learnt = prepared.transforms.arguments["architecture[1].Normalization"]
    assert learnt["mean"] == pytest.approx(rows.mean() / 2, rel=1e-6)


def test_words_are_those_of_the_training_rows_the_most_frequent_first(write: Any) -> None:
    prepared = prepare(write("IntegerLookup, Embedding: {input_dim: 20, output_dim: 2}, Flatten"))
    rows = prepared.splits.train.inputs["inputs"].astype(int)
    words = prepared.transforms.arguments["architecture[0].IntegerLookup"]["vocabulary"]
    counts = Counter(rows.ravel().tolist())
    assert sorted(words) == sorted(counts)
    assert [counts[word] for word in words] == sorted(counts.values(), reverse=True)
    numbers = np.asarray(built_again(prepared).layers[0](rows))
    assert [words[number - 1] for number in numbers.ravel()] == rows.ravel().tolist()


def test_bounds_divide_the_training_rows_evenly(write: Any) -> None:
    prepared = prepare(write("Discretization: {num_bins: 4}, Rescaling: 1.0"))
    bounds = prepared.transforms.arguments["architecture[0].Discretization"]["bin_boundaries"]
    assert len(bounds) == 3
    assert bounds == sorted(bounds)
    bins = np.asarray(built_again(prepared).layers[0](prepared.splits.train.inputs["inputs"]))
    assert set(bins.ravel()) == {0, 1, 2, 3}


def test_a_signature_names_no_file(write: Any) -> None:
    """A layer would read it."""
    prepared = prepare(write("IntegerLookup, Flatten"))
    told = prepared.signature.to_json()
    ((learnt,),) = [one.values() for one in told["transforms"] if "adapting" in one]
    learnt["architecture[0].IntegerLookup"]["vocabulary"] = "/etc/passwd"
    with pytest.raises(ValueError, match="no inputs and targets"):
        Signature.from_json(told, declared_transforms(prepared.experiment))


def test_what_is_given_is_not_learnt(write: Any) -> None:
    assert prepare(write("Normalization: {mean: 1.0, variance: 4.0}")).transforms.arguments == {}


@pytest.mark.parametrize(
    "layers", ["TimeDistributed: Normalization", "TimeDistributed: {layer: IntegerLookup}"]
)
def test_a_layer_within_another_is_told_to_be_given_it(write: Any, layers: str) -> None:
    with pytest.raises(ConfigError, match="adapts to the training rows in a list of layers only"):
        prepare(write(f"'{layers.split(':', maxsplit=1)[0]}': {layers.split(': ', 1)[1]}"))
