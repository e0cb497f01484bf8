"""A whole run, from a config to its directory, as a user has it."""

import csv
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TINY

from nnrun.errors import ConfigError, UserError
from nnrun.experiments.api import train
from nnrun.experiments.prepare import prepare
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.runs.outcome import Outcome
from nnrun.runs.progress import read_progress

WriteConfig = Callable[..., Path]
PNG = b"\x89PNG\r\n"

SMALL_REGRESSION = """\
dataset:
  name: diabetes
  split: {validation: 0.2, test: 0.2}
  preprocess: {standardize: true}
architecture: {MLP: {hidden: [8]}}
training: {epochs: 2}
runtime: {engine: graph}
"""


@pytest.fixture(autouse=True)
def _clean_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Outcome]:
    """Trains a config into `tmp_path/runs/NAME`."""

    def run(config: Path, *overrides: str, into: str = "run") -> Outcome:
        return train(config, overrides=overrides, run_dir=tmp_path / "runs" / into)

    return run


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def history_of(outcome: Outcome) -> History:
    return History.read(RunDirectory(Path(outcome.run_dir)).history)


def figures_of(outcome: Outcome) -> list[dict[str, float]]:
    """The history without what the clock says."""
    return [
        {name: value for name, value in row.items() if name != "seconds"}
        for row in history_of(outcome).rows
    ]


def arrays_of(outcome: Outcome, name: str) -> Mapping[str, np.ndarray]:
    return CheckpointStore(RunDirectory(Path(outcome.run_dir)).checkpoints).load(name).arrays


def assert_same_bits(one: Outcome, other: Outcome) -> None:
    assert figures_of(one) == figures_of(other)
    for name in ("best", "last"):
        first, second = arrays_of(one, name), arrays_of(other, name)
        assert first.keys() == second.keys()
        assert all(first[key].tobytes() == second[key].tobytes() for key in first)
    assert one.metrics["test"] == other.metrics["test"]


# --- The run directory ------------------------------------------------------------------------


