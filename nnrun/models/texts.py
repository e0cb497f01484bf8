"""Text → numbers, by Keras's own layers, before the training and in front of the saved model."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.config.components import Component
from nnrun.config.outline import Outline
from nnrun.config.text_layers import text_embeddings
from nnrun.data.splits import Arrays, InputSpec, Part, Splits
from nnrun.errors import ConfigError, Problem, is_out_of_memory
from nnrun.models.adapting import BATCH, State
from nnrun.models.layers import make_input
from nnrun.objects import instantiate, plain_message

Readers = Mapping[str, Component]
"""The layers that read text, by the name of the input that each reads."""


def learn_words(readers: Readers, splits: Splits) -> dict[str, dict[str, Any]]:
    """What the layers learn from the training rows, as Keras's `adapt` does: arguments by path.

    They are the words, in the order of their numbers; with `tf_idf` their weights; and the length
    of the longest text, where the rows are as long as the texts and no length is declared.

    Raises:
        ConfigError: The layer's arguments do not fit each other or its columns.
    """
    return {
        layer.path: _learn(layer, splits.inputs[name], splits.train.inputs[name])
        for name, layer in readers.items()
    }


def check_embeddings(outline: Outline, learnt: State) -> None:
    """See that every word has a place in the embedding that it comes to.

    Raises:
        ConfigError: An embedding has fewer places than there are words; XLA would take another's.
    """
    for reader, embedding in text_embeddings(outline):
        words, places = _made(reader, learnt).vocabulary_size(), embedding.arguments["input_dim"]
        if places < words:
            message = f"has {places} places, and {reader.name} tells {words} words apart"
            hint = f"set `input_dim: {words}`, or fewer `max_tokens`"
            raise ConfigError([Problem(message, embedding.place, embedding.path, hint)])


def check_words(readers: Readers, learnt: State, inputs: Mapping[str, InputSpec]) -> None:
    """See that layers make such rows as a model takes of what they are said to have learnt.

    Args:
        readers: The layers.
        learnt: It, which may come from a stranger.
        inputs: The inputs of the model.

    Raises:
        ConfigError: They do not.
    """
    for name, layer in readers.items():
        spec = inputs[name]
        with _blamed(layer):
            word = _known(layer, learnt)["vocabulary"][0]
        row = {name: np.full((1, len(spec.text)), word, object)}
        made = _encoded(spec, encode_inputs({name: layer}, learnt, row)[name])
        if made != spec:
            message = f"{layer.name} would not give the rows that the model takes"
            raise ConfigError([Problem(message, layer.place, layer.path)])


def encode_splits(readers: Readers, learnt: State, splits: Splits) -> Splits:
    """A data set in which all text is numbers, and the parts keep what was read."""
    parts = {name: encode_part(readers, learnt, part) for name, part in splits.parts.items()}
    train = parts["train"]
    return dataclasses.replace(
        splits,
        inputs={
            name: _encoded(spec, train.inputs[name]) if name in readers else spec
            for name, spec in splits.inputs.items()
        },
        train=train,
        validation=parts.get("validation"),
        test=parts.get("test"),
    )


def encode_part(readers: Readers, learnt: State, part: Part) -> Part:
    """Rows in which all text is numbers, with what was read."""
    texts = {name: part.inputs[name] for name in readers}
    inputs = encode_inputs(readers, learnt, part.inputs)
    return dataclasses.replace(part, inputs=inputs, texts=texts)


def encode_inputs(readers: Readers, learnt: State, inputs: Arrays) -> dict[str, np.ndarray]:
    """Rows `(rows, columns)` of strings as what their layers give; all others as they are.

    Returns:
        By the input's name: int32 for numbers of words, float32 for all else.

    Raises:
        ConfigError: A layer does not take what it reads.
    """
    encoded = dict(inputs)
    for name, layer in readers.items():
        with _blamed(layer):
            encoded[name] = _encode(_made(layer, learnt), inputs[name])
    return encoded


def with_texts_in_front(
    model: Any, readers: Readers, learnt: State, inputs: Mapping[str, InputSpec]
) -> Any:
    """A model that takes text where the one that was trained takes what was made of it.

    Args:
        model: The trained model.
        readers: The layers that read text; where there are none, the model is given back.
        learnt: What they have learnt.
        inputs: The inputs of the trained model.
    """
    if not readers:
        return model
    given, read = {}, {}
    for name, spec in inputs.items():
        if name in readers:
            given[name] = keras.Input((len(spec.text),), dtype="string", name=name)
            read[name] = _read(_made(readers[name], learnt), given[name], spec)
        else:
            given[name] = read[name] = make_input(name, spec)
    if len(given) > 1:
        return keras.Model(given, model(read), name=model.name)
    (tensor,), (numbers,) = given.values(), read.values()
    return keras.Model(tensor, model(numbers), name=model.name)


def _learn(layer: Component, spec: InputSpec, rows: np.ndarray) -> dict[str, Any]:
    if layer.name == "TextVectorization" and len(spec.text) > 1:
        message = f"reads one column of text, not {len(spec.text)}: {', '.join(spec.text)}"
        hint = "choose one with `features`; a graph can have several inputs"
        raise ConfigError([Problem(message, layer.place, layer.path, hint)])
    with _blamed(layer):
        return dict(_learnt(layer, rows))


@contextlib.contextmanager
def _blamed(layer: Component) -> Iterator[None]:
    """Within the block, what Keras refuses is told as a problem of the layer."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        message = f"cannot read the text: {plain_message(error)}"
        raise ConfigError([Problem(message, layer.place, layer.path)]) from error


