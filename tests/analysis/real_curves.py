"""Small real trainings whose curves the diagnosis is tested on.

`python -m tests.analysis.real_curves` trains them anew and writes what a diagnosis looks at to
`real_curves.json` (names after it: only these). Fashion-MNIST, MNIST and California housing are
looked for in `NNRUN_DATA`. The labels, in `real_curves_labels.py`, are a person's.
"""

import dataclasses
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnrun.analysis.evidence import ClassFound, Evidence
from nnrun.analysis.guessing import Answers, Guess
from nnrun.runs.history import History

FILE = Path(__file__).with_name("real_curves.json")
_DIGITS = 6  # of each figure

DIGITS = (
    "dataset: {name: digits, split: {validation: 300, stratify: true}, preprocess: {scale: 16}}"
)
IRIS = "dataset: {name: iris, split: {validation: 30, stratify: true}, preprocess: {standardize: true}}"
WINE = "dataset: {name: wine, split: {validation: 36, stratify: true}, preprocess: {standardize: true}}"
RAW_WINE = "dataset: {name: wine, split: {validation: 36, stratify: true}}"
CANCER = "dataset: {name: breast_cancer, split: {validation: 114, stratify: true}, preprocess: {standardize: true}}"
RAW_CANCER = "dataset: {name: breast_cancer, split: {validation: 114, stratify: true}}"
DIABETES = "dataset: {name: diabetes, split: {validation: 88}, preprocess: {standardize: true}}"
SCALED_DIABETES = DIABETES.replace("standardize: true", "standardize: true, target: standardize")
FASHION = "dataset: {name: fashion_mnist, split: {validation: 57000}, preprocess: {scale: 255}}"
MNIST = "dataset: {name: mnist, split: {validation: 57000}, preprocess: {scale: 255}}"
CALIFORNIA = (
    "dataset: {name: california_housing, split: {validation: 0.8}, preprocess: {standardize: true}}"
)


def table(name: str) -> str:
    """The data of a table that `write_tables` made."""
    split = "split: {validation: 80, stratify: true}"
    return f"dataset: {{csv: {name}.csv, target: y, {split}}}"


def mlp(hidden: str, more: str = "") -> str:
    return f"architecture: {{MLP: {{hidden: {hidden}{more}}}}}"


def run(data: str, model: str, optimizer: str, epochs: int, *more: str, batch: int = 32) -> str:
    rate = f"optimizer: {{{optimizer}}}"
    training = f"training: {{epochs: {epochs}, batch_size: {batch}}}"
    if any(one.startswith("training:") for one in more):
        training = ""
    return "\n".join([data, model, rate, training, *more]) + "\n"


def sgd(rate: float, more: str = "") -> str:
    return f"SGD: {{learning_rate: {rate}{more}}}"


def adam(rate: float) -> str:
    return f"Adam: {{learning_rate: {rate}}}"


STOPPING = "callbacks: [{EarlyStopping: {monitor: val_loss, patience: 8}}]"
ONE_HOT = DIGITS.replace("scale: 16", "scale: 16, one_hot: true")
AUTO = DIGITS.replace("name: digits", "name: digits, task: autoencoder").replace(
    "validation: 300, stratify: true", "validation: 300"
)
CODER = (
    "architecture: [Flatten, {Dense: {units: 12, activation: relu}}, "
    "{Dense: {units: 64, activation: sigmoid}}, {Reshape: [8, 8]}]"
)
TWO_OUTPUTS = """\
architecture:
  layers:
    hidden: {Dense: {units: 16, activation: relu}, from: inputs}
  outputs:
    species: {Dense: {units: 3, activation: softmax}, from: hidden}
    width: {Dense: 1, from: hidden, target: petal_width}"""
AUGMENTED = (
    "architecture: [{Reshape: [8, 8, 1]}, {RandomTranslation: {height_factor: 0.1, width_factor: "
    "0.1}}, Flatten, {Dense: {units: 32, activation: relu}}, {Dense: {units: 10, activation: softmax}}]"
)
WARMUP = "schedule: {Warmup: {steps: 5 epochs, then: {CosineDecay: {decay_steps: 15 epochs}}}}"

