"""Turns text into numbers with Keras's layers, before the training and in the saved model."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.data.json_values import arguments_of_layers
from nnrun.data.splits import TEXT
from nnrun.data.transforms.transform import Fitted
from nnrun.device import import_tensorflow
from nnrun.errors import ConfigError, Problem, is_out_of_memory
from nnrun.objects import instantiate, plain_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.components import Component
    from nnrun.data.splits import Arrays, InputSpec, Splits
    from nnrun.tasks.targets import TargetSpec

BATCH = 4096
NAME = "text"


@dataclass(frozen=True)
class ReadText:
    """Fits the vocabularies of layers that read text, as Keras's `adapt` does.

    Attributes:
        readers: The layers, by the name of the input that each reads.
        embeddings: Pairs of such a layer and an `Embedding` of its output.
        device: The device to set up before TensorFlow is imported.
    """

    readers: Mapping[str, Component]
    embeddings: Sequence[tuple[Component, Component]] = ()
    device: str = "auto"
    name: str = NAME

    @property
    def paths(self) -> list[str]:
        """The paths of the layers in the config."""
        return [layer.path for layer in self.readers.values()]

    def fit(self, splits: Splits, before: Sequence[Fitted] = ()) -> Words:
        """Fit the vocabularies; see `Transform.fit`.

        Raises:
            ConfigError: The layer's arguments don't fit each other or its columns, or an embedding
                has fewer rows than there are words (XLA would silently use another word's row).
        """
        del before
        import_tensorflow(self.device)
        learnt = {
            layer.path: _learn(layer, splits.inputs[name], splits.train.inputs[name])
            for name, layer in self.readers.items()
        }
        words = Words(self, learnt)
        words.check_embeddings()
        return words

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> Words:
        """See `Transform.restore`."""
        del inputs, targets
        return Words(self, arguments_of_layers(learnt))


@dataclass(frozen=True)
class Words(Fitted):
    """The fitted layers that read text.

    Attributes:
        declared: The layers.
        learnt: Arguments by the layer's path: the vocabulary, in the order of its indices; with
            `tf_idf`, the weights; and the length of the longest text, if the output's length
            depends on it and none is declared.
    """

    declared: ReadText
    learnt: Mapping[str, Mapping[str, Any]]
    name: str = NAME
    turns_rows = True

    def apply(self, rows: Arrays) -> dict[str, np.ndarray]:
        """See `Fitted.apply`; strings `(rows, columns)` become the output of the layers.

        Returns:
            int32 for word indices, otherwise float32.

        Raises:
            ConfigError: A layer cannot read the text.
        """
        encoded = dict(rows)
        for name, layer in self.declared.readers.items():
            if name in rows:
                with _blamed(layer):
                    encoded[name] = _encode(self._made(layer), rows[name])
        return encoded

    def before(self, inputs: Mapping[str, InputSpec]) -> dict[str, InputSpec]:
        """See `Fitted.before`."""
        return {
            name: replace(spec, shape=(len(spec.text),), dtype=TEXT)
            if name in self.declared.readers
            else spec
            for name, spec in inputs.items()
        }

    def layers(self, name: str, spec: InputSpec, *, prefix: str = "") -> list[Any]:
        """See `Fitted.layers`; they take text."""
        del prefix
        if name not in self.declared.readers:
            return []
        import keras

        layer = self._made(self.declared.readers[name])
        # Keras tells an axis too many of it, until it is reckoned.
        shape = layer(keras.Input((len(spec.text),), dtype="string")).shape[1:]
        return [layer] if shape == spec.shape else [layer, keras.layers.Reshape(spec.shape)]

    def check(self, inputs: Mapping[str, InputSpec]) -> None:
        """See `Fitted.check`."""
        import_tensorflow(self.declared.device)
        for name, layer in self.declared.readers.items():
            spec = inputs[name]
            with _blamed(layer):
                word = self._known(layer)["vocabulary"][0]
            rows = self.apply({name: np.full((1, len(spec.text)), word, object)})[name]
            if (rows.shape[1:], rows.dtype.name) != (spec.shape, spec.dtype):
                message = f"{layer.name} would not give the rows that the model takes"
                raise ConfigError([Problem(message, layer.place, layer.path)])
        self.check_embeddings()

    def check_embeddings(self) -> None:
        """Check that every word has a row in the embedding that looks it up.

        Raises:
            ConfigError: An embedding is too small.
        """
        for reader, embedding in self.declared.embeddings:
            words, places = self._made(reader).vocabulary_size(), embedding.arguments["input_dim"]
            if places < words:
                message = f"has {places} places, and {reader.name} tells {words} words apart"
                hint = f"set `input_dim: {words}`, or fewer `max_tokens`"
                raise ConfigError([Problem(message, embedding.place, embedding.path, hint)])

    def to_json(self) -> Mapping[str, Mapping[str, Any]]:
        """See `Fitted.to_json`."""
        return self.learnt

    def _made(self, layer: Component) -> Any:
        return instantiate(replace(layer, arguments=self._known(layer)))

    def _known(self, layer: Component) -> dict[str, Any]:
        """The declared and learnt arguments of a layer."""
        return {**layer.arguments, **self.learnt.get(layer.path, {})}


def _learn(layer: Component, spec: InputSpec, rows: np.ndarray) -> dict[str, Any]:
    if layer.name == "TextVectorization" and len(spec.text) > 1:
        message = f"reads one column of text, not {len(spec.text)}: {', '.join(spec.text)}"
        hint = "choose one with `features`; a graph can have several inputs"
        raise ConfigError([Problem(message, layer.place, layer.path, hint)])
    with _blamed(layer):
        return dict(_learnt(layer, rows))


@contextlib.contextmanager
def _blamed(layer: Component) -> Iterator[None]:
    """Within the block, report Keras's errors as problems of the layer."""
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
    """A layer's vocabulary, weights and length, as far as they are not declared."""
    declared = layer.arguments
    vectorizer = instantiate(layer)
    if declared.get("vocabulary") is None:
        words = _adapt(vectorizer, layer, rows)
        yield "vocabulary", words
        if declared.get("output_mode") == "tf_idf":
            weights = np.asarray(getattr(vectorizer, "_lookup_layer", vectorizer).idf_weights)
            first = len(vectorizer.get_vocabulary()) - len(words)
            yield "idf_weights", weights[first : first + len(words)].tolist()
    counts_words = declared.get("output_mode", "int") == "int"
    if layer.name == "TextVectorization" and counts_words:
        length = declared.get("output_sequence_length")
        yield "output_sequence_length", length or _encode(vectorizer, rows).shape[1]


def _adapt(made: Any, layer: Component, rows: np.ndarray) -> list[str]:
    """Adapt a layer; it must learn at least one word, since Keras's tables cannot be empty."""
    import tensorflow as tf

    words = []
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        made.adapt(rows)
        words = [str(word) for word in made.get_vocabulary(include_special_tokens=False)]
    if words:
        return words
    message = f"{layer.name} finds no word in the training rows"
    hint = "look at what is in its column, and whether `max_tokens` leaves room for a word"
    raise ConfigError([Problem(message, layer.place, layer.path, hint)])


def _encode(layer: Any, rows: np.ndarray) -> np.ndarray:
    import tensorflow as tf

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
