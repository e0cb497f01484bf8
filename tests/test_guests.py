"""Guests: what a user brings along goes through every command, and the house knows nothing of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import Done
from same_run import assert_same_run

from nnrun.errors import UserError
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord, derived_status
from nnrun.studies.study import study
from tests.export.sameness import assert_same

GUESTS = '''\
"""What a user brings: one of each kind."""

import os
import signal
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from nnrun import Point
from nnrun.tasks.classes import Classes


def flowers(path):
    """A source: rows of a file, the widths in millimetres."""
    columns = {"length": [], "width": [], "kind": []}
    for line in (Path(__file__).parent / path).read_text().splitlines()[1:]:
        length, width, kind = line.split(",")
        columns["length"].append(float(length))
        columns["width"].append(round(10 * float(width)))
        columns["kind"].append(kind)
    return columns


class Cautious(Classes):
    """A task of classes, of which none is ever quite certain."""

    def outputs(self, raw, target, *, logits):
        return 0.9 * super().outputs(raw, target, logits=logits) + 0.1 / len(target.classes)

    def doubts(self, target, parts):
        yield f"nobody knows whether {len(parts['train'])} rows are enough"


class Within:
    """A transform: numbers beyond those of the training rows become the outermost of them."""

    def __init__(self, share=0.0):
        self.share = share

    def fit(self, rows):
        low, high = np.quantile(rows, [self.share, 1 - self.share], axis=0)
        return {"low": low.tolist(), "high": high.tolist()}

    def apply(self, rows, learnt):
        return np.clip(rows, learnt["low"], learnt["high"])

    def layers(self, learnt):
        return Clip(**learnt)


class Clip(keras.layers.Layer):
    """What Within does, in the saved model."""

    def __init__(self, low, high, **kwargs):
        super().__init__(**kwargs)
        self.low, self.high = low, high

    def call(self, inputs):
        return ops.clip(inputs, self.low, self.high)

    def get_config(self):
        return {**super().get_config(), "low": self.low, "high": self.high}


class OnTop:
    """A plan: the config as it is, then a model on top of the run that came of it."""

    def __init__(self):
        self.points, self.told = [Point()], []

    @staticmethod
    def architecture(run):
        layer = "{Dense: {units: 3, activation: softmax}}"
        return f"{{from_run: '{run}', keep_preprocessing: true, drop_last: 1, add: [{layer}]}}"

    def ask(self):
        return self.points.pop() if self.points else None

    def tell(self, point, outcome):
        self.told.append(outcome)
        if outcome.status == "finished" and not point.overrides:
            built_on = f"architecture={self.architecture(outcome.run_dir)}"
            short = ("dataset.preprocess=null", "training.epochs=1", "expect={}")
            self.points.append(Point((built_on, *short)))


class Squash(keras.layers.Layer):
    """A layer with a weight that learns, one that does not, and a seed of its own."""

    def __init__(self, rate=1.0, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seeds = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.slope = self.add_weight(shape=(shape[-1],), initializer="ones", name="slope")
        self.calls = self.add_weight(initializer="zeros", trainable=False, name="calls")

    def call(self, inputs, training=False):
        if training:
            self.calls.assign_add(1.0)
            inputs = inputs + keras.random.normal(ops.shape(inputs), stddev=0.1, seed=self.seeds)
        return ops.tanh(self.rate * self.slope * inputs)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


class Tiring(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that falls each time the optimizer asks for it: its state is not the step."""

    def __init__(self, initial_learning_rate=0.05, steps=1):
        self.initial_learning_rate = initial_learning_rate
        self.steps = steps
        self.asked = keras.Variable(0.0, trainable=False, name="asked")

    def __call__(self, step):
        self.asked.assign_add(1.0)
        return self.initial_learning_rate * 0.5 ** (self.asked / self.steps)

    def get_config(self):
        return {"initial_learning_rate": self.initial_learning_rate, "steps": self.steps}


class Diary(keras.callbacks.Callback):
    """A line for each epoch, in a file of its own, with what it has seen so far."""

    def __init__(self, filename="diary.txt"):
        super().__init__()
        self.filename = filename
        self.lowest = float("inf")

    def write_into(self, folder):
        self.filename = str(folder / self.filename)

    def on_epoch_end(self, epoch, logs=None):
        self.lowest = min(self.lowest, logs["loss"])
        with open(self.filename, "a") as file:
            file.write(f"{epoch} {self.lowest}\\n")


class Ledger(keras.callbacks.CSVLogger):
    """Keras's CSV file, with a count of the epochs."""

    def __init__(self, filename):
        super().__init__(filename)
        self.count = 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1
        super().on_epoch_end(epoch, {**logs, "count": self.count})


