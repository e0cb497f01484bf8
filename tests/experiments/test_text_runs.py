"""Runs that read text, from the command line to every command that looks into them."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_run import assert_same_run

from nnrun.runs.directory import RunDirectory

CONFIG = """\
name: meals
dataset:
  csv: meals.csv
  target: opinion
  split: {validation: 12, test: 12, stratify: true}
architecture:
  inputs: {words: {features: [review]}, place: {features: [place]}, price: {features: [price]}}
  layers:
    numbers: {TextVectorization: {max_tokens: 20}, from: words}
    embedded: {Embedding: {input_dim: 20, output_dim: 3}, from: numbers}
    mean: {GlobalAveragePooling1D, from: embedded}
    where: {StringLookup: {output_mode: multi_hot}, from: place}
    joined: {Concatenate, from: [mean, where, price]}
    dropped: {Dropout: 0.2, from: joined}
  outputs:
    opinion: {Dense: {units: 1, activation: sigmoid}, from: dropped}
training: {epochs: 4, batch_size: 16}
runtime: {engine: graph}
"""
ROWS = "review,place,price,opinion\n" + "".join(
    f"The {dish} was {word}.,{place},{price},{opinion}\n"
    for dish in ("soup", "bread", "=tea", "cake", "pie")
    for word, opinion in (("good", "yes"), ("bad", "no"), ("fine", "yes"), ("cold", "no"))
    for place, price in (("town", 3.5), ("007", 2.0), ("7", 1.0))
)
Nnrun = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nnrun.experiments.api import train

    folder = tmp_path_factory.mktemp("texts")
    (folder / "meals.csv").write_text(ROWS)
    (folder / "meals.yaml").write_text(CONFIG)
    train(folder / "meals.yaml", run_dir=folder / "runs" / "meals")
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RunDirectory(tmp_path / "runs" / "meals")


def test_the_signature_tells_the_words(run: RunDirectory) -> None:
    signature = json.loads(run.signature.read_text())
    words = signature["transforms"][0]["text"]["architecture.layers.numbers.TextVectorization"]
    assert {"soup", "good", "the", "was"} <= set(words["vocabulary"])
    assert words["output_sequence_length"] == 4
    places = signature["transforms"][0]["text"]["architecture.layers.where.StringLookup"][
        "vocabulary"
    ]
    assert sorted(places) == ["007", "7", "town"]
    assert signature["inputs"]["words"]["text"] == ["review"]


def test_the_wrong_rows_are_told_in_words(run: RunDirectory, nnrun: Nnrun) -> None:
    done = nnrun("eval", "meals", "--json")
    assert done.code == 0, done.err
    recorded = json.loads(run.metrics.read_text())["test"]["accuracy"]
    assert json.loads(done.out)["headline"]["accuracy"]["value"] == pytest.approx(recorded)
    with run.evaluation("test").most_wrong.open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    known = {line.split(",")[0] for line in ROWS.splitlines()}
    for row in rows:
        assert row["review"].removeprefix("'") in known
        assert row["place"] in {"town", "007", "7"}


def test_new_rows_are_evaluated_and_predicted(run: RunDirectory, nnrun: Nnrun) -> None:
    Path("new.csv").write_text(
        "opinion,price,place,review\nyes,2.0,village,The goose was good!\nno,3,7,Cold\n"
    )
    done = nnrun("eval", "meals", "--data", "new.csv", "--json")
    assert done.code == 0, done.err
    done = nnrun("predict", "meals", "new.csv", "--json")
    assert done.code == 0, done.err
    predicted = json.loads(done.out)["rows"]
    by_keras = keras_predictions(run.model)
    for row, probability in zip(predicted, by_keras, strict=True):
        assert row["probabilities"]["yes"] == pytest.approx(probability, abs=1e-5)


def keras_predictions(path: Path) -> list[float]:
    """What Keras makes of the same two rows, with the saved model alone."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(path)
    given = {
        "words": tf.constant([["The goose was good!"], ["Cold"]]),
        "place": tf.constant([["village"], ["7"]]),
        "price": np.array([[2.0], [3.0]], np.float32),
    }
    return model.predict(given, verbose=0).ravel().tolist()


def test_a_cell_without_text_is_told(run: RunDirectory, nnrun: Nnrun) -> None:
    Path("new.csv").write_text("review,place,price\n,town,1\n")
    done = nnrun("predict", "meals", "new.csv")
    assert done.code == 2
    assert "the column 'review' of new.csv has 1 of 1 cells that are empty" in done.err


