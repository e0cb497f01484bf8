"""Layers that read text: what they learn, from which rows, and what is made of a text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.data.load import load_inputs
from nnrun.data.signature import Signature
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.transforms.chain import Transforms, fit
from nnrun.data.transforms.declared import declared_transforms
from nnrun.data.transforms.text import ReadText, Words
from nnrun.errors import ConfigError, DataError
from nnrun.experiments.prepare import build_for, prepare
from nnrun.reading import parse_json
from nnrun.runs.atomic import json_bytes

TRAIN = ["the cat sat", "The CAT ran!", "a dog"]
LATER = ["the zebra sat on the cat"]


def splits_of(train: list[list[str]], test: list[list[str]]) -> Splits:
    def part(rows: list[list[str]]) -> Part:
        return Part({"inputs": np.array(rows, object)}, {"targets": np.zeros(len(rows))})

    columns = tuple("abc"[: len(train[0])])
    spec = InputSpec((len(columns),), "string", text=columns)
    return Splits({"inputs": spec}, {}, part(train), None, part(test), "", "")


def read(layer: str, train: list[list[str]], test: list[list[str]], config: Any) -> Any:
    """What a layer learns, and the rows that it makes."""
    declared = declared_transforms(config(f"[{layer}, Dense: 1]"))
    splits, transforms = fit(declared, splits_of(train, test), Transforms())
    words = transforms.of(Words)
    assert words is not None
    (learnt,) = words.learnt.values()
    return learnt, splits


@pytest.fixture
def config(tmp_path: Path) -> Any:
    from nnrun.config.loading import load_experiment

    def load(architecture: str) -> Any:
        path = tmp_path / "texts.yaml"
        path.write_text(
            f"dataset: {{csv: rows.csv, target: y}}\narchitecture: {architecture}\n"
            "training: {epochs: 1}\n"
        )
        return load_experiment(path)

    return load


def test_words_are_numbered_by_how_often_they_stand_in_the_training_rows(config: Any) -> None:
    words, splits = read("TextVectorization", [[text] for text in TRAIN], [[LATER[0]]], config)
    # Twice: the, cat; of what stands once, Keras takes the last of the alphabet first.
    assert words == {
        "vocabulary": ["the", "cat", "sat", "ran", "dog", "a"],
        "output_sequence_length": 3,
    }
    assert splits.train.inputs["inputs"].tolist() == [[2, 3, 4], [2, 3, 5], [7, 6, 0]]
    # 0 fills up, 1 is a word that no training row has, and what is too long is cut.
    assert splits.test.inputs["inputs"].tolist() == [[2, 1, 4]]
    assert splits.test.read["inputs"].tolist() == [LATER]
    assert splits.inputs["inputs"] == InputSpec((3,), "int32", text=("a",))


def test_a_declared_length_and_vocabulary_are_kept(config: Any) -> None:
    layer = "TextVectorization: {output_sequence_length: 2, vocabulary: [dog, cat]}"
    words, splits = read(layer, [[text] for text in TRAIN], [["dog dog dog"]], config)
    assert words == {"output_sequence_length": 2}
    assert splits.train.inputs["inputs"].tolist() == [[1, 3], [1, 3], [1, 2]]
    assert splits.test.inputs["inputs"].tolist() == [[2, 2]]


def test_bags_of_words(config: Any) -> None:
    layer = "TextVectorization: {output_mode: count, max_tokens: 3}"
    words, splits = read(layer, [[text] for text in TRAIN], [["the the dog"]], config)
    assert words == {"vocabulary": ["the", "cat"]}
    assert splits.train.inputs["inputs"].tolist() == [[1, 1, 1], [1, 1, 1], [2, 0, 0]]
    assert splits.test.inputs["inputs"].tolist() == [[1, 2, 0]]


def test_weights_of_words(config: Any) -> None:
    layer = "TextVectorization: {output_mode: tf_idf}"
    words, splits = read(layer, [["b b"], ["b c"]], [["c"]], config)
    assert words["vocabulary"] == ["b", "c"]
    # ln(1 + texts / (1 + texts with the word))
    rare, common = np.log(1 + 2 / 2), np.log(1 + 2 / 3)
    assert words["idf_weights"] == pytest.approx([common, rare], rel=1e-6)
    assert splits.train.inputs["inputs"] == pytest.approx(
        np.array([[0, 2 * common, 0], [0, common, rare]]), rel=1e-6
    )
    assert splits.test.inputs["inputs"] == pytest.approx(np.array([[0, 0, rare]]), rel=1e-6)


def test_weights_of_words_where_rows_are_as_long_as_may_be(config: Any) -> None:
    layer = "TextVectorization: {output_mode: tf_idf, max_tokens: 5, pad_to_max_tokens: true}"
    words, splits = read(layer, [["b b"], ["b c"]], [["c"]], config)
    rare, common = np.log(1 + 2 / 2), np.log(1 + 2 / 3)
    assert words["idf_weights"] == pytest.approx([common, rare], rel=1e-6)
    assert splits.train.inputs["inputs"] == pytest.approx(
        np.array([[0, 2 * common, 0, 0, 0], [0, common, rare, 0, 0]]), rel=1e-6
    )


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ("TextVectorization", "!!"),
        ("TextVectorization: {output_mode: multi_hot}", "!!"),
        ("TextVectorization: {max_tokens: 2}", "good"),
        ("StringLookup", "'[UNK]'"),
    ],
)
def test_a_column_without_a_word_is_told_of_the_layer(config: Any, layer: str, text: str) -> None:
    with pytest.raises(ConfigError, match="finds no word in the training rows") as refused:
        read(layer, [[text.strip("'")]], [["good"]], config)
    assert refused.value.problems[0].path.startswith("architecture[0].")


@pytest.mark.parametrize(
    ("mode", "train", "test"),
    [
        ("int", [[1, 2], [1, 1]], [[1, 0]]),
        ("multi_hot", [[0, 1, 1], [0, 1, 0]], [[1, 1, 0]]),
        ("count", [[0, 1, 1], [0, 2, 0]], [[1, 1, 0]]),
    ],
)
def test_names_are_looked_up_in_several_columns(
    config: Any, mode: str, train: Any, test: Any
) -> None:
    layer = f"StringLookup: {{output_mode: {mode}}}"
    words, splits = read(layer, [["red", "blue"], ["red", "red"]], [["red", "green"]], config)
    assert words == {"vocabulary": ["red", "blue"]}
    assert splits.train.inputs["inputs"].tolist() == train
    assert splits.test.inputs["inputs"].tolist() == test
    assert splits.inputs["inputs"].text == ("a", "b")


def test_a_name_that_has_no_number_is_told_of_the_layer(config: Any) -> None:
    layer = "StringLookup: {num_oov_indices: 0}"
    with pytest.raises(ConfigError, match="OOV values") as refused:
        read(layer, [["red"]], [["blue"]], config)
    assert refused.value.problems[0].path == "architecture[0].StringLookup"


def test_long_columns_are_read_in_batches(config: Any) -> None:
    texts = [["w " * (1 + (index == 5000))] for index in range(5001)]
    words, splits = read("TextVectorization", texts, [["w"]], config)
    assert words["output_sequence_length"] == 2
    assert splits.train.inputs["inputs"].shape == (5001, 2)
    assert splits.train.inputs["inputs"][-1].tolist() == [2, 2]


def test_text_vectorization_reads_one_column(config: Any) -> None:
    with pytest.raises(ConfigError, match="reads one column of text, not 2: a, b"):
        read("TextVectorization", [["x", "y"]], [["x", "y"]], config)


def test_what_keras_refuses_is_told_of_the_layer(config: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        read("TextVectorization: {standardize: shout}", [["x"]], [["x"]], config)
    assert refused.value.problems[0].path == "architecture[0].TextVectorization"


def test_other_inputs_are_left_as_they_are() -> None:
    numbers = np.ones((2, 3), np.float32)
    assert Words(ReadText({}), {}).apply({"numbers": numbers})["numbers"] is numbers


def write(folder: Path, rows: str, architecture: str) -> Path:
    (folder / "rows.csv").write_text(rows)
    path = folder / "texts.yaml"
    path.write_text(
        f"dataset: {{csv: rows.csv, target: y, split: {{validation: 1}}}}\n"
        f"architecture: {architecture}\ntraining: {{epochs: 1}}\n"
    )
    return path


def test_a_model_is_built_again_without_the_rows(tmp_path: Path) -> None:
    rows = "text,y\n" + "".join(f"{word} end,{index}.5\n" for index, word in enumerate("abcdef"))
    layers = "[TextVectorization, Embedding: {input_dim: 9, output_dim: 2}, Flatten, Dense: 1]"
    prepared = prepare(write(tmp_path, rows, layers))
    kept = Signature.from_json(
        parse_json(json_bytes(prepared.signature.to_json())),
        declared_transforms(prepared.experiment),
    )
    assert kept == prepared.signature
    assert [layer.name for layer in build_for(prepared.experiment, kept).layers] == [
        "text_vectorization",
        "embedding",
        "flatten",
        "dense",
    ]


def test_columns_that_look_like_numbers_are_text_where_they_are_looked_up(tmp_path: Path) -> None:
    rows = "code,y\n007,1.5\n7,2.5\nNA,3.5\n007,0.5\n"
    prepared = prepare(write(tmp_path, rows, "[StringLookup, Flatten, Dense: 1]"))
    texts = {name: part.read["inputs"].ravel() for name, part in prepared.splits.parts.items()}
    assert sorted(np.concatenate(list(texts.values()))) == ["007", "007", "7", "NA"]


@pytest.mark.parametrize("layer", ["TextVectorization", "StringLookup"])
def test_an_embedding_has_a_place_for_every_word(tmp_path: Path, layer: str) -> None:
    rows = "text,y\n" + "".join(f"{word},{index}.5\n" for index, word in enumerate("abcdef"))
    words = {"TextVectorization": 7, "StringLookup": 6}[layer]  # with those that nobody knows
    for graph in (False, True):
        embedding = f"Embedding: {{input_dim: {words - 1}, output_dim: 2}}"
        layers = f"[{layer}, {embedding}, Flatten, Dense: 1]"
        if graph:
            layers = f"""
  layers:
    read: {{{layer}, from: inputs}}
    embedded: {{{embedding}, from: read}}
    flat: {{Flatten, from: embedded}}
  outputs: {{y: {{Dense: 1, from: flat}}}}"""
        with pytest.raises(ConfigError, match=f"has {words - 1} places, and {layer} tells {words}"):
            prepare(write(tmp_path, rows, layers))


def test_an_empty_cell_is_told_with_its_line(tmp_path: Path) -> None:
    rows = "text,y\ngood,1.5\n ,2.5\nbad,3.5\n"
    with pytest.raises(DataError, match="1 of 3 cells that are empty, the first in line 3") as told:
        prepare(write(tmp_path, rows, "[TextVectorization, Flatten, Dense: 1]"))
    assert "(blanks count as missing)" in told.value.hint


OF_TEXTS = """
  inputs: {{words: {{features: [text]}}, both: {{features: [kind, text]}}}}
  layers:
    found: {{StringLookup: {{output_mode: multi_hot}}, from: words}}
    names: {{StringLookup: {{output_mode: multi_hot}}, from: both}}
    joined: {{Concatenate, from: [found, names]}}
  outputs: {{y: {{Dense: {units}, from: joined{target}}}}}"""
KINDS = "text,kind,y\na,k,1.5\nb,l,2.5\nc,k,0.5\n"


def test_two_inputs_may_read_one_column(tmp_path: Path) -> None:
    prepared = prepare(write(tmp_path, KINDS, OF_TEXTS.format(units=1, target="")))
    dataset, signature = prepared.experiment.dataset, prepared.signature
    read = load_inputs(dataset, signature, str(tmp_path / "rows.csv"))
    assert read["words"].tolist() == [["a"], ["b"], ["c"]]
    assert read["both"].tolist() == [["k", "a"], ["l", "b"], ["k", "c"]]


def test_text_is_not_given_back(tmp_path: Path) -> None:
    target = ", target: words, task: autoencoder"
    path = write(tmp_path, KINDS, OF_TEXTS.format(units=3, target=target))
    with pytest.raises(
        ConfigError, match="'words' is text, which an autoencoder cannot reconstruct"
    ):
        prepare(path)


def test_a_column_is_text_or_numbers(tmp_path: Path) -> None:
    graph = """
  inputs: {words: {features: [text]}, numbers: {features: [text, size]}}
  layers:
    found: {StringLookup: {output_mode: multi_hot}, from: words}
    joined: {Concatenate, from: [found, numbers]}
  outputs: {y: {Dense: 1, from: joined}}"""
    with pytest.raises(DataError, match="'text' is read as text by one input, and as a number"):
        prepare(write(tmp_path, "text,size,y\na,1,1.5\nb,2,2.5\nc,3,0.5\n", graph))