def test_a_run_writes_what_is_documented_and_nothing_else(tiny_run: RunDirectory) -> None:
    written = tree(tiny_run.path)
    events = [name for name in written if name.startswith("tensorboard/")]
    checkpoints = [name for name in written if name.startswith("checkpoints/")]
    assert sorted(set(written) - {*events, *checkpoints}) == [
        ".lock",
        "checksums.json",
        "config.yaml",
        "history.csv",
        "metrics.json",
        "model.keras",
        "plots/learning_curves.png",
        "plots/learning_rate.png",
        "resolved.yaml",
        "run.json",
        "signature.json",
    ]
    assert {Path(name).parent.name for name in events} == {"train", "validation"}
    assert len(events) == 2
    store = CheckpointStore(tiny_run.checkpoints)
    assert {Path(name).stem.partition("-")[0] for name in checkpoints} == {"best", "last"}
    assert {Path(name).suffix for name in checkpoints} == {".npz", ".json"}
    assert store.load("last").facts["epoch"] == 2
    for plot in (tiny_run.learning_curves, tiny_run.learning_rate):
        assert plot.read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    "written",
    [TINY.encode(), b"\xef\xbb\xbf" + TINY.replace("\n", "\r\n").encode() + b"# \xc3\xa9\r\n# end"],
    ids=["plain", "from Windows"],
)
def test_the_config_is_kept_byte_for_byte(
    tmp_path: Path, run: Callable[..., Outcome], written: bytes
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_bytes(written)
    outcome = run(config, "training.epochs=1")
    assert (Path(outcome.run_dir) / "config.yaml").read_bytes() == written


def test_record_and_metrics_agree_with_the_history(tiny_run: RunDirectory) -> None:
    record, metrics = RunRecord.read(tiny_run.record), Metrics.read(tiny_run.metrics)
    history = History.read(tiny_run.history)
    splits = prepare(tiny_run.config).splits
    assert history.columns == (
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
    )
    assert history.column("epoch") == [1, 2]
    best = history.best("val_loss")
    assert best is not None
    assert metrics.best == best
    assert metrics.last == history.rows[-1]
    assert (record.best_epoch, record.epochs) == (best["epoch"], 2)
    assert (record.name, record.status, record.seed) == ("tiny", "finished", 42)
    assert record.command == "nnrun train tiny.yaml"
    assert record.parameters == (4 * 8 + 8) + (8 * 3 + 3)
    assert record.data["rows"] == {"train": 90, "validation": 30, "test": 30}
    assert record.data["fingerprint"] == splits.fingerprint
    assert record.engine["name"] == "graph"
    assert record.versions["nnrun"]
    assert record.seconds is not None
    assert record.seconds >= sum(history.column("seconds"))
    assert record.ended is not None
    assert record.created <= record.ended


def test_another_split_has_another_fingerprint(tiny_run: RunDirectory) -> None:
    record = RunRecord.read(tiny_run.record)
    other = prepare(tiny_run.config, ["dataset.split.validation=20"])
    assert other.splits.fingerprint != record.data["fingerprint"]


PLAIN_KERAS = """
import json, sys
import numpy as np, keras
rows = np.load("rows.npz")
model = keras.models.load_model(sys.argv[1])
figures = {
    part: model.evaluate(rows[f"{part}_x"], rows[f"{part}_y"], batch_size=7, verbose=0, return_dict=True)
    for part in ("validation", "test")
}
assert not [name for name in sys.modules if name.partition(".")[0] == "nnrun"]
print(json.dumps(figures))
"""


def test_plain_keras_loads_the_model_and_finds_the_same_figures(
    tmp_path: Path, tiny_run: RunDirectory
) -> None:
    splits = prepare(tiny_run.config).splits
    rows = {}
    for name in ("validation", "test"):
        (rows[f"{name}_x"],) = splits.parts[name].inputs.values()
        (rows[f"{name}_y"],) = splits.parts[name].targets.values()
    assert rows["test_x"].max() > 4, "these must be the raw rows"
    np.savez(tmp_path / "rows.npz", **rows)
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, tiny_run.model],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    metrics = Metrics.read(tiny_run.metrics)
    assert figures["test"] == pytest.approx(metrics.test, abs=1e-6)
    best = {name: metrics.best[f"val_{name}"] for name in ("loss", "accuracy")}
    assert figures["validation"] == pytest.approx(best, abs=1e-6)


# --- The same bits ----------------------------------------------------------------------------


