"""Of whatever is watched it is known which way it is better, or the config has to say so."""

from pathlib import Path

import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.loading import load_experiment
from nnrun.config.modes import Mode
from nnrun.config.monitoring import declared_directions, directions, watchers_by_figure
from nnrun.config.own_metrics import stated_mode
from nnrun.config.relations import subject_of
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError

GOOD = """\
dataset: {name: iris, split: {validation: 0.2}, preprocess: {one_hot: true}}
architecture: [{Dense: {units: 3, activation: softmax}}]
"""
OWN = """\
import keras
from keras.metrics import Metric, Recall


class Silent(Metric):
    pass


class Falling(Metric):
    def __init__(self, name="falling", **options):
        super().__init__(name=name, **options)
        self._direction = "down"


class Annotated(Metric):
    _direction: str = "up"


class Child(Falling):
    pass


class OfKeras(keras.metrics.AUC):
    pass


class OfKerasToo(Recall):
    pass


class WorkedOut(Falling):
    def __init__(self, way):
        super().__init__()
        self._direction = way


class Itself(Itself):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "broken.py").write_text("class Own(Metric:\n")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("class Own:\n    _direction = 'up'\n")
    (package / "inner.py").write_text("class Own:\n    _direction = 'down'\n")
    return tmp_path


def load(folder: Path, text: str) -> Experiment:
    config = folder / "config.yaml"
    config.write_text(GOOD + text)
    return load_experiment(config, to_be_trained=True)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("mine:Silent", None),
        ("mine:Falling", "min"),
        ("mine:Annotated", "max"),
        ("mine:Child", "min"),
        ("mine:OfKeras", "max"),
        ("mine:OfKerasToo", "max"),
        ("mine:WorkedOut", None),
        ("mine:Itself", None),
        ("mine:Missing", None),
        ("broken:Own", None),
        ("nowhere:Own", None),
        ("package:Own", "max"),
        ("package.inner:Own", "min"),
    ],
)
def test_what_the_source_of_a_metric_tells(folder: Path, name: str, mode: Mode | None) -> None:
    assert stated_mode(name, folder, load_catalogue()) == mode


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            "metrics: [FalsePositives]\ntraining: {monitor: val_false_positives}",
            ["training.monitor"],
        ),
        ("metrics: [TruePositives]\ntraining: {monitor: true_positives}", ["training.monitor"]),
        (
            "metrics: [{FalseNegatives: {name: acc}}]\ntraining: {monitor: acc}",
            ["training.monitor"],
        ),
        ("metrics: ['mine:Silent']\ntraining: {monitor: val_silent}", ["training.monitor"]),
        (
            "metrics: ['mine:Silent', 'mine:Falling']\ntraining: {monitor: val_falling}",
            ["training.monitor"],
        ),
        (
            "metrics: ['mine:Silent']\ncallbacks: [EarlyStopping: {monitor: val_silent},"
            " ModelCheckpoint: {filepath: a.keras, monitor: val_silent, mode: auto}]\n"
            "schedule: {PerformanceSchedule: {monitor: silent}}",
            [
                "callbacks[0].EarlyStopping",
                "callbacks[1].ModelCheckpoint",
                "schedule.PerformanceSchedule",
            ],
        ),
    ],
)
def test_a_figure_that_does_not_tell_is_refused(folder: Path, text: str, paths: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    assert [problem.path for problem in caught.value.problems] == paths
    assert all("`mode: min` or `mode: max`" in one.hint for one in caught.value.problems)
    assert all(problem.place for problem in caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "metrics: [FalsePositives]\ntraining: {monitor: val_false_positives, mode: min}",
        "metrics: [FalsePositives]\ncallbacks: [EarlyStopping: {monitor: false_positives, mode: min}]",
        # One that says it of a figure says it of the same figure everywhere.
        "metrics: ['mine:Silent']\ntraining: {monitor: val_own, mode: max}\n"
        "callbacks: [EarlyStopping: {monitor: own}]",
        "metrics: ['mine:Silent']\ntraining: {monitor: val_own}\n"
        "callbacks: [EarlyStopping: {monitor: val_own, mode: max}]",
        "metrics: ['mine:Falling']\ntraining: {monitor: val_falling}",
        "metrics: ['mine:Silent', AUC]\ntraining: {monitor: val_auc}",
        "metrics: ['mine:Silent']\ntraining: {monitor: val_loss}",
        "training: {monitor: val_accuracy}",
        "metrics: ['mine:Silent']\n"
        "schedule: {PerformanceSchedule: {monitor: val_silent, mode: max}}",
    ],
)
def test_what_tells_or_is_told_is_taken(folder: Path, text: str) -> None:
    load(folder, text)


def test_a_run_that_is_trained_already_is_asked_nothing(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text(GOOD + "metrics: ['mine:Silent']\ntraining: {monitor: val_silent}\n")
    load_experiment(config)


def test_the_order_of_who_says_it(folder: Path) -> None:
    text = """\
metrics: [AUC, Recall, FalsePositives]
training: {monitor: val_auc, mode: min}
callbacks:
  - EarlyStopping: {monitor: val_auc, mode: max}
  - ReduceLROnPlateau: {monitor: val_recall, mode: min}
  - ModelCheckpoint: {filepath: a.keras, monitor: false_positives, mode: max}
"""
    experiment = load(folder, text)
    told: dict[str, Mode] = {"auc": "max", "recall": "max"}
    expected = {"auc": "min", "recall": "max", "false_positives": "max"}
    assert directions(experiment, told) == expected
    declared = declared_directions(subject_of(experiment, load_catalogue()), folder)
    assert declared == {"loss": "min", **expected}
    assert watchers_by_figure(experiment) == {
        "val_auc": ["EarlyStopping"],
        "val_recall": ["ReduceLROnPlateau"],
        "false_positives": ["ModelCheckpoint"],
    }
