"""Callbacks that look inside a model: what they measure, and that they leave no trace."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnrun.data.splits import Part
from nnrun.errors import RunError, UserError
from nnrun.runs.history import History
from nnrun.training.engines import CompiledTraining, make_resident
from nnrun.training.layer_monitor import LayerMonitor
from nnrun.training.order import epoch_order
from nnrun.training.pruning import Pruning, pruned_from, smaller_mask
from nnrun.training.recording import Recorder, next_look, spread_rows
from nnrun.training.state import capture_state
from nnrun.training.traces import Traces

from .conftest import BATCH, CLASSES, make_model, make_part


def attached(callback: Recorder, model: Any, part: Part, folder: Path) -> Any:
    """A callback as a run has it."""
    callback.write_into(folder)
    callback.attach(model, part)
    callback.set_model(model)
    return callback


def noisy_layers() -> list[Any]:
    import keras

    return [
        keras.layers.Dense(4, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(CLASSES, "softmax"),
    ]


def written(callback: Recorder) -> History:
    return History.from_csv(Path(callback.filename).read_text())


def test_looking_leaves_no_trace(tmp_path: Path) -> None:
    model, part = make_model("adam", noisy_layers), make_part()
    CompiledTraining(model, make_resident(part), BATCH, "graph")
    before = capture_state(model, metrics=True)
    for callback in (LayerMonitor(rows=20), Traces()):
        attached(callback, model, part, tmp_path).on_epoch_end(0)
    after = capture_state(model, metrics=True)
    assert {name: array.tobytes() for name, array in before.items()} == {
        name: array.tobytes() for name, array in after.items()
    }


def test_norms_and_dead_units_by_hand(tmp_path: Path) -> None:
    import keras

    keras.utils.clear_session(free_memory=False)
    hidden = keras.layers.Dense(2, activation="relu", use_bias=False, name="hidden")
    output = keras.layers.Dense(1, use_bias=False, name="output")
    model = keras.Sequential([keras.Input((1,)), hidden, output])
    model.compile(optimizer="sgd", loss="mse")
    hidden.set_weights([np.array([[3.0, -4.0]])])
    output.set_weights([np.array([[2.0], [1.0]])])
    part = Part({"x": np.array([[1.0], [2.0]], "float32")}, {"y": np.array([[5.0], [9.0]])})
    monitor = attached(LayerMonitor(every=2), model, part, tmp_path)
    monitor.on_train_begin()
    monitor.on_epoch_end(0)
    monitor.on_epoch_end(1)
    first, second = written(monitor).rows
    assert (first["epoch"], second["epoch"]) == (0, 2)
    # Predicted: 2 * 3x = 6 and 12; errors 1 and 3. d/d(output) = mean of 2 * error * 3x, and
    # d/d(hidden) = mean of 2 * error * 2 * x for the unit that is not dead.
    assert first["output/gradient_norm"] == pytest.approx((2 * 1 * 3 + 2 * 3 * 6) / 2)
    assert first["hidden/gradient_norm"] == pytest.approx((2 * 1 * 2 * 1 + 2 * 3 * 2 * 2) / 2)
    assert (first["hidden/weight_norm"], first["hidden/parameters"]) == (5.0, 2)
    assert first["hidden/dead"] == 0.5
    assert first["hidden/activation_mean"] == pytest.approx((3 + 0 + 6 + 0) / 4)
    assert "output/dead" not in first
    assert [epoch for epoch, _ in monitor.take_points()] == [0, 2]
    assert monitor.take_points() == []


def test_a_table_is_cut_back_but_never_through_a_link(tmp_path: Path) -> None:
    from nnrun.training.callback_state import capture_callbacks, prepare_callbacks

    model, part = make_model(), make_part()
    traces = attached(Traces(rows=1), model, part, tmp_path / "callbacks")
    traces.on_train_begin()
    states, _ = capture_callbacks([traces])
    before = Path(traces.filename).read_bytes()
    traces.on_epoch_end(0)
    prepare_callbacks([traces], states)
    assert Path(traces.filename).read_bytes() == before
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("precious\n" * 1000)
    Path(traces.filename).unlink()
    Path(traces.filename).symlink_to(elsewhere)
    with pytest.raises(RunError, match="is a link"):
        prepare_callbacks([traces], states)
    assert elsewhere.read_text() == "precious\n" * 1000


def test_rows_from_all_over() -> None:
    part = Part({"x": np.arange(10)}, {"y": np.arange(10)})
    assert spread_rows(part, 4).inputs["x"].tolist() == [0, 3, 6, 9]
    assert spread_rows(part, 50).rows == 10


@pytest.mark.parametrize("engine", ["graph", "xla"])
def test_pruned_weights_stay_zero_within_the_compiled_steps(tmp_path: Path, engine: str) -> None:
    model, part = make_model("adam"), make_part()
    pruning = attached(Pruning(sparsity=0.75, begin=0, end=2), model, part, tmp_path)
    training = CompiledTraining(model, make_resident(part), BATCH, engine)
    for epoch in range(4):
        training.begin_epoch(epoch_order(part.rows, seed=1, epoch=epoch, shuffle=True))
        training.run(0, training.steps)
        zeros = [(layer.kernel.numpy() == 0).mean() for layer in model.layers]
        wanted = pruning.sparsity_after(min(epoch, 2))
        assert zeros == pytest.approx([wanted, wanted], abs=0.03)
        pruning.on_epoch_end(epoch)
    assert [row["epoch"] for row in written(pruning).rows] == [1, 2]
    assert pruning.figures() == {"sparsity": (36 + 18) / (48 + 24)}


def test_a_kernels_own_constraint_holds_too(tmp_path: Path) -> None:
    import keras

    def layers() -> list[Any]:
        return [keras.layers.Dense(CLASSES, "softmax", kernel_constraint="non_neg")]

    model, part = make_model("sgd", layers), make_part()
    pruning = attached(Pruning(sparsity=0.5, end=1), model, part, tmp_path)
    pruning.on_epoch_end(0)
    training = CompiledTraining(model, make_resident(part), BATCH, "graph")
    training.begin_epoch(epoch_order(part.rows, seed=1, epoch=1, shuffle=True))
    training.run(0, training.steps)
    kernel = model.layers[0].kernel.numpy()
    assert kernel.min() == 0
    assert (kernel[~pruning.masks[model.layers[0].name]] == 0).all()


def test_the_schedule_is_cubic() -> None:
    pruning = Pruning(sparsity=0.8, begin=2, end=6)
    assert [pruning.sparsity_after(epoch) for epoch in (2, 4, 6)] == [
        0.0,
        0.8 * (1 - 0.5**3),
        0.8,
    ]
    assert [pruning.next_look(epoch) for epoch in (1, 3, 4, 6, 7)] == [3, 3, 4, 6, None]
    assert [Pruning(begin=0, end=5, every=2).next_look(epoch) for epoch in (1, 3, 5)] == [2, 4, 5]
    assert (pruned_from([pruning]), pruned_from([])) == (7, None)
    assert next_look([pruning, Traces(every=5)], 5, 20) == 5
    assert next_look([pruning], 7, 20) == 20


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(np.float32, (3, 7), elements=st.floats(-2, 2, width=32)),
    st.floats(0.01, 0.5),
    st.floats(0.5, 0.99),
)
def test_the_smallest_weights_go_and_never_come_back(
    weights: np.ndarray, first: float, second: float
) -> None:
    one = smaller_mask(weights, np.ones(weights.shape, bool), first)
    two = smaller_mask(weights * one, one, second)
    assert ((~one).sum(), (~two).sum()) == (round(first * 21), round(second * 21))
    assert not (two & ~one).any()
    if (~one).any():
        assert np.abs(weights[~one]).max() <= np.abs(weights[one]).min()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.0}, "sparsity must be above 0 and below 1"),
        ({"begin": 3, "end": 3}, "begin must be before end"),
        ({"every": 0}, "every must be 1 epoch at least"),
    ],
)
def test_impossible_prunings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pruning(**arguments)


def test_layers_that_cannot_be_pruned_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no layer 'other' with a kernel"):
        attached(Pruning(layers=["other"]), make_model(), make_part(), tmp_path)


def test_traces_are_what_the_model_holds(tmp_path: Path) -> None:
    model, part = make_model(), make_part()
    traces = attached(Traces(rows=5), model, part, tmp_path)
    traces.on_train_begin()
    (row,) = written(traces).rows
    first = model.layers[0]
    hidden = np.asarray(first(part.inputs["x"][:5]))
    assert row[f"hidden/{first.name}/5/8"] == pytest.approx(hidden[4, 7], abs=1e-6)
    assert row[f"weight/{first.name}/kernel/6/1"] == first.kernel.numpy()[5, 0]
    errors = np.eye(CLASSES)[part.targets["y"][:5]] - np.asarray(model(part.inputs["x"][:5]))
    assert row["squared_error/2"] == pytest.approx((errors[:, 1] ** 2).sum(), rel=1e-5)
    codes = {tuple(values) for values in hidden >= 0.5}
    assert traces.figures() == {"distinct_codes": len(codes)}
    assert math.isclose(len(row), 1 + 5 * 8 + 6 * 8 + 8 + 8 * 3 + 3 + 3)


def test_traces_are_for_small_nets(tmp_path: Path) -> None:
    import keras

    def layers() -> list[Any]:
        return [keras.layers.Dense(1000), keras.layers.Dense(CLASSES, "softmax")]

    with pytest.raises(UserError, match="Traces is for small nets: it would write 18,003 figures"):
        attached(Traces(), make_model("sgd", layers), make_part(), tmp_path)
    with pytest.raises(UserError, match="there is no layer 'other' with one output"):
        attached(Traces(layers=["other"]), make_model(), make_part(), tmp_path)
