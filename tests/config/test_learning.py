"""What keeps a model from learning is refused, what hardly anybody means is doubted, and nothing else."""

import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.doubts import find_doubts
from nnrun.config.facts import DataFacts
from nnrun.config.loading import load_experiment, named_facts
from nnrun.config.relations import check_relations
from nnrun.errors import ConfigError

DIGITS = "dataset: {name: digits, split: {validation: 0.2}}\n"
SOFTMAX = "architecture:\n  - Flatten\n  - Dense: {units: 10, activation: softmax}\n"
GOOD = DIGITS + SOFTMAX
DIABETES = "dataset: {name: diabetes, split: {validation: 0.2}}\n"
CANCER = "dataset: {name: breast_cancer, split: {validation: 0.2}}\n"
GRAPH = DIABETES + "architecture:\n  layers:\n    flat: {Flatten: {}, from: inputs}\n"


def layers(*lines):
    return "architecture:\n" + "".join(f"  - {line}\n" for line in lines)


def sgd(arguments):
    return f"optimizer: {{SGD: {{{arguments}}}}}\n"


@pytest.fixture
def load(tmp_path):
    def loaded(text, **options):
        config = tmp_path / "mine.yaml"
        config.write_text(text)
        return load_experiment(config, **{"to_be_trained": True, **options})

    return loaded


@pytest.fixture
def doubts(load):
    def found(text):
        experiment, catalogue = load(text), load_catalogue()
        doubts = find_doubts(experiment, catalogue, named_facts(experiment, catalogue))
        assert all(one.severity == "warning" and one.place and one.hint for one in doubts)
        return [one.path for one in doubts]

    return found


@pytest.mark.parametrize(
    "text",
    [
        GOOD + sgd("learning_rate: {CosineDecay: {initial_learning_rate: 0, warmup_target: 0.1, warmup_steps: 1 epochs, decay_steps: 9 epochs}}"),
        GOOD + sgd("learning_rate: {PolynomialDecay: {initial_learning_rate: 0, decay_steps: 9 epochs}}"),
        GOOD + sgd("learning_rate: 0.0") + "schedule: {PiecewiseConstantDecay: {boundaries: [5], values: [0, 0.1]}}",
        GOOD + sgd("learning_rate: 0.1") + "schedule: {Warmup: 2 epochs}",
        GOOD + sgd("learning_rate: 0.1") + "schedule: {ExponentialDecay: {decay_steps: 9 epochs, decay_rate: 1.1}}",
        GOOD + "optimizer: {mine:Descent: {learning_rate: -1}}",
        GOOD + sgd("gradient_accumulation_steps: 450"),
        GOOD + sgd("clipnorm: 1.0"),
        GOOD + "callbacks: [ReduceLROnPlateau: {factor: 0.5, min_lr: 0}]",
        GOOD.replace("0.2", "1"),
        GOOD.replace("0.2", "1436"),
        DIGITS + layers("Flatten", "Dense: 10"),
        DIGITS + layers("Flatten", "Dense: {units: 10, activation: log_softmax}"),
        DIGITS + layers("Flatten", "Dense: {units: 10, activation: 'mine:squash'}"),
        DIGITS + layers("Flatten", "Dense: {units: 30, trainable: false, activation: relu}", "Dense: {units: 10, activation: softmax}"),
        CANCER + layers("Dense: {units: 1, activation: tanh}") + "loss: hinge\n",
        CANCER + layers("Dense: {units: 1, activation: hard_sigmoid}"),
        DIABETES + layers("Dense: {units: 1, activation: relu}"),
        DIGITS.replace("digits", "digits, task: autoencoder") + layers("Flatten", "Dense: 64", "Reshape: [8, 8]") + "loss: cosine_similarity\n",
        GOOD + "callbacks:\n  - ModelCheckpoint: {filepath: 's-{epoch:02d}-{batch}-{accuracy:.2f}.keras', save_freq: 3}\n",
        GOOD + "callbacks:\n  - ModelCheckpoint: {filepath: 's-{val_accuracy:.2f}-{val_loss}.keras', save_best_only: true}\n",
        GOOD + "callbacks:\n  - ModelCheckpoint: {filepath: 's-{epoch}.weights.h5', save_weights_only: true, save_freq: 2 epochs}\n",
        GOOD + "metrics: ['mine:Own']\ncallbacks:\n  - ModelCheckpoint: {filepath: 's-{val_own:.3f}.keras'}\n",
        GOOD + "callbacks: [TensorBoard: {update_freq: batch}]",
    ],
)  # fmt: skip
def test_what_learns_is_accepted(load, text):
    assert load(text)