@pytest.mark.usefixtures("_undrawn")
def test_the_same_config_gives_the_same_bits(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    config = write_config(TINY + "regularization: {dropout: 0.2}\n")
    one = run(config, "runtime.engine=xla", into="one")
    assert_same_bits(one, run(config, "runtime.engine=xla", into="other"))


@pytest.mark.usefixtures("_undrawn")
def test_another_seed_gives_other_figures(
    write_config: WriteConfig, run: Callable[..., Outcome], tiny_run: RunDirectory
) -> None:
    other = run(write_config(), "seed=7")
    assert history_of(other).column("loss") != History.read(tiny_run.history).column("loss")


@pytest.mark.usefixtures("_undrawn")
def test_resolved_yaml_alone_gives_the_same_bits(
    tmp_path: Path, run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    rng = np.random.default_rng(1)
    with (project / "data" / "points.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "y"])
        for a, b in rng.normal(size=(60, 2)):
            writer.writerow([a, b, 2 * a - b])
    (project / "base.yaml").write_text(
        textwrap.dedent("""\
        dataset: {csv: data/points.csv, target: y, split: {validation: 10, test: 10}}
        architecture:
          - Dense: {units: 4, activation: tanh}
          - Dense: 1
        optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}
        schedule: {ExponentialDecay: {decay_steps: 1 epochs, decay_rate: 0.5}}
        regularization: {l2: 0.001, dropout: 0.1}
        callbacks: [EarlyStopping: {patience: 3}]
        runtime: {engine: graph}
        """)
    )
    config = project / "mine.yaml"
    config.write_text("extends: base.yaml\nname: mine\ntraining: {epochs: 9, batch_size: 8}\n")
    monkeypatch.chdir(tmp_path)
    first = run(Path("project/mine.yaml"), "training.epochs=3", "seed=5", into="first")
    resolved = tmp_path / "elsewhere" / "again.yaml"
    resolved.parent.mkdir()
    resolved.write_bytes((Path(first.run_dir) / "resolved.yaml").read_bytes())
    monkeypatch.chdir(resolved.parent)
    second = run(resolved, into="second")
    assert_same_bits(first, second)
    assert second.epochs == 3
    again = (Path(second.run_dir) / "resolved.yaml").read_bytes()
    assert again == resolved.read_bytes()


# --- How a run ends ---------------------------------------------------------------------------


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("restore", ["true", "false"])
def test_a_run_that_stops_early_keeps_the_model_of_its_best_epoch(
    write_config: WriteConfig, run: Callable[..., Outcome], restore: str
) -> None:
    stopping = f"callbacks: [EarlyStopping: {{patience: 2, restore_best_weights: {restore}}}]\n"
    fast = "optimizer: {SGD: {learning_rate: 2.0}}\n"
    outcome = run(write_config(TINY + stopping + fast), "training.epochs=40")
    losses = history_of(outcome).column("val_loss")
    assert outcome.status == "finished"
    assert outcome.stop_reason == "stopped by EarlyStopping"
    assert outcome.epochs == len(losses) < 40
    assert outcome.best_epoch == losses.index(min(losses)) + 1 == outcome.epochs - 2
    assert outcome.metrics["best"]["val_loss"] == min(losses)
    assert outcome.metrics["last"]["val_loss"] == losses[-1] > min(losses)
    assert evaluate(outcome)["validation"]["loss"] == pytest.approx(min(losses), abs=1e-6)


def evaluate(outcome: Outcome, *parts: str) -> dict[str, dict[str, float]]:
    """What the saved model's own `evaluate` says of the raw rows of parts; of the validation's alone."""
    import keras

    directory = RunDirectory(Path(outcome.run_dir))
    splits, model = prepare(directory.resolved).splits, keras.models.load_model(directory.model)
    figures = {}
    for part in parts or ("validation",):
        (x,), (y,) = (
            rows.values() for rows in (splits.parts[part].inputs, splits.parts[part].targets)
        )
        figures[part] = model.evaluate(x, y, verbose=0, return_dict=True)
    return figures


def test_the_best_epoch_is_the_metrics_and_not_its_names(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    outcome = run(
        write_config(),
        "metrics=[{SparseCategoricalAccuracy: {name: a_loss}}]",
        "training={epochs: 8, monitor: val_a_loss}",
        "callbacks=[{EarlyStopping: {monitor: a_loss, patience: 7}}]",
        "optimizer={Adam: {learning_rate: 0.02}}",
    )
    history = history_of(outcome)
    values = history.column("val_a_loss")
    assert values[0] < max(values)
    assert outcome.best_epoch == 1 + values.index(max(values))
    assert outcome.epochs == 8
    record = RunRecord.read(RunDirectory(Path(outcome.run_dir)).record)
    assert record.directions == {"loss": "min", "a_loss": "max"}
    unfinished = RunDirectory(Path(outcome.run_dir))
    assert read_progress(unfinished, record.directions).best_epoch == outcome.best_epoch
    assert read_progress(unfinished, {}).best_epoch == 1 + values.index(min(values))


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize(
    ("expect", "held", "code"),
    [
        ("{params: 67, val_loss: {max: 100}, test_accuracy: {min: 0.0, max: 1.0}}", [True] * 3, 0),
        ("{params: 67, val_accuracy: {min: 1.01}}", [True, False], 1),
        ("{params: 68}", [False], 1),
    ],
)
def test_expectations_decide_the_exit_code(
    write_config: WriteConfig,
    run: Callable[..., Outcome],
    expect: str,
    held: list[bool],
    code: int,
) -> None:
    outcome = run(write_config(TINY + f"expect: {expect}\n"), "training.epochs=1")
    assert [item["held"] for item in outcome.expectations] == held
    assert outcome.exit_code == code
    assert outcome.status == "finished"
    record = RunRecord.read(Path(outcome.run_dir) / "run.json")
    assert [item["held"] for item in record.expectations] == held


def all_finite(arrays: Mapping[str, np.ndarray]) -> bool:
    return all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")


@pytest.mark.parametrize("rate", ["1e9", "1e30"])
def test_a_run_that_diverges_keeps_its_best_and_nothing_that_is_not_finite(
    write_config: WriteConfig, run: Callable[..., Outcome], rate: str
) -> None:
    outcome = run(
        write_config(SMALL_REGRESSION),
        f"optimizer={{SGD: {{learning_rate: {rate}}}}}",
        "training.epochs=60",
    )
    directory = RunDirectory(Path(outcome.run_dir))
    record = RunRecord.read(directory.record)
    assert (outcome.status, outcome.exit_code) == ("diverged", 1)
    assert record.status == "diverged"
    assert f"in epoch {outcome.epochs + 1}" in outcome.stop_reason
    assert not list(directory.checkpoints.glob("*.npz")) or outcome.epochs > 0
    assert outcome.epochs == 0
    assert not directory.model.exists()
    assert outcome.best_epoch is None


def test_the_best_epoch_before_a_divergence_is_kept(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    # The rate grows fifty-fold an epoch: fine at first, beyond every float in the end.
    text = SMALL_REGRESSION.replace("training: {epochs: 2}", "training: {epochs: 40}") + (
        "optimizer: {SGD: {learning_rate: 1e-6}}\n"
        "schedule: {ExponentialDecay: {decay_steps: 1 epochs, decay_rate: 50}}\n"
    )
    outcome = run(write_config(text))
    directory = RunDirectory(Path(outcome.run_dir))
    assert outcome.status == "diverged"
    assert 0 < outcome.epochs < 40
    assert f"in epoch {outcome.epochs + 1}" in outcome.stop_reason
    assert all_finite(arrays_of(outcome, "best"))
    last = arrays_of(outcome, "last")  # the metrics begin every epoch anew
    assert all_finite({name: last[name] for name in last if not name.startswith("metrics/")})
    losses = history_of(outcome).column("val_loss")
    assert np.isfinite(losses).all()
    assert outcome.best_epoch == losses.index(min(losses)) + 1
    assert evaluate(outcome)["validation"]["loss"] == pytest.approx(min(losses), rel=1e-6)
    assert directory.learning_curves.exists()


def test_weights_that_are_not_finite_behind_a_finite_loss_are_not_kept(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    # One step, and nothing measured after it: only the weights can tell.
    outcome = run(
        write_config(SMALL_REGRESSION),
        "dataset.split={}",
        "training.batch_size=1000",
        "optimizer={SGD: {learning_rate: 3e38}}",
    )
    assert (outcome.status, outcome.exit_code, outcome.epochs) == ("diverged", 1, 0)
    assert outcome.stop_reason.startswith("a weight is nan in epoch 1: after step 1 of 1 ")
    assert not list((Path(outcome.run_dir) / "checkpoints").iterdir())


# --- Data and tasks ---------------------------------------------------------------------------


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize(
    "name",
    ["digits", "iris", "wine", "breast_cancer", "diabetes", "and", "or", "xor", "not", "identity"],
)
def test_every_data_set_that_nnrun_carries_trains(
    write_config: WriteConfig, run: Callable[..., Outcome], name: str
) -> None:
    config = write_config(
        f"dataset: {{name: {name}}}\n"
        "architecture: {MLP: {hidden: [4]}}\n"
        "training: {epochs: 1}\nruntime: {engine: graph}\n"
    )
    outcome = run(config)
    assert (outcome.status, outcome.epochs, outcome.best_epoch) == ("finished", 1, 1)
    wanted = "mae" if name == "diabetes" else "accuracy"
    assert list(outcome.metrics["best"]) == ["epoch", "loss", wanted, "learning_rate", "seconds"]


@pytest.mark.usefixtures("_undrawn")
def test_xor_is_learnt(write_config: WriteConfig, run: Callable[..., Outcome]) -> None:
    config = write_config(
        "dataset: {name: xor}\narchitecture: {MLP: {hidden: [8], activation: tanh}}\n"
        "optimizer: {Adam: {learning_rate: 0.1}}\ntraining: {epochs: 100, batch_size: 4}\n"
        "runtime: {engine: graph}\nexpect: {accuracy: 1.0}\n"
    )
    assert run(config).exit_code == 0


@pytest.mark.usefixtures("_undrawn")
def test_regression_is_measured_as_numpy_measures_it(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    import keras

    outcome = run(write_config(SMALL_REGRESSION))
    directory = RunDirectory(Path(outcome.run_dir))
    test = prepare(directory.resolved).splits.parts["test"]
    (x,), (y,) = test.inputs.values(), test.targets.values()
    predicted = keras.models.load_model(directory.model).predict(x, verbose=0)
    error = predicted.astype(np.float64) - y.reshape(predicted.shape)
    assert outcome.metrics["test"]["loss"] == pytest.approx((error**2).mean(), rel=1e-6)
    assert outcome.metrics["test"]["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-6)


@pytest.mark.usefixtures("_undrawn")
def test_one_hot_labels_give_the_figures_of_whole_numbers(
    write_config: WriteConfig, run: Callable[..., Outcome], tiny_run: RunDirectory
) -> None:
    outcome = run(
        write_config(), "dataset.preprocess.one_hot=true", "loss=categorical_crossentropy"
    )
    plain = History.read(tiny_run.history)
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert history_of(outcome).column(column) == pytest.approx(plain.column(column), abs=1e-6)


@pytest.mark.usefixtures("_undrawn")
def test_class_weights_weigh_the_training_loss_only(
    write_config: WriteConfig, run: Callable[..., Outcome], tiny_run: RunDirectory
) -> None:
    still = ("optimizer={SGD: {learning_rate: 1e-30}}", "training.epochs=1")
    config = write_config()
    plain = run(config, *still, into="plain").metrics["best"]
    names = "{setosa: 3, versicolor: 3, virginica: 3}"
    tripled = run(config, *still, f"training.class_weight={names}", into="tripled")
    figures = tripled.metrics["best"]
    assert figures["loss"] == pytest.approx(3 * plain["loss"], rel=1e-5)
    assert figures["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-6)


def test_without_validation_rows_the_training_loss_is_monitored(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    outcome = run(write_config(), "dataset.split={}")
    losses = history_of(outcome).column("loss")
    assert outcome.best_epoch == losses.index(min(losses)) + 1
    assert outcome.metrics["test"] is None
    directory = RunDirectory(Path(outcome.run_dir))
    assert directory.learning_curves.read_bytes().startswith(PNG)
    assert [path.name for path in directory.tensorboard.iterdir()] == ["train"]


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize(
    "overrides",
    [
        ["training.batch_size=1000"],
        ["training.batch_size=1"],
        ["optimizer={SGD: {learning_rate: 0.5, use_ema: true, ema_momentum: 0.9}}"],
        ["dataset.preprocess={minmax: true}"],
        ["dataset.preprocess={scale: 8}"],
        ["dataset.preprocess={}"],
        ["training.shuffle=false"],
        ["tensorboard.histogram_freq=1"],
        ["schedule={ExponentialDecay: {decay_steps: 1 epochs, decay_rate: 0.5}}"],
        ["callbacks=[ReduceLROnPlateau: {patience: 1}]"],
        ["metrics=[accuracy, sparse_top_k_categorical_accuracy]"],
        ["regularization={batch_normalization: before_activation, dropout: 0.2}"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_a_variation_trains(
    write_config: WriteConfig, run: Callable[..., Outcome], overrides: list[str]
) -> None:
    outcome = run(write_config(), *overrides, "training.epochs=1")
    assert (outcome.status, outcome.epochs) == ("finished", 1)
    figures = evaluate(outcome, "validation", "test")
    assert figures["test"] == pytest.approx(outcome.metrics["test"], abs=1e-6)
    best = {name: outcome.metrics["best"][f"val_{name}"] for name in outcome.metrics["test"]}
    assert figures["validation"] == pytest.approx(best, abs=1e-6)


@pytest.mark.usefixtures("_undrawn")
def test_one_step_trains_the_means_over_its_rows(
    write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    # With all rows in one step, the first epoch's loss is that of the untrained model.
    outcome = run(
        write_config(), "training.batch_size=1000", "optimizer={SGD: {learning_rate: 1e-30}}"
    )
    first, second = history_of(outcome).column("loss")
    assert first == pytest.approx(second, rel=1e-6)


# --- Code of the user's -----------------------------------------------------------------------


def test_a_layer_and_a_callback_of_the_users_own(
    tmp_path: Path, write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    (tmp_path / "own_parts.py").write_text(
        textwrap.dedent("""\
        import keras

        @keras.saving.register_keras_serializable()
        class Twice(keras.layers.Layer):
            def __init__(self, factor=2.0, **options):
                super().__init__(**options)
                self.factor = factor

            def call(self, inputs):
                return self.factor * inputs

            def get_config(self):
                return {**super().get_config(), "factor": self.factor}

        class StopAfter(keras.callbacks.Callback):
            def __init__(self, epochs):
                super().__init__()
                self.epochs = epochs

            def on_epoch_end(self, epoch, logs=None):
                assert set(logs) == {"loss", "accuracy", "val_loss", "val_accuracy"}
                self.model.stop_training = epoch + 1 == self.epochs
        """)
    )
    text = TINY.replace(
        "architecture: {MLP: {hidden: [8]}}",
        "architecture:\n  - own_parts:Twice: {factor: 3.0}\n  - Dense: {units: 3, activation: softmax}",
    )
    config = write_config(text + "callbacks: [own_parts:StopAfter: {epochs: 3}]\n")
    outcome = run(config, "training.epochs=9")
    assert (outcome.status, outcome.epochs) == ("finished", 3)
    assert outcome.stop_reason.startswith("stopped by")
    # The resolved config says where the classes are, so that it trains again from anywhere.
    resolved = RunDirectory(Path(outcome.run_dir)).resolved
    assert f"modules: {tmp_path}" in resolved.read_text()
    again = run(resolved, into="again")
    assert again.metrics["last"]["loss"] == outcome.metrics["last"]["loss"]


def test_a_callback_that_fails_is_noted_in_the_record(
    tmp_path: Path, write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    (tmp_path / "failing_parts.py").write_text(
        textwrap.dedent("""\
        import keras

        class Fails(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 1:
                    raise ValueError("the second epoch is not to my taste")
        """)
    )
    config = write_config(TINY + "callbacks: [failing_parts:Fails]\n")
    with pytest.raises(ValueError, match="not to my taste"):
        run(config)
    (directory,) = (tmp_path / "runs").iterdir()
    record = RunRecord.read(RunDirectory(directory).record)
    assert (record.status, record.epochs) == ("failed", 2)
    assert record.stop_reason == "the second epoch is not to my taste"


def test_doubts_about_the_data_are_kept_with_the_run(
    tmp_path: Path, write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    rows = "\n".join(f"{1000 * row},{5000 * row}" for row in range(20))
    (tmp_path / "large.csv").write_text(f"a,y\n{rows}\n")
    config = write_config(
        "dataset: {csv: large.csv, target: y, task: regression}\n"
        "architecture: {MLP: {hidden: []}}\n"
        "optimizer: {SGD: {learning_rate: 1e-12}}\n"
        "training: {epochs: 1}\nruntime: {engine: graph}\n"
    )
    outcome = run(config)
    doubts = "\n".join(outcome.warnings)
    assert "'a' reaches the model unscaled" in doubts
    assert "the target goes from 0 to 95000" in doubts
    record = RunRecord.read(RunDirectory(Path(outcome.run_dir)).record)
    assert list(record.warnings) == list(outcome.warnings)


def test_a_file_beside_the_config_does_not_take_the_place_of_an_installed_module(
    tmp_path: Path, write_config: WriteConfig, nnrun_process: Callable[..., Any]
) -> None:
    for name in ("random", "csv", "keras"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "elsewhere").mkdir()
    process = nnrun_process(
        "train", write_config(), "--set", "training.epochs=1", cwd=tmp_path / "elsewhere"
    )
    _, err = process.communicate()
    assert process.returncode == 0, err


# --- What is refused --------------------------------------------------------------------------


def test_missing_values_in_a_csv_are_refused(
    tmp_path: Path, write_config: WriteConfig, run: Callable[..., Outcome]
) -> None:
    (tmp_path / "holes.csv").write_text("a,y\n1,2\n,3\n2,4\n3,6\nnan,7\n5,9\n")
    config = write_config(
        "dataset: {csv: holes.csv, target: y}\narchitecture: {MLP: {hidden: [2]}}\n"
    )
    with pytest.raises(UserError, match="'a'"):
        run(config)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("addition", "error"),
    [
        ("callbacks: [ModelCheckpoint: {filepath: ../../outside.keras}]\n", ConfigError),
        ("metrics: [own_metric:Odd]\ntraining: {monitor: val_never}\n", UserError),
    ],
)
def test_a_mistake_found_after_the_claim_leaves_nothing_behind(
    tmp_path: Path, write_config: WriteConfig, addition: str, error: type[Exception]
) -> None:
    (tmp_path / "own_metric.py").write_text(
        "import keras\nclass Odd(keras.metrics.SparseCategoricalAccuracy): pass\n"
    )
    text = TINY.replace("training: {epochs: 2, batch_size: 32}\n", "") + addition
    (tmp_path / "runs").mkdir()
    with pytest.raises(error):
        train(write_config(text), runs_dir=tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []
    assert not (tmp_path / "outside.keras").exists()


def test_a_directory_that_holds_something_is_refused_and_left_alone(
    tmp_path: Path, write_config: WriteConfig, run: Callable[..., Outcome], tiny_run: RunDirectory
) -> None:
    before = {name: (tiny_run.path / name).read_bytes() for name in tree(tiny_run.path)}
    with pytest.raises(UserError, match="already holds a run"):
        train(write_config(), run_dir=tiny_run.path)
    assert {name: (tiny_run.path / name).read_bytes() for name in tree(tiny_run.path)} == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"not empty: it holds thesis\.tex"):
        train(write_config(), run_dir=tmp_path / "other")
    assert tree(tmp_path / "other") == ["thesis.tex"]


def test_the_loser_of_a_race_leaves_the_winners_directory_alone(
    tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found the directory empty; the other one locked it first."""
    from nnrun.experiments import api
    from nnrun.runs.directory import create_run_at
    from nnrun.runs.locking import RunLock

    winner = RunLock(tmp_path / "run")

    def claim_late(*arguments: Any) -> RunDirectory:
        directory = create_run_at(tmp_path / "run")
        winner.acquire()
        (directory.path / "config.yaml").write_text("the winner's")
        return directory

    monkeypatch.setattr(api, "_claim", claim_late)
    with pytest.raises(UserError, match="another process"):
        train(write_config(), run_dir=tmp_path / "run")
    winner.release()
    assert tree(tmp_path / "run") == [".lock", "config.yaml"]


def test_of_two_processes_on_one_directory_one_wins(
    tmp_path: Path, write_config: WriteConfig, nnrun_process: Callable[..., Any]
) -> None:
    config = write_config()
    both = [
        nnrun_process("train", config, "--run-dir", "one", "--set", f"seed={seed}", "--quiet")
        for seed in (1, 2)
    ]
    said = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    (loser,) = [text for process, text in zip(both, said, strict=True) if process.returncode]
    assert loser.startswith("nnrun: ")
    assert "Traceback" not in loser
    winner = next(
        seed for process, seed in zip(both, (1, 2), strict=True) if not process.returncode
    )
    record = RunRecord.read(tmp_path / "one" / "run.json")
    assert (record.status, record.seed) == ("finished", winner)
    assert len(History.read(tmp_path / "one" / "history.csv")) == 2


def test_few_rows_may_be_left_to_train_on(write_config: WriteConfig) -> None:
    parts = ["dataset.split.validation=100", "dataset.split.test=30"]
    assert prepare(write_config(), parts).splits.train.rows == 20
    with pytest.raises(ConfigError, match="no rows are left to train on"):
        prepare(write_config(), ["dataset.split.validation=150"])