SETTINGS: Mapping[str, str] = {
    "digits_sgd": run(DIGITS, mlp("[32]"), sgd(0.1), 30),
    "digits_sgd_slow": run(DIGITS, mlp("[32]"), sgd(0.003), 15),
    "digits_sgd_creeping": run(DIGITS, mlp("[32]"), sgd(1e-4), 12),
    "digits_sgd_10": run(DIGITS, mlp("[32]"), sgd(10.0), 15),
    "digits_sgd_1": run(DIGITS, mlp("[32]"), sgd(1.0), 25),
    "digits_adam_8": run(DIGITS, mlp("[64]"), adam(1e-3), 8),
    "digits_adam_high": run(DIGITS, mlp("[64]"), adam(0.1), 25),
    "digits_adam_brisk": run(DIGITS, mlp("[64]"), adam(0.02), 40),
    "digits_early": run(DIGITS, mlp("[64]"), adam(2e-3), 100, STOPPING),
    "digits_sigmoid_deep": run(
        DIGITS, mlp("[16, 16, 16, 16, 16, 16]", ", activation: sigmoid"), sgd(0.05), 20
    ),
    "digits_dropout": run(
        DIGITS, mlp("[64, 64]"), adam(1e-3), 60, "regularization: {dropout: 0.5}"
    ),
    "digits_l2": run(DIGITS, mlp("[64]"), adam(1e-3), 60, "regularization: {l2: 0.01}"),
    "digits_smoothing": run(
        ONE_HOT,
        mlp("[64]"),
        adam(2e-3),
        40,
        "loss: {CategoricalCrossentropy: {label_smoothing: 0.2}}",
    ),
    "digits_cosine": run(
        DIGITS, mlp("[32]"), sgd(0.3), 40, "schedule: {CosineDecay: {decay_steps: 40 epochs}}"
    ),
    "digits_warmup": run(DIGITS, mlp("[32]"), sgd(0.2), 20, WARMUP),
    "digits_decayed_early": run(
        DIGITS,
        mlp("[32]"),
        sgd(0.02),
        40,
        "schedule: {ExponentialDecay: {decay_steps: 2 epochs, decay_rate: 0.3}}",
    ),
    "digits_autoencoder": run(AUTO, CODER, adam(2e-3), 30, "loss: mse"),
    "digits_cosine_similarity": run(AUTO, CODER, adam(2e-3), 30, "loss: CosineSimilarity"),
    "digits_tiny": run(DIGITS, mlp("[2]"), adam(5e-3), 40),
    "digits_augmented": run(DIGITS, AUGMENTED, adam(2e-3), 40),
    "digits_zeros": run(DIGITS, mlp("[16]", ", kernel_initializer: zeros"), sgd(0.1), 12),
    "iris_sgd": run(IRIS, mlp("[8]"), sgd(0.01), 20),
    "iris_adam": run(IRIS, mlp("[16]"), adam(0.05), 100),
    "iris_sgd_3": run(IRIS, mlp("[16]"), sgd(3.0), 40),
    "iris_long": run(IRIS, mlp("[64, 64]"), adam(1e-3), 200),
    "iris_two_outputs": run(IRIS.replace(", stratify: true", ""), TWO_OUTPUTS, adam(0.01), 60),
    "wine_sgd_3": run(WINE, mlp("[32]"), sgd(3.16), 30),
    "wine_sgd_mae": run(
        WINE.replace("standardize: true", "standardize: true, one_hot: true"),
        mlp("[32]"),
        sgd(1.0),
        20,
        "loss: mae",
    ),
    "wine_adam": run(WINE, mlp("[16]"), adam(0.01), 60),
    "wine_raw_3": run(RAW_WINE, mlp("[32]"), sgd(3.16), 30),
    "wine_raw": run(RAW_WINE, mlp("[32]"), sgd(0.01), 30),
    "wine_creeping": run(WINE, mlp("[16]"), adam(3e-5), 20),
    "wine_no_validation": run("dataset: {name: wine}", mlp("[16]"), sgd(0.05), 25),
    "wine_7": run(WINE, mlp("[16]"), adam(3e-3), 7),
    "cancer_raw": run(RAW_CANCER, mlp("[16]"), sgd(0.05), 25),
    "cancer_adam": run(CANCER, mlp("[32]"), adam(3e-3), 100),
    "cancer_weights": run(
        CANCER,
        mlp("[16]"),
        sgd(0.05),
        30,
        "training: {epochs: 30, batch_size: 32, class_weight: balanced}",
    ),
    "cancer_raw_adam_1": run(RAW_CANCER, mlp("[16, 16]"), adam(1.0), 20),
    "diabetes_unscaled": run(DIABETES, mlp("[32]"), adam(1e-3), 20),
    "diabetes_scaled": run(SCALED_DIABETES, mlp("[16]"), adam(1e-3), 60),
    "diabetes_big": run(SCALED_DIABETES, mlp("[256, 256]"), adam(1e-3), 100),
    "diabetes_early": run(SCALED_DIABETES, mlp("[32]"), adam(2e-3), 100, STOPPING),
    "diabetes_mae": run(DIABETES, mlp("[32]"), adam(0.01), 60, "loss: mae"),
    "diabetes_poisson": run(
        DIABETES,
        "architecture: [{Dense: {units: 16, activation: relu}}, {Dense: {units: 1, activation: "
        "softplus}}]",
        adam(0.03),
        60,
        "loss: Poisson",
    ),
    "diabetes_linear": run(DIABETES, "architecture: [{Dense: 1}]", sgd(0.01), 60),
    "fashion_adam": run(FASHION, mlp("[128]"), adam(1e-3), 40),
    "fashion_sgd_10": run(FASHION, mlp("[64]"), sgd(0.01), 10),
    "fashion_dropout": run(FASHION, mlp("[128]"), adam(1e-3), 30, "regularization: {dropout: 0.4}"),
    "fashion_adam_high": run(FASHION, mlp("[64, 64]"), adam(0.1), 15),
    "mnist_adam": run(MNIST, mlp("[64]"), adam(1e-3), 30),
    "mnist_sgd_1": run(MNIST, mlp("[64]"), sgd(1.0), 15),
    "california_adam": run(CALIFORNIA, mlp("[32]"), adam(1e-3), 40),
    "california_sgd": run(CALIFORNIA, mlp("[32]"), sgd(0.01), 20),
    "california_adam_high": run(CALIFORNIA, mlp("[32]"), adam(0.3), 25),
    "noise_small": run(table("noise"), mlp("[2]"), sgd(0.05), 20),
    "noise_big": run(table("noise"), mlp("[64, 64]"), adam(3e-3), 60),
    "rare": run(table("rare"), mlp("[8]"), adam(0.01), 30),
    "rare_learnable": run(table("rare_learnable"), mlp("[8]"), sgd(0.1), 40),
    "rare_weights": run(
        table("rare_learnable"),
        mlp("[8]"),
        adam(0.01),
        40,
        "training: {epochs: 40, batch_size: 32, class_weight: balanced}",
    ),
    "mislabelled": run(table("mislabelled"), mlp("[64, 64]"), adam(2e-3), 60),
    "mislabelled_linear": run(
        table("mislabelled"),
        "architecture: [{Dense: {units: 1, activation: sigmoid}}]",
        sgd(0.1),
        40,
    ),
    "digits_tanh_3": run(DIGITS, mlp("[32, 32]", ", activation: tanh"), sgd(3.0), 20),
    "digits_batch_300": run(DIGITS, mlp("[32]"), sgd(2.0), 40, batch=300),
    "fresh_digits_sgd_3": run(DIGITS, mlp("[64, 32]"), sgd(3.0), 20),
    "fresh_digits_adam_5": run(DIGITS, mlp("[24]"), adam(5e-3), 5),
    "fresh_digits_momentum": run(DIGITS, mlp("[48]"), sgd(0.05, ", momentum: 0.9"), 35),
    "fresh_digits_rmsprop": run(DIGITS, mlp("[32]"), "RMSprop: {learning_rate: 0.05}", 25),
    "fresh_digits_l1": run(DIGITS, mlp("[32]"), adam(3e-3), 30, "regularization: {l1: 0.01}"),
    "fresh_wine_momentum": run(WINE, mlp("[64]"), sgd(0.02, ", momentum: 0.9"), 80),
    "fresh_wine_raw_adam": run(RAW_WINE, mlp("[32, 32]"), adam(0.01), 40),
    "fresh_cancer_slow": run(CANCER, mlp("[8]"), sgd(3e-4), 25),
    "fresh_cancer_long": run(CANCER, mlp("[64, 64]"), sgd(0.1), 150),
    "fresh_diabetes_huber": run(SCALED_DIABETES, mlp("[64]"), adam(5e-3), 40, "loss: Huber"),
    "fresh_diabetes_tiny": run(SCALED_DIABETES, mlp("[1]"), sgd(0.02), 30),
    "fresh_fashion_sgd_high": run(FASHION, mlp("[64]"), sgd(2.0), 12),
    "fresh_fashion_early": run(FASHION, mlp("[64]"), adam(2e-3), 60, STOPPING),
    "fresh_mnist_slow": run(MNIST, mlp("[32]"), sgd(1e-3), 10),
    "fresh_california_mae": run(CALIFORNIA, mlp("[16, 16]"), adam(3e-3), 25, "loss: mae"),
    "fresh_mislabelled_dropout": run(
        table("mislabelled"), mlp("[32]"), adam(3e-3), 40, "regularization: {dropout: 0.3}"
    ),
    "tiny_validation": run(
        IRIS.replace("validation: 30", "validation: 6"), mlp("[16]"), adam(0.01), 60, batch=16
    ),
}


