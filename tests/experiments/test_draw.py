"""The graph that is drawn of a Keras model."""

from typing import Any

import pytest

from nnrun.experiments.draw import graph_of


@pytest.fixture(scope="module")
def keras() -> Any:
    from nnrun.device import import_tensorflow

    import_tensorflow("cpu")
    import keras

    return keras


def test_a_list_is_a_line(keras: Any) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4, 2), name="rows"),
            layers.Flatten(name="flat"),
            layers.Dense(3, "relu", name="held", trainable=False),
            layers.Dense(2, layers.LeakyReLU(), name="out"),
        ]
    )
    graph = graph_of(model)
    assert graph.lines == [("rows", "flat"), ("flat", "held"), ("held", "out")]
    assert [(box.name, box.state, box.lines) for box in graph.boxes] == [
        ("rows", "input", ("4 x 2",)),
        ("flat", "plain", ("Flatten", "8")),
        ("held", "frozen", ("Dense, relu, frozen", "3", "27 parameters")),
        ("out", "learns", ("Dense, LeakyReLU", "2", "8 parameters")),
    ]


def test_masks_are_no_layers(keras: Any) -> None:
    layers = keras.layers
    words = keras.Input((4,), dtype="int32", name="words")
    embedded = layers.Embedding(5, 3, mask_zero=True, name="embedded")(words)
    read = layers.GRU(2, name="read")(embedded)
    doubled = read + read
    model = keras.Model(words, layers.Dense(1, name="out")(doubled))
    graph = graph_of(model)
    assert [box.name for box in graph.boxes] == ["words", "embedded", "read", "out"]
    assert list(dict.fromkeys(graph.lines)) == [
        ("words", "embedded"),
        ("embedded", "read"),
        ("read", "out"),
    ]


def test_shared_layers_several_ends_and_nested_models(keras: Any) -> None:
    layers = keras.layers
    left, right = (keras.Input((4,), name=name) for name in ("left", "right"))
    shared = layers.Dense(3, name="shared")
    inner_in = keras.Input((3,))
    inner_a, inner_b = layers.Dense(2, name="a")(inner_in), layers.Dense(2, name="b")(inner_in)
    inner = keras.Model(inner_in, [inner_a, inner_b], name="inner")
    apart = layers.Subtract(name="apart")([shared(left), shared(right)])
    one, two = inner(apart)
    model = keras.Model(
        [left, right], [layers.Dense(1, name="one")(one), layers.Dense(1, name="two")(two)]
    )
    graph = graph_of(model)
    assert set(graph.lines) == {
        ("left", "shared"),
        ("right", "shared"),
        ("shared", "apart"),
        ("apart", "inner/a"),
        ("apart", "inner/b"),
        ("inner/a", "one"),
        ("inner/b", "two"),
    }
    assert {box.key for box in graph.boxes if box.group == "inner"} == {"inner/a", "inner/b"}
    assert [box.key for box in graph.boxes].count("shared") == 1


def test_a_class_of_one_s_own_names_its_layers(keras: Any) -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.hidden, self.out = keras.layers.Dense(3, name="h"), keras.layers.Dense(1, name="o")

        def call(self, inputs: Any) -> Any:
            return self.out(self.hidden(inputs))

    within = graph_of(keras.Sequential([keras.Input((2,), name="rows"), Own()]))
    assert within.lines == [("rows", "own")]
    assert within.boxes[1].lines == ("Own", "1", "13 parameters", "h", "o")
    alone = Own()
    alone(keras.Input((2,)))
    assert graph_of(alone).boxes[1].lines == within.boxes[1].lines
