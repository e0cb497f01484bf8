"""Graphs in configs: what is told of a wrong one, and what a right one becomes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.config.graph_rules import find_circle
from nnrun.config.graphs import Graph, GraphInput, GraphLayer, GraphOutput
from nnrun.config.loading import load_experiment
from nnrun.config.roles import Aim, roles_of, view_of
from nnrun.config.subject import Subject, recorded_names
from nnrun.config.writer import experiment_to_yaml
from nnrun.data.describing import check_source
from nnrun.errors import ConfigError

HOUSING = "dataset: {name: california_housing, split: {validation: 0.2}}\n"
WIDE_AND_DEEP = """\
architecture:
  inputs:
    wide: {features: [MedInc, HouseAge]}
    deep:
  layers:
    joined: {Concatenate: {}, from: [wide, hidden]}
    hidden: {Dense: 30, from: deep}
  outputs:
    price: {Dense: 1, from: joined, weight: 0.9}
    aux: {Dense: 1, from: hidden, loss: mae, weight: 0.1}
"""
WRONG = """\
architecture:
  inputs:
    wide: {features: [MedIncome, MedHouseVal]}
    unused:
  layers:
    a: {Dense: 3, from: b}
    b: {Dense: 3, from: a}
    c: {Dense: 3}
    d: {Dense: 3, Dropout: 0.5, from: wide}
    e: {from: c}
    f: {Concatenate: {}, from: d}
    g: {Dense: 3, from: [c, e]}
    h: {shared: hh, from: f}
    i j: {Dense: {units: 3, name: j}, from: wid}
  outputs:
    price: {Dense: {unit: 1}, from: g, loss: msee}
    unused: {Dense: 1, from: h, target: Medhouse}