def _learnt(layer: Component, rows: np.ndarray) -> Any:
    """What is not declared of a layer's words, weights and length."""
    declared = layer.arguments
    made = instantiate(layer)
    if declared.get("vocabulary") is None:
        words = _adapt(made, layer, rows)
        yield "vocabulary", words
        if declared.get("output_mode") == "tf_idf":
            weights = np.asarray(getattr(made, "_lookup_layer", made).idf_weights)
            first = len(made.get_vocabulary()) - len(words)
            yield "idf_weights", weights[first : first + len(words)].tolist()
    counts_words = declared.get("output_mode", "int") == "int"
    if layer.name == "TextVectorization" and counts_words:
        length = declared.get("output_sequence_length")
        yield "output_sequence_length", length or _encode(made, rows).shape[1]


def _adapt(made: Any, layer: Component, rows: np.ndarray) -> list[str]:
    """The words that a layer learns, one at least: Keras's tables cannot be empty."""
    words = []
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        made.adapt(rows)
        words = [str(word) for word in made.get_vocabulary(include_special_tokens=False)]
    if words:
        return words
    message = f"{layer.name} finds no word in the training rows"
    hint = "look at what is in its column, and whether `max_tokens` leaves room for a word"
    raise ConfigError([Problem(message, layer.place, layer.path, hint)])


def _made(layer: Component, learnt: State) -> Any:
    return instantiate(dataclasses.replace(layer, arguments=_known(layer, learnt)))


def _known(layer: Component, learnt: State) -> dict[str, Any]:
    """A layer's arguments, declared and learnt."""
    return {**layer.arguments, **learnt.get(layer.path, {})}


def _read(layer: Any, tensor: Any, spec: InputSpec) -> Any:
    """What a layer gives for text; Keras tells an axis too many of it, until it is reckoned."""
    numbers = layer(tensor)
    return numbers if numbers.shape[1:] == spec.shape else keras.layers.Reshape(spec.shape)(numbers)


def _encode(layer: Any, rows: np.ndarray) -> np.ndarray:
    with tf.device("/cpu:0"):  # there is no text elsewhere
        batches = [
            np.asarray(layer(tf.constant(rows[start : start + BATCH])))
            for start in range(0, len(rows), BATCH)
        ]
    width = max(batch.shape[1] for batch in batches)
    if batches[0].ndim == 2:  # noqa: PLR2004 batches of words differ in length while none is known
        batches = [np.pad(batch, ((0, 0), (0, width - batch.shape[1]))) for batch in batches]
    numbers = np.concatenate(batches)
    return numbers.astype(np.int32 if numbers.dtype.kind == "i" else np.float32)


def _encoded(spec: InputSpec, rows: np.ndarray) -> InputSpec:
    return dataclasses.replace(spec, shape=rows.shape[1:], dtype=rows.dtype.name)
