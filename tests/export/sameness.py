"""What a script has to have in common with nnrun, looked at just before it trains."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.experiments.prepare import build, prepare
from nnrun.export.script.writing import write_script
from nnrun.models.freezing import layers_to_unfreeze, leaves, unfreeze

PARTS = {"train": "train", "validation": "valid", "test": "test"}


def until_trained(script: str) -> dict[str, Any]:
    """What a script has defined just before it trains."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script.partition("history = model.fit(")[0], "script.py", "exec"), names)
    return names


def assert_same(config: Path, overrides: tuple[str, ...] = ()) -> None:
    """A script has the rows, the weights, the outputs, the loss and the rates of nnrun."""
    prepared = prepare(config, overrides)
    script = write_script(prepared)
    theirs = until_trained(script)
    splits = prepared.splits
    for part, short in PARTS.items():
        assert (part in splits.parts) == (f"X_{short}" in theirs), part
        if part in splits.parts:
            rows = splits.parts[part]
            assert_equal(theirs[f"X_{short}"], rows.inputs, within=0.0)
            # What an autoencoder gives back is reckoned in another precision.
            inexact = any(target.input for target in splits.targets.values())
            assert_equal(theirs[f"y_{short}"], rows.targets, within=1e-5 * inexact)
        if part in splits.parts and rows.weights is not None:
            np.testing.assert_array_equal(theirs[f"sample_weight_{short}"], rows.weights)
    model = theirs["model"]
    ours = build(prepared)
    assert_same_layers(model, ours)
    rows, labels = (some(arrays) for arrays in (splits.train.inputs, splits.train.targets))
    expected = figures(ours, rows, labels)
    told = figures(model, some(theirs["X_train"]), some(theirs["y_train"]))
    assert told == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert rates(model, prepared) == pytest.approx(rates(ours, prepared), rel=1e-6)
    settings = ("learning_rate", "name")
    mine, other = (
        {key: value for key, value in one.optimizer.get_config().items() if key not in settings}
        for one in (ours, model)
    )
    assert mine == other
    if prepared.experiment.training.fine_tune is not None:
        assert_same_second_part(script, theirs, ours, prepared)


def assert_same_layers(model: Any, ours: Any) -> None:
    """Both have the same weights, and the same of them learn.

    What a Normalization layer has adapted to, Keras counts among its weights; nnrun's model has it
    as arguments.
    """
    mine, others = (
        [leaf for leaf in leaves(one) if leaf.weights and not hasattr(leaf, "adapt_mean")]
        for one in (ours, model)
    )
    assert [leaf.trainable for leaf in mine] == [leaf.trainable for leaf in others]
    assert len(ours.trainable_weights) == len(model.trainable_weights)
    for our, other in zip(mine, others, strict=True):
        for weights, told in zip(our.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, told)


def assert_same_second_part(script: str, names: dict[str, Any], ours: Any, prepared: Any) -> None:
    """From the fine-tuning on, the same layers learn, with the same rate."""
    second = script.partition("# Fine-tuning")[2].partition("\n")[2]
    lines = second.partition("history = model.fit(")[0].removeprefix(
        "if not model.stop_training:\n"
    )
    exec(textwrap.dedent(lines), names)
    unfreeze(ours, layers_to_unfreeze(ours, prepared.experiment))
    assert_same_layers(names["model"], ours)
    rate = prepared.experiment.training.fine_tune.learning_rate
    assert float(names["model"].optimizer.learning_rate) == pytest.approx(rate)


def assert_equal(theirs: Any, ours: Mapping[str, np.ndarray], *, within: float) -> None:
    """A script's array, or its arrays by name, hold the values of nnrun's."""
    by_name = theirs if isinstance(theirs, dict) else {next(iter(ours)): theirs}
    assert by_name.keys() == ours.keys()
    for name, array in ours.items():
        told = by_name[name].astype(array.dtype).reshape(array.shape)
        np.testing.assert_allclose(told, array, rtol=0, atol=within)


def some(arrays: Any) -> Any:
    """The first rows of an array, or of arrays by name; inputs as the numbers that Keras reckons in."""
    if isinstance(arrays, Mapping):
        cut = {name: some(array) for name, array in arrays.items()}
        return cut if len(cut) > 1 else next(iter(cut.values()))
    rows = arrays[:64]
    return rows if rows.dtype.kind == "i" and rows.ndim == 1 else rows.astype("float32")


def figures(model: Any, rows: Any, labels: Any) -> dict[str, float]:
    """Loss and metrics of rows, and the means of the outputs; no program is compiled for it."""
    import keras

    outputs = model(rows)
    labels = keras.tree.map_structure(keras.ops.convert_to_tensor, labels)
    loss = model.compute_loss(rows, labels, outputs)
    metrics = model.compute_metrics(rows, labels, outputs)
    told = {name: value for name, value in metrics.items() if not name.endswith("loss")}
    told |= {
        f"mean {at}": keras.ops.mean(one) for at, one in enumerate(keras.tree.flatten(outputs))
    }
    return {name: float(value) for name, value in {**told, "loss": loss}.items()}


def rates(model: Any, prepared: Any) -> list[float]:
    """The learning rate at some steps of the training."""
    last = prepared.steps_per_epoch * prepared.experiment.training.epochs
    schedule = model.optimizer._learning_rate
    if not callable(schedule):
        return [float(model.optimizer.learning_rate)]
    return [float(schedule(step)) for step in (0, 1, last // 3, last // 2, last)]