WORDS = "architecture.layers.numbers.TextVectorization"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("transforms", 0, "text"), {}),
        (("transforms", 0, "text", WORDS), {}),
        (("transforms", 0, "text", WORDS, "vocabulary"), 5),
        (("transforms", 0, "text", WORDS, "vocabulary"), [1, 2]),
        (("transforms", 0, "text", WORDS, "vocabulary"), ["a", "a"]),
        (("transforms", 0, "text", WORDS, "vocabulary"), []),
        (("transforms", 0, "text", WORDS, "vocabulary"), [f"w{number}" for number in range(19)]),
        (("transforms", 0, "text", WORDS, "output_sequence_length"), 5),
        (("transforms", 0, "text", WORDS, "split"), ["x"]),
        (("inputs", "words", "text"), []),
        (("inputs", "words", "text"), ["review", "place"]),
        (("inputs", "words", "shape"), [5]),
        (("inputs", "place", "text"), ["place", "place"]),
        (("inputs", "price", "text"), ["price"]),
        (("targets", "opinion", "scale"), [1.0]),
        (("transforms", 1), {"labels": {"opinion": {"scale": [1.0], "offset": [0.0]}}}),
    ],
)
def test_words_of_strangers_are_refused(
    run: RunDirectory, nnrun: Nnrun, path: tuple[str | int, ...], value: object
) -> None:
    spoil_signature(run, path, value)
    done = nnrun("eval", "meals")
    assert done.code == 2
    assert f"{run.signature.name} is damaged: " in done.err


def spoil_signature(run: RunDirectory, path: tuple[str | int, ...], value: object) -> None:
    signature = json.loads(run.signature.read_text())
    *way, last = path
    within = signature
    for key in way:
        within = within[key]
    within[last] = value
    run.signature.write_text(json.dumps(signature))
    (run.path / "checksums.json").unlink(missing_ok=True)


def test_a_run_does_not_go_on_with_words_of_strangers(run: RunDirectory, nnrun: Nnrun) -> None:
    whole, told = run.signature.read_text(), "nnrun: runs/meals/signature.json is damaged: "
    for path, value in (
        (("transforms", 0, "text", WORDS, "vocabulary"), ["a", "a"]),
        (("transforms", 0, "text", WORDS, "output_sequence_length"), 5),
        (("inputs", "price", "text"), ["price"]),
    ):
        spoil_signature(run, path, value)
        done = nnrun("resume", "meals", "--epochs", 5)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(told)
        assert done.err.endswith("\n  Remove it, and it is made anew from the data.\n")
        run.signature.write_text(whole)
    run.signature.unlink()
    assert nnrun("resume", "meals", "--epochs", 5).code == 0
    assert json.loads(run.signature.read_text()) == json.loads(whole)


def test_it_goes_on_with_the_same_bits(run: RunDirectory, trained: Path) -> None:
    from nnrun.experiments.api import resume, train

    shorter = run.path.parent / "shorter"
    train(Path("meals.yaml"), overrides=("training.epochs=2",), run_dir=shorter)
    resume(RunDirectory(shorter), epochs=4)
    assert_same_run(RunDirectory(shorter), run)


def test_the_layers_are_shown_as_declared(run: RunDirectory, nnrun: Nnrun) -> None:
    done = nnrun("show", "meals.yaml", "--json")
    assert done.code == 0, done.err
    layers = {layer["name"]: layer for layer in json.loads(done.out)["layers"]}
    assert layers["numbers"]["kind"] == "TextVectorization"
    assert layers["numbers"]["shape"] == [4]
    assert layers["where"]["kind"] == "StringLookup"
    assert layers["where"]["shape"] == [4]
    assert layers["mean"]["kind"] == "GlobalAveragePooling1D"


def test_the_layers_are_drawn_as_declared(run: RunDirectory, nnrun: Nnrun) -> None:
    done = nnrun("show", "meals.yaml", "--plot", "meals.svg")
    assert done.code == 0, done.err
    drawn = Path("meals.svg").read_text()
    for told in ("TextVectorization", "StringLookup", "text"):
        assert f">{told}<" in drawn or f"<!-- {told} -->" in drawn
    assert "Identity" not in drawn


def test_a_run_that_reads_text_is_not_built_on(run: RunDirectory, nnrun: Nnrun) -> None:
    Path("next.yaml").write_text(
        "dataset: {csv: meals.csv, target: opinion, features: [review]}\n"
        "architecture: {from_run: meals, drop_last: 1, add: [{Dense: 1}]}\n"
    )
    done = nnrun("validate", "next.yaml")
    assert done.code == 2
    assert "reads text, and a run that does cannot be built on" in done.err