class Fatal(keras.callbacks.Callback):
    """Kills the process in its third epoch, once there is a state to go on from."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and "FATAL" in os.environ:
            while not list(Path(os.environ["FATAL"]).glob("last-*")):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)


class Closeness(keras.metrics.Metric):
    """One minus the mean distance from the true probabilities."""

    _direction = "up"

    def __init__(self, name="closeness", **kwargs):
        super().__init__(name=name, **kwargs)
        self.sum = self.add_weight(name="sum", initializer="zeros")
        self.rows = self.add_weight(name="rows", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        distances = ops.mean(ops.abs(one_hot(y_true, y_pred) - y_pred), axis=-1)
        self.sum.assign_add(ops.sum(1 - distances))
        self.rows.assign_add(ops.cast(ops.shape(y_pred)[0], "float32"))

    def result(self):
        return self.sum / self.rows


class Gentle(keras.losses.Loss):
    """The mean squared distance from the true probabilities."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(one_hot(y_true, y_pred) - y_pred), axis=-1)


def one_hot(labels, like):
    return ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), ops.shape(like)[-1])
'''

COMPONENTS = """\
name: components
dataset:
  python: {guests:flowers: {path: rows.csv}}
  target: kind
  task: guests:Cautious
  split: {validation: 30, test: 30, stratify: true}
  preprocess:
    standardize: true
    transforms: [guests:Within: {share: 0.05}]
architecture:
  - Dense: 8
  - guests:Squash: {rate: 0.5}
  - Dense: {units: 3, activation: softmax}
loss: guests:Gentle
metrics: [guests:Closeness, accuracy]
optimizer: {SGD: {momentum: 0.5}}
schedule: {guests:Tiring: {steps: 3 epochs}}
callbacks:
  - guests:Diary
  - guests:Ledger: {filename: ledger.csv}
  - guests:Fatal
training: {epochs: 4, batch_size: 16}
runtime: {engine: graph}
expect: {val_closeness: {min: 0.5}}
"""
KINDS = [(1.5, 0.2), (4.3, 1.3), (5.6, 2.0)]
"""About how long and wide each kind is."""
ROWS = "length,width,kind\n" + "".join(
    f"{length + row % 7 / 5:.1f},{width + row % 3 / 5:.1f},{'abc'[kind]}\n"
    for row in range(50)
    for kind, (length, width) in enumerate(KINDS)
)
FLOWERS = [
    (length, round(10 * float(width)), kind)
    for length, width, kind in (line.split(",") for line in ROWS.splitlines()[1:])
]
"""What the guests' source makes of them."""
VISITS = {"components": (COMPONENTS, ROWS, "length,width\n5,15\n900,15\n999,15\n")}
"""Configs that name guests, by name, each with its data and rows to predict."""

Command = Callable[..., Done]


@dataclass(frozen=True)
class Visit:
    """A config that names guests, trained twice: in one go, and killed in the midst of it.

    Attributes:
        config: The config, beside which the guests lie.
        whole: The run that nothing interrupted.
        killed: The run of the process that was killed, not resumed yet.
        rows: A CSV file of rows to predict; what two of them hold is beyond the training rows.
    """

    config: Path
    whole: RunDirectory
    killed: RunDirectory
    rows: Path


@pytest.fixture(scope="module", params=VISITS)
def visit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "guests.py").write_text(GUESTS)
    config, rows = folder / "config.yaml", folder / "new.csv"
    paths = (config, folder / "rows.csv", rows)
    for path, text in zip(paths, VISITS[request.param], strict=True):
        path.write_text(text)
    whole, killed = (RunDirectory(folder / name) for name in ("whole", "killed"))
    path = list(sys.path)
    dies = _start("train", config, "--run-dir", killed.path, "--quiet", fatal=killed)
    from nnrun.experiments.api import train

    train(config, run_dir=whole.path)
    assert dies.wait(60) == -signal.SIGKILL
    assert derived_status(killed) == "died"
    yield Visit(config, whole, killed, rows)
    sys.path[:] = path
    sys.modules.pop("guests", None)


def _start(*arguments: object, fatal: RunDirectory) -> subprocess.Popen[bytes]:
    """`nnrun ARGS…` as a process, which a guest kills once the run has a checkpoint."""
    command = [sys.executable, "-m", "nnrun", *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, "FATAL": str(fatal.checkpoints)})


def test_resumed_after_a_kill_it_is_the_same_to_the_bit(visit: Visit, nnrun: Command) -> None:
    assert nnrun("resume", visit.killed.path).code == 2
    done = nnrun("resume", visit.killed.path, "--trust", "--quiet")
    assert done.code == 0, done.err
    assert_same_run(visit.killed, visit.whole)


@pytest.mark.parametrize("visit", ["components"], indirect=True)
def test_a_schedule_is_asked_once_a_step(visit: Visit) -> None:
    arrays = CheckpointStore(visit.whole.checkpoints).load("last").arrays
    (asked,) = (array for name, array in arrays.items() if name.endswith("/asked"))
    assert asked == 4 * 6


def test_their_code_runs_when_it_is_trusted_alone(visit: Visit, nnrun: Command) -> None:
    assert nnrun("validate", visit.config).code == 0
    assert nnrun("show", visit.config, "--trust").code == 0
    untrusted = (
        ("show", visit.config),
        ("eval", visit.whole.path),
        ("predict", visit.whole.path, visit.rows),
    )
    for words in untrusted:
        done = nnrun(*words)
        assert done.code == 2, words
        assert "names code of its own" in done.err


def test_evaluated_it_has_the_figures_of_the_training(visit: Visit, nnrun: Command) -> None:
    done = nnrun("eval", visit.whole.path, "--trust", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)["headline"]["accuracy"]["value"]
    assert told == pytest.approx(Metrics.read(visit.whole.metrics).test["accuracy"])


def predicted(run: RunDirectory, rows: Path, nnrun: Command) -> list[list[float]]:
    """The probabilities of rows, by class."""
    done = nnrun("predict", run.path, rows, "--trust", "--json")
    assert done.code == 0, done.err
    return [[*row["probabilities"].values()] for row in json.loads(done.out)["rows"]]


def test_new_rows_are_turned_and_predicted(visit: Visit, nnrun: Command) -> None:
    inside, far, farther = predicted(visit.whole, visit.rows, nnrun)
    assert inside != far == farther
    assert max(far) <= 0.9 + 0.1 / 3


def test_the_saved_model_turns_rows_itself(visit: Visit, nnrun: Command) -> None:
    import guests
    import keras

    own = {"Squash": guests.Squash, "Clip": guests.Clip}
    model = keras.models.load_model(visit.whole.model, custom_objects=own, compile=False)
    given = model(np.loadtxt(visit.rows, np.float32, delimiter=",", skiprows=1))
    expected = 0.9 * np.array(given) + 0.1 / 3
    np.testing.assert_allclose(predicted(visit.whole, visit.rows, nnrun), expected, rtol=1e-5)


def test_a_plan_is_told_of_the_run_that_is_there_and_asks_for_another(
    visit: Visit, nnrun: Command
) -> None:
    """The other begins with the layers of the first and turns rows as it did, once it is trusted."""
    import guests

    runs_dir, plan = visit.config.parent, guests.OnTop()
    with pytest.raises(UserError, match="names code of its own"):
        list(study(visit.config, guests.OnTop(), runs_dir=runs_dir))
    trials = list(study(visit.config, plan, runs_dir=runs_dir, trust=True))
    assert [trial.outcome for trial in trials] == plan.told
    assert [trial.outcome.epochs for trial in trials] == [4, 1]
    first, second = (RunDirectory(Path(outcome.run_dir)) for outcome in plan.told)
    assert first.path == visit.whole.path
    was, now = (json.loads(run.signature.read_text()) for run in (first, second))
    assert now["transforms"] == was["transforms"]
    inside, far, farther = predicted(second, visit.rows, nnrun)
    assert inside != far == farther
    change = f"architecture={guests.OnTop.architecture(first.path)}"
    kept = nnrun("validate", visit.config, "--set", change, "--set", "dataset.preprocess=null")
    assert kept.code == 0, kept.err
    own = "dataset.preprocess={transforms: [guests:Within]}"
    refused = nnrun("validate", visit.config, "--set", change, "--set", own)
    assert "keeps the transforms of the run: guests:Within" in " ".join(refused.err.split())


def test_what_its_task_doubts_is_said(visit: Visit) -> None:
    told = RunRecord.read(visit.whole.record).warnings
    assert "nobody knows whether 90 rows are enough" in told


def test_compared_with_itself_it_is_the_same(visit: Visit, nnrun: Command) -> None:
    copy = shutil.copytree(visit.whole.path, visit.whole.path.with_name("copy"))
    done = nnrun("compare", visit.whole.path, copy)
    assert done.code == 0, done.err
    for figure in History.read(visit.whole.history).rows[-1]:
        if figure.startswith("val_"):
            assert re.search(rf"^{figure} .* same$", done.out, re.MULTILINE), figure


def test_the_script_trains_it(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(visit.config.parent)
    Path("millimetres.csv").write_text(
        "\n".join(",".join(map(str, row)) for row in [("length", "width", "kind"), *FLOWERS])
    )
    rows = ("dataset.python=null", "dataset.csv=millimetres.csv")
    assert_same(visit.config, ("dataset.task=auto", *rows))


def test_what_no_script_can_say_is_refused(visit: Visit, nnrun: Command) -> None:
    assert "names code of its own" in nnrun("code", visit.config).err
    told = nnrun("code", visit.config, "--trust").err
    assert "cannot tell what guests:Cautious does" in " ".join(told.split())
    known = nnrun("code", visit.config, "--trust", "--set", "dataset.task=auto").err
    assert "the rows of this config cannot be read by a script" in " ".join(known.split())


def test_rows_that_its_source_gives_otherwise_end_a_resumption(
    visit: Visit, nnrun: Command
) -> None:
    copy = shutil.copytree(visit.whole.path, visit.whole.path.with_name("other"))
    file = visit.config.with_name("rows.csv")
    text = file.read_text()
    file.write_text(text.replace("1.5,0.2,a", "1.6,0.2,a", 1))
    told = nnrun("resume", copy, "--trust", "--epochs", "5").err
    file.write_text(text)
    assert "guests:flowers gives other rows than it did" in " ".join(told.split())
