"""What every form of an architecture keeps to: a list, a preset, a class, a graph and a run are one network.

Each says the same model in its own way: four units with SELU on three numbers, and one number.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.graphs import INPUT, TARGET
from nnrun.config.roles import roles_of
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import ConfigError
from nnrun.experiments.prepare import prepare
from nnrun.export.script.writing import write_script
from nnrun.models.building import build_model
from nnrun.models.network import Network
from nnrun.tasks.targets import TargetSpec
from tests.export.sameness import assert_same

from .conftest import NUMBER, Declare

HIDDEN = "Dense: {units: 4, activation: selu, kernel_initializer: lecun_normal}"
FORMS = {
    "list": f"[{{{HIDDEN}}}, Dense: 1]",
    "preset": "{MLP: {hidden: [4], activation: selu}}",
    "class": "contract_own:Both",
    "graph": f"{{layers: {{a: {{{HIDDEN}, from: inputs}}}}, outputs: {{targets: {{Dense: 1, from: a}}}}}}",
    "run": "{from_run: earlier, drop_last: 1, add: [Dense: 1]}",
}
OWN = """
import keras
@keras.saving.register_keras_serializable("contract")
class Both(keras.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = keras.layers.Dense(units, "selu", kernel_initializer="lecun_normal")
        self.last = keras.layers.Dense(1)
    def build(self, shape):
        self.first.build(shape)
        self.last.build((None, self.units))
    def call(self, rows):
        return self.last(self.first(rows))
    def get_config(self):
        return {**super().get_config(), "units": self.units}
"""
DECLARED = [form for form in FORMS if form not in ("class", "run")]
"""The forms that declare every layer."""
SPECS = {INPUT: InputSpec((3,), "float32")}

by_form = pytest.mark.parametrize("form", FORMS)
by_declared = pytest.mark.parametrize("form", DECLARED)


@pytest.fixture(autouse=True)
def _own_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contract_own.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


def declared(declare: Declare, form: str, more: str = "") -> Experiment:
    return declare(f"architecture: {FORMS[form]}\n{more}")


def network_of(experiment: Experiment, target: TargetSpec = NUMBER) -> Network:
    return Network.of(experiment, SPECS, {TARGET: target})


def built(experiment: Experiment, base: Any = None) -> Any:
    return build_model(
        experiment,
        inputs=SPECS,
        targets={TARGET: NUMBER},
        transforms=Transforms(),
        catalogue=load_catalogue(),
        steps_per_epoch=10,
        base=base,
    )


def model_of(declare: Declare, form: str) -> Any:
    """The model of a form; that of a run begins with the model of the list."""
    base = built(declared(declare, "list", "seed: 7\n")) if form == "run" else None
    return built(declared(declare, form), base)


@by_form
def test_inputs_and_outputs_have_names(declare: Declare, form: str) -> None:
    experiment = declared(declare, form)
    roles = roles_of(experiment)
    assert list(roles.inputs) == list(experiment.outline.entries) == [INPUT]
    assert list(roles.aims) == list(experiment.outline.outputs) == [TARGET]
    assert TARGET in network_of(experiment).nodes


@by_form
def test_every_node_comes_from_what_is_before_it(declare: Declare, form: str) -> None:
    network = network_of(declared(declare, form))
    known = {INPUT}
    for name, node in network.nodes.items():
        assert set(node.declared.sources) <= known
        known.add(name)
    assert list(network.nodes)[-1] == TARGET
    assert network.components == [part for name in network.nodes for part in network.parts_of(name)]


@by_form
def test_every_node_knows_its_place(declare: Declare, form: str) -> None:
    experiment = declared(declare, form)
    for node in network_of(experiment).nodes.values():
        assert node.path.startswith("architecture")
        assert node.place is not None
        assert node.place.line == 2


@by_form
def test_seeds_are_drawn_in_the_order_of_the_layers(declare: Declare, form: str) -> None:
    kernel, bias, last, zero = (np.asarray(one) for one in model_of(declare, form).weights)
    assert (kernel.shape, last.shape) == ((3, 4), (4, 1))
    assert not bias.any()
    assert not zero.any()
    keras.utils.set_random_seed(7 if form == "run" else 42)
    first = keras.layers.Dense(4, kernel_initializer="lecun_normal")
    keras.utils.set_random_seed(42) if form == "run" else None
    second = keras.layers.Dense(1)
    first.build((None, 3))
    second.build((None, 4))
    np.testing.assert_array_equal(kernel, first.kernel)
    np.testing.assert_array_equal(last, second.kernel)


@by_form
def test_a_line_is_sequential_and_a_graph_is_functional(declare: Declare, form: str) -> None:
    model = model_of(declare, form)
    assert isinstance(model, keras.Sequential) == (form != "graph")
    assert model.output_shape == (None, 1)
    assert model.name == "model"


@by_declared
def test_regularization_reaches_what_is_hidden(declare: Declare, form: str) -> None:
    more = "regularization: {l2: 0.1, dropout: 0.2, batch_normalization: before_activation}\n"
    hidden, *others = network_of(declared(declare, form, more)).components
    names = ["BatchNormalization", "Activation", "AlphaDropout", "Dense"]
    assert [part.name for part in others] == names
    assert "activation" not in hidden.arguments
    assert hidden.arguments["kernel_regularizer"].arguments["l2"] == 0.1
    assert "kernel_regularizer" not in others[-1].arguments


@pytest.mark.parametrize("form", [form for form in FORMS if form != "class"])
def test_outputs_are_reckoned_in_full_precision(declare: Declare, form: str) -> None:
    experiment = declared(declare, form, "runtime: {precision: mixed_float16}\n")
    *others, last = network_of(experiment).components
    assert last.arguments["dtype"] == "float32"
    assert all("dtype" not in part.arguments for part in others)


@by_declared
def test_doubts_are_found_alike(form: str, write_config: Callable[..., Path]) -> None:
    """SELU without standardized rows; two Dense layers in a line; labels that nothing reaches."""
    said = prepare(write_config(rows(FORMS[form]))).warnings
    assert len([one for one in said if "SELU wants standardized inputs" in one]) == 1
    linear = FORMS[form].replace("activation: selu", "activation: linear")
    said = prepare(write_config(rows(linear))).warnings
    assert len([one for one in said if "one linear layer" in one]) == 1
    bounded = FORMS[form].replace("Dense: 1", "Dense: {units: 1, activation: tanh}")
    bounded = bounded.replace("selu}}", "selu, output_activation: tanh}}")
    assert any("tanh gives -1 to 1" in one for one in prepare(write_config(rows(bounded))).warnings)


@pytest.mark.parametrize("form", ["list", "graph", "run"])
def test_what_does_not_fit_is_blamed_where_it_is_declared(declare: Declare, form: str) -> None:
    text = FORMS[form].replace("Dense: 1", "Conv2D: {filters: 1, kernel_size: 2}")
    base = built(declared(declare, "list")) if form == "run" else None
    with pytest.raises(ConfigError, match=r"does not fit rows of shape \[4\]") as caught:
        built(declare(f"architecture: {text}"), base)
    (problem,) = caught.value.problems
    assert problem.path.endswith("Conv2D")
    assert problem.hint == "Conv2D takes rows with 3 axes."


@pytest.mark.parametrize("form", [form for form in FORMS if form != "run"])
def test_the_script_makes_the_same_model(form: str, write_config: Callable[..., Path]) -> None:
    """`tests/export/test_learnt_before.py` sees to the layers of a run, which has to be there."""
    config = write_config(rows(FORMS[form], "preprocess: {standardize: true}"))
    assert_same(config)
    script = write_script(prepare(config))
    assert ("keras.Sequential(" in script) == (form != "graph")


def rows(architecture: str, more: str = "preprocess: {scale: 2}") -> str:
    """A config that predicts a number from three columns."""
    return (
        "dataset:\n  name: diabetes\n  features: [bmi, bp, s5]\n"
        f"  {more}\narchitecture: {architecture}\n"
    )