training: {class_weight: balanced}
"""


@pytest.fixture
def load(tmp_path):
    def loaded(text, *overrides, name="mine.yaml"):
        (tmp_path / name).write_text(text)

        def check(experiment):
            return check_source(experiment.dataset, roles_of(experiment))

        return load_experiment(tmp_path / name, overrides, check_source=check, to_be_trained=True)

    return loaded


def told(load, text):
    with pytest.raises(ConfigError) as caught:
        load(text)
    problems = caught.value.problems
    assert all(problem.place.line and problem.hint for problem in problems)
    return [(problem.path.removeprefix("architecture."), problem.message) for problem in problems]


def test_every_mistake_is_told_at_once_with_its_place(load):
    assert told(load, HOUSING + WRONG) == [
        ("layers.c", "'from' is missing"),
        ("layers.d", "'Dropout' is next to 'Dense'"),
        ("layers.e", "names no layer"),
        ("outputs.price.Dense", "unknown argument 'unit'"),
        ("outputs.price.loss", "unknown loss 'msee'"),
        (
            "layers.i j",
            "the name 'i j' has characters other than letters, digits, '_', '.' and '-'",
        ),
        ("outputs.unused", "'unused' is already the name of something else"),
        ("layers.i j.Dense", "the layer is called 'i j' already"),
        ("layers.h.shared", "there is no other layer 'hh' to share"),
        ("layers.i j.from", "there is no input or layer 'wid'"),
        ("layers.a", "the layers form a loop: a → b → a"),
        ("layers.i j", "the output of the layer 'i j' is used by nothing"),
        ("inputs.unused", "no layer takes the input 'unused'"),
        ("layers.f.from", "Concatenate joins several layers, and `from` names 1"),
        ("layers.g.from", "Dense takes one layer, and `from` names 2"),
        ("training.class_weight", "Keras can't weight classes in a model with several outputs"),
        ("inputs.wide.features[0]", "'california_housing' has no column 'MedIncome'"),
        ("inputs.wide.features[1]", "'california_housing' has no column 'MedHouseVal'"),
        ("outputs.unused.target[0]", "'california_housing' has no column 'Medhouse'"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("  outputs:\n", "  outputs: {}\n  else:\n", "architecture", "the graph has no outputs"),
        ("Dense: 1, from: joined", "Dense: {units: 2}, from: joined", "outputs.price.Dense",
         "the last layer has 2 units, the target 1 number"),
        ("loss: mae", "loss: categorical_crossentropy", "outputs.aux.loss",
         "CategoricalCrossentropy is for classes, but the task is regression"),
        ("from: hidden, loss", "from: hidden, target: MedInc, loss", "inputs.wide.features",
         "the target 'MedInc' is also a feature"),
        ("from: hidden, loss", "from: hidden, task: autoencoder, loss", "outputs.aux.target",
         "it does not say which input it reconstructs"),
        ("from: hidden, loss", "from: hidden, task: multiclass, target: MedHouseVal, loss",
         "outputs.aux.task", "'MedHouseVal' is a regression target, not multiclass"),
    ],
)  # fmt: skip
def test_an_output_fits_its_target(load, old, new, path, message):
    assert (path, message) in told(load, HOUSING + WIDE_AND_DEEP.replace(old, new))


def test_the_rest_of_a_graph_follows_from_the_data_set(load):
    experiment = load(HOUSING + WIDE_AND_DEEP)
    roles = roles_of(experiment)
    assert roles.inputs == {"wide": ("MedInc", "HouseAge"), "deep": None}
    assert roles.aims == {"price": Aim("auto"), "aux": Aim("auto")}
    view = view_of(experiment, "aux")
    assert [layer.name for layer in view.architecture] == ["Dense", "Dense"]
    assert (view.loss.name, view_of(experiment, "price").loss) == ("mae", None)


def test_a_written_graph_reads_as_the_same(load):
    experiment = load(HOUSING + WIDE_AND_DEEP)
    assert load(experiment_to_yaml(experiment)).architecture == experiment.architecture


def test_an_override_and_an_extending_file_change_one_layer(load):
    load(HOUSING + WIDE_AND_DEEP, name="base.yaml")
    text = "extends: base.yaml\narchitecture: {layers: {hidden: {EinsumDense: {equation: 'ab,bc->ac', output_shape: 30}}}}"
    changed = load(text, "architecture.outputs.aux.weight=0.5").architecture
    assert changed.layers["hidden"].layer.name == "EinsumDense"
    assert changed.layers["hidden"].from_ == "deep"
    assert changed.outputs["aux"].weight == 0.5
    assert changed.outputs["price"].weight == 0.9


def test_what_is_recorded_is_named_by_output(load):
    more = (
        "expect: {val_price_mae: {max: 1}, aux_loss: {max: 1}}\ntraining: {monitor: val_price_loss}"
    )
    experiment = load(HOUSING + WIDE_AND_DEEP + more)
    views = {
        name: Subject(view_of(experiment, name), load_catalogue(), None)
        for name in experiment.architecture.outputs
    }
    names = recorded_names(Subject(experiment, load_catalogue(), None, by_output=views))
    assert {"loss", "price_loss", "price_mae", "aux_loss", "val_aux_mae"} <= set(names)
    assert ("expect.aux_mea", "'aux_mea' is not recorded") in told(
        load, HOUSING + WIDE_AND_DEEP + "expect: {aux_mea: 1}"
    )


def test_an_autoencoder_takes_no_target(load):
    text = "dataset: {name: iris, task: autoencoder, target: species}\n"
    assert ("dataset.target", "an autoencoder predicts its input, and no column") in told(
        load, text + "architecture: [Dense: 2, Dense: 4]"
    )
    assert told(
        load, text.replace(", target: species", "") + "architecture: [Dense: 2, Dense: 3]"
    ) == [
        (
            "architecture[1].Dense".removeprefix("architecture."),
            "the last layer has 3 units, the target 4 numbers",
        )
    ]


def graph_of(edges):
    """A graph of the layers 0, 1, …, each coming from the layers that its entry lists."""
    layers = {
        str(index): GraphLayer(Component("Add", "layers"), from_=tuple(map(str, sources)) or ("x",))
        for index, sources in enumerate(edges)
    }
    return Graph({"x": GraphInput()}, layers, {})


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8))
def test_an_order_is_found_unless_there_is_a_circle(edges):
    graph = graph_of(edges)
    circle = find_circle(graph)
    if circle:
        assert circle[0] == circle[-1]
        assert all(source in graph.nodes[name].sources for name, source in pairwise(circle))
        with pytest.raises(ValueError, match="waits for itself"):
            list(graph.in_order())
        return
    order = [name for name, _ in graph.in_order()]
    assert sorted(order) == sorted(graph.nodes)
    place = {name: index for index, name in enumerate(["x", *order])}
    assert all(place[one] < place[name] for name in order for one in graph.nodes[name].sources)


def test_layers_keep_their_own_order_where_they_may():
    graph = graph_of([[], [3], [], [0]])
    assert [name for name, _ in graph.in_order()] == ["0", "2", "3", "1"]
    shared = Graph(
        None,
        {
            "b": GraphLayer(shared="a", from_="inputs"),
            "a": GraphLayer(Component("Dense", "layers"), from_="b"),
        },
        {"out": GraphOutput(Component("Dense", "layers"), from_="a")},
    )
    assert find_circle(shared) == ["b", "a", "b"]