def write_tables(folder: Path) -> None:
    """Tables of two classes: of pure chance, of rare rows, of rows a fifth of which are mislabelled."""
    draw = random.Random(7)
    head = ",".join([*"abcdefgh", "y"])

    def write(name: str, count: int, label: Any) -> None:
        rows = [[draw.gauss(0, 1) for _ in range(8)] for _ in range(count)]
        lines = [",".join([*(f"{x:.4f}" for x in row), label(row)]) for row in rows]
        (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")

    write("noise", 400, lambda row: draw.choice(["no", "yes"]))
    write("rare", 600, lambda row: "yes" if draw.random() < 0.08 else "no")
    write("rare_learnable", 600, lambda row: "yes" if row[0] + row[1] > 2.2 else "no")
    write(
        "mislabelled",
        500,
        lambda row: "yes" if (row[0] + row[1] * row[2] > 0) != (draw.random() < 0.2) else "no",
    )


def regenerate(names: list[str]) -> None:
    """Train the settings of some names, all where there are none, and write what they show."""
    from nnrun.experiments import diagnose
    from nnrun.experiments.api import train

    shown: list[Evidence] = []
    plain = diagnose.diagnose
    diagnose.diagnose = lambda evidence: shown.append(evidence) or plain(evidence)  # type: ignore[func-returns-value]
    held = json.loads(FILE.read_text()) if FILE.exists() else {}
    with tempfile.TemporaryDirectory() as place:
        write_tables(Path(place))
        for name in names or SETTINGS:
            config = Path(place, f"{name}.yaml")
            config.write_text(SETTINGS[name] + "runtime: {engine: graph}\n")
            train(config, run_dir=Path(place, f"run_{name}"))
            held[name] = packed(shown[-1])
            sys.stdout.write(f"{name}: {plain(shown[-1])[0].text}\n")
    ordered = {name: held[name] for name in SETTINGS if name in held}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in ordered.items())
    FILE.write_text(f"{{\n{lines}\n}}\n")


def packed(evidence: Evidence) -> dict[str, Any]:
    """Evidence as JSON can hold it."""
    facts = dataclasses.asdict(dataclasses.replace(evidence, history=None))  # type: ignore[arg-type]
    history = evidence.history
    facts["history"] = {
        name: [float(f"{value:.{_DIGITS}g}") for value in history.column(name)]
        for name in history.columns
        if name not in ("epoch", "seconds")
    }
    return facts


def unpacked(facts: Mapping[str, Any]) -> Evidence:
    """Evidence as `packed` made JSON of it."""
    columns = facts["history"]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    guesses = [
        Guess(**one | {"answers": one["answers"] and Answers(**one["answers"])})
        for one in facts["guesses"]
    ]
    made = {
        "history": History(rows),
        "classes": [ClassFound(**one) for one in facts["classes"]],
        "guesses": guesses,
        "layers": (),
    }
    return Evidence(**{**facts, **made})


def real_curves() -> Iterator[tuple[str, Evidence]]:
    """The curves that are kept, by name."""
    for name, facts in json.loads(FILE.read_text()).items():
        yield name, unpacked(facts)


if __name__ == "__main__":
    regenerate(sys.argv[1:])