REFUSED = [
    GOOD + sgd("learning_rate: 0"),
    GOOD + sgd("learning_rate: -0.1"),
    GOOD + sgd("gradient_accumulation_steps: 451"),
    DIGITS + layers("Flatten", "Dense: {units: 10, activation: relu}"),
    DIABETES + layers("Dense: 1") + "loss: cosine_similarity\n",
    GOOD + "callbacks:\n  - ModelCheckpoint: {filepath: 's-{val_loss}.keras', save_freq: 3}\n",
    GRAPH
    + "  outputs:\n    y: {Dense: 1, from: flat, weight: 0}\n    z: {Dense: 1, from: flat, weight: 0.0}\n",
    GRAPH + "  outputs:\n    y: {Dense: {units: 1, trainable: false}, from: flat}\n",
    GRAPH + "  outputs:\n    y: {Dense: 1, from: flat, loss: cosine_similarity}\n",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_run_that_was_trained_so_is_still_read(load, text):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert all(one.place and one.hint for one in caught.value.problems)
    assert load(text, to_be_trained=False)


def test_rows_of_a_file_are_counted_once_they_are_known(load, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    experiment = load(
        "dataset: {csv: rows.csv, target: b, split: {validation: 10}}\n"
        + layers("Dense: 1")
        + sgd("gradient_accumulation_steps: 50")
        + "training: {epochs: 8, batch_size: 10}\n"
    )
    facts = DataFacts("regression", 0, (), (1,), 1, train_rows=40, test_rows=0)
    (problem,) = check_relations(experiment, load_catalogue(), facts)
    assert problem.message == (
        "gradients are accumulated over 50 steps, but the training has 24: the weights never change"
    )


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (DIGITS + layers("Flatten", "Dense: 30", "Dense: 10"), ["architecture[1].Dense"]),
        (DIGITS + layers("Flatten", "Dense: {units: 30, activation: linear}", "Dropout: 0.5", "BatchNormalization", "Dense: 10"), ["architecture[1].Dense"]),
        (DIGITS + layers("Flatten", "Dense: 30", "ReLU", "Dense: 10"), []),
        (DIGITS + layers("Flatten", "Dense: 30", "Activation: relu", "Dropout: 0.5", "Dense: 10"), []),
        (DIGITS + layers("Dense: 30", "LSTM: 8", "Dense: 10"), []),
        (DIGITS + "architecture: {MLP: {hidden: [5]}}", []),
        (DIGITS.replace("digits", "digits, task: autoencoder") + layers("Flatten", "Dense: 5", "Dense: 64", "Reshape: [8, 8]"), []),
        (GRAPH + "    h: {Dense: 5, from: flat}\n  outputs:\n    y: {Dense: 1, from: h}\n", ["architecture.layers.h.Dense"]),
        (GRAPH + "    h: {Dense: 5, from: flat}\n    r: {ReLU: {}, from: h}\n  outputs:\n    y: {Dense: 1, from: r}\n", []),
        (GRAPH + "    h: {Dense: 5, from: flat}\n    c: {Concatenate: {}, from: [h, flat]}\n  outputs:\n    y: {Dense: 1, from: c}\n", []),
        (GOOD + sgd("learning_rate: 10"), []),
        (GOOD + sgd("learning_rate: 11"), ["optimizer.SGD"]),
        (GOOD + sgd("learning_rate: 1e-8"), []),
        (GOOD + sgd("learning_rate: 1e-9"), ["optimizer.SGD"]),
        (GOOD + "schedule: {CosineDecay: {decay_steps: 10 epochs}}", []),
        (GOOD + "schedule: {CosineDecay: {decay_steps: 4 epochs}}", ["schedule.CosineDecay"]),
        (GOOD + "schedule: {CosineDecay: {decay_steps: 4 epochs, alpha: 0.1}}", []),
        (GOOD + "schedule: {PolynomialDecay: {decay_steps: 5}}", []),
        (GOOD + "schedule: {PolynomialDecay: {decay_steps: 5, end_learning_rate: 0}}", ["schedule.PolynomialDecay"]),
        (GOOD + sgd("gradient_accumulation_steps: 4"), []),
        (GOOD + sgd("gradient_accumulation_steps: 200"), ["optimizer.SGD"]),
    ],
)  # fmt: skip
def test_what_is_doubted(doubts, text, paths):
    assert doubts(text) == paths
