"""Words from Keras scripts, other libraries and books, with the equivalent YAML.

In a hint, `<` and `>` enclose an example, which is replaced by the user's own value.
"""

import re
from collections.abc import Mapping, Sequence

from nnrun.config.diagnostics import nearest
from nnrun.config.reader import Node, ScalarNode

_QUOTES = "'\""
_ARCHITECTURE = (
    "write `architecture:` with a list of layers, such as `- Dense: {units: 30, activation: relu}`"
)
_KNOWN_SHAPE = "leave it out: the shape of the inputs is known from the data"
_VALIDATION = "write `dataset: {split: {validation: <0.2>}}`"
_TEST = "write `dataset: {split: {test: <0.2>}}`"
_RATE = "write `optimizer: {Adam: {learning_rate: <0.001>}}`"
_DECAY = "write `schedule: {InverseTimeDecay: {decay_steps: 1, decay_rate: <1e-4>}}`"
_HIDDEN = "write `architecture: {MLP: {hidden: [300, 100]}}`"
_QUIET = "write `nnrun train --quiet` to see less"
_EPOCHS = "write `training: {epochs: <10>}`"
_SEARCH = "write `search: {space: {training.batch_size: [32, 64]}}`"
_BATCH = "write `training: {batch_size: <32>}`"
_STEPS = f"an epoch takes every training row; {_BATCH.replace('<32>', '32')}"
_PATIENCE = "write `callbacks: [EarlyStopping: {patience: <10>}]`"

KEYS: Mapping[str, str] = {
    "<<": "merge keys are not YAML 1.2; write the keys out, or use `extends:`",
    "activation": "an activation belongs to a layer, as in `Dense: {units: 10, activation: <relu>}`",
    "batch_input_shape": _KNOWN_SHAPE,
    "checkpoint": "write `callbacks: [ModelCheckpoint: {filepath: best.keras}]`",
    "compile": "its settings go at the top level: `optimizer: SGD`, `loss: mse`, `metrics: [mae]`",
    "decay": _DECAY,
    "early_stopping": _PATIENCE,
    "eta": _RATE,
    "eta0": _RATE,
    "evaluate": "write `nnrun eval RUN`, once the model is trained",
    "extends": "only the top level of a file can extend another",
    "fit": "write `training: {epochs: 10, batch_size: 32}`",
    "gpu": "write `runtime: {device: gpu}`",
    "grid": _SEARCH,
    "hidden": _HIDDEN,
    "hidden_layer_sizes": _HIDDEN,
    "hidden_layers": _HIDDEN,
    "hidden_units": _HIDDEN,
    "hyperparameters": _SEARCH,
    "initial_epoch": "write `nnrun resume RUN` to continue a run",
    "input_dim": _KNOWN_SHAPE,
    "input_shape": _KNOWN_SHAPE,
    "layer": _ARCHITECTURE,
    "layers": _ARCHITECTURE,
    "learning_rate": _RATE,
    "learning_rate_init": _RATE,
    "lr": _RATE,
    "max_iter": _EPOCHS,
    "model": _ARCHITECTURE,
    "momentum": "write `optimizer: {SGD: {momentum: <0.9>}}`",
    "n_epochs": _EPOCHS,
    "n_iter": _EPOCHS,
    "nb_epoch": _EPOCHS,
    "nesterov": "write `optimizer: {SGD: {momentum: 0.9, nesterov: true}}`",
    "network": _ARCHITECTURE,
    "num_epochs": _EPOCHS,
    "param_grid": _SEARCH,
    "patience": _PATIENCE,
    "predict": "write `nnrun predict RUN rows.csv`, once the model is trained",
    "restore_best_weights": "write `callbacks: [EarlyStopping: {restore_best_weights: true}]`",
    "save_best_only": "the best epoch's model is kept anyway, as `model.keras`",
    "search_space": _SEARCH,
    "sequential": _ARCHITECTURE,
    "shape": _KNOWN_SHAPE,
    "steps_per_epoch": _STEPS,
    "sweep": _SEARCH,
    "test_size": _TEST,
    "test_split": _TEST,
    "tune": _SEARCH,
    "units": "it belongs to a layer, as in `Dense: {units: <10>, activation: relu}`",
    "val_split": _VALIDATION,
    "validation_batch_size": "leave it out: it changes no figure",
    "validation_data": _VALIDATION,
    "validation_freq": "leave it out: every epoch is validated",
    "validation_fraction": _VALIDATION,
    "validation_size": _VALIDATION,
    "validation_split": _VALIDATION,
    "validation_steps": "leave it out: all validation rows are taken",
    "verbose": _QUIET,
    "weight_decay": "write `optimizer: {AdamW: {weight_decay: <0.004>}}`",
    "workers": "leave it out: rows are read ahead anyway",
}
"""Keys that don't exist in any section."""

ARGUMENTS: Mapping[str, str] = {
    "batch_input_shape": _KNOWN_SHAPE,
    "batch_shape": _KNOWN_SHAPE,
    "decay": _DECAY,
    "in_channels": _KNOWN_SHAPE,
    "in_features": _KNOWN_SHAPE,
    "init": "write `kernel_initializer: <he_normal>`",
    "input_dim": _KNOWN_SHAPE,
    "input_length": _KNOWN_SHAPE,
    "input_shape": _KNOWN_SHAPE,
    "lr": "write `learning_rate: <0.001>`",
    "out_channels": "write `filters: <32>`",
    "out_features": "write `units: <10>`",
}
"""Arguments that a class no longer has, never had, or doesn't need; none of them is passed on."""

_CROSS_ENTROPY = (
    "write `loss: sparse_categorical_crossentropy` for classes, `loss: binary_crossentropy` for "
    "one sigmoid unit, or leave it out"
)
_MSE, _MAE = "write `loss: mse`", "write `loss: mae`"
_STEP = "write `activation: Heaviside`, which gives 0 and 1"
_SGD = "write `optimizer: {SGD: {learning_rate: 0.01}}`"
_SOFTMAX = "write `Activation: softmax`, or `Dense: {units: 10, activation: softmax}`"
_R2, _F1 = "write `metrics: [R2Score]`", "write `metrics: [F1Score: {average: macro}]`"

NAMES: Mapping[str, Mapping[str, str]] = {
    "losses": {
        "absolute": _MAE,
        "absolute_error": _MAE,
        "categorical": _CROSS_ENTROPY,
        "ce": _CROSS_ENTROPY,
        "cross_entropy": _CROSS_ENTROPY,
        "crossentropy": _CROSS_ENTROPY,
        "entropy": _CROSS_ENTROPY,
        "l1": _MAE,
        "l2": _MSE,
        "least_squares": _MSE,
        "log_loss": _CROSS_ENTROPY,
        "logistic": _CROSS_ENTROPY,
        "logloss": _CROSS_ENTROPY,
        "nll": _CROSS_ENTROPY,
        "quadratic": _MSE,
        "rmse": f"{_MSE}, and `metrics: [RootMeanSquaredError]` to see its root",
        "softmax": _CROSS_ENTROPY,
        "square": _MSE,
        "squared": _MSE,
        "squared_error": _MSE,
        "squared_loss": _MSE,
    },
    "activations": {
        "hardlim": _STEP,
        "identity": "write `activation: linear`, or leave it out",
        "logistic": "write `activation: sigmoid`",
        "none": "write `activation: linear`, or leave it out",
        "sgn": _STEP,
        "sign": _STEP,
        "signum": _STEP,
        "step": _STEP,
        "threshold_step": _STEP,
    },
    "optimizers": {
        "gd": _SGD,
        "gradient_descent": _SGD,
        "momentum": "write `optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}`",
        "nag": "write `optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9, nesterov: true}}`",
        "nesterov": "write `optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9, nesterov: true}}`",
    },
    "metrics": {
        "error": "write `metrics: [accuracy]`",
        "f1": _F1,
        "r2": _R2,
        "rmse": "write `metrics: [RootMeanSquaredError]`",
        "roc_auc": "write `metrics: [AUC]`",
    },
    "layers": {
        "batchnorm": "write `BatchNormalization`",
        "batchnorm1d": "write `BatchNormalization`",
        "batchnorm2d": "write `BatchNormalization`",
        "fc": "write `Dense: {units: 100, activation: relu}`",
        "fullyconnected": "write `Dense: {units: 100, activation: relu}`",
        "linear": "write `Dense: 10`",
        "output": "write `Dense: {units: 10, activation: softmax}`",
        "sequential": "write its layers into the list itself",
        "softmax": _SOFTMAX,
    },
    "presets": {
        "functional": _ARCHITECTURE,
        "model": _ARCHITECTURE,
        "sequential": _ARCHITECTURE,
    },
    "initializers": {
        "he": "write `kernel_initializer: he_normal`",
        "kaiming": "write `kernel_initializer: he_normal`",
        "xavier": "write `kernel_initializer: glorot_uniform`",
    },
    "regularizers": {
        "lasso": "write `kernel_regularizer: {L1: 0.01}`",
        "ridge": "write `kernel_regularizer: {L2: 0.01}`",
    },
    "schedules": {
        "cosine": "write `schedule: {CosineDecay: {decay_steps: 20 epochs}}`",
        "exponential": "write `schedule: {ExponentialDecay: {decay_steps: 20 epochs, decay_rate: 0.1}}`",
        "step": "write `schedule: {PiecewiseConstantDecay: {boundaries: [10 epochs], values: [0.1, 0.01]}}`",
    },
}
"""Names without a class, by group, in lower case."""


def _data_set(name: str) -> str:
    """A data set's name, even if written as in Python.

    >>> _data_set("keras.datasets.mnist.load_data()"), _data_set("sklearn.datasets.load_iris()")
    ('mnist', 'iris')
    """
    path = name.removesuffix("()").removesuffix(".load_data")
    return path.rpartition(".")[2].removeprefix("load_")


def about_key(key: str, node: Node | None) -> str:
    """What to write instead of a key; empty for a word that is not in the table."""
    return _with_value(KEYS.get(key.casefold(), ""), node)


def about_argument(name: str, node: Node) -> str:
    """What to write instead of an argument; empty for a word that is not in the table."""
    python = re.fullmatch(r"(\w+)=([^=].*)", name)
    if python:
        return f"write `{python[1]}: {python[2].strip(_QUOTES)}`"
    return _with_value(ARGUMENTS.get(name.casefold(), ""), node)


def renamed(argument: str, known: Sequence[str]) -> str:
    """A class's name for an argument with another name; empty if it must be left out.

    >>> renamed("lr", ["learning_rate", "momentum"]), renamed("input_shape", ["units"])
    ('learning_rate', '')
    """
    hint = ARGUMENTS.get(argument)
    if hint is None:
        return nearest(argument, known) or argument
    new = re.match(r"write `(\w+): <", hint)
    return new[1] if new and new[1] in known else ""


def about_name(groups: Sequence[str], name: str) -> str:
    """What to write instead of a class's name; empty for a word that is not in the table."""
    tables = [NAMES.get(group, {}) for group in groups]
    return next((table[name.casefold()] for table in tables if name.casefold() in table), "")


FILE_OPTIONS = {"csv": "csv", "tsv": "csv", "txt": "csv", "parquet": "parquet", "pq": "parquet"}
"""The option that names a file, by the file's ending."""


def about_section(section: str, value: str | float, truths: Sequence[str]) -> str:
    """How to write a value that was given instead of a section.

    Args:
        section: The section's class, such as `Dataset`.
        value: The value.
        truths: The section's boolean options.
    """
    key, shown = "", value
    if section == "Dataset":
        ending = str(value).casefold().rpartition(".")[2]
        key, shown = FILE_OPTIONS.get(ending, "name"), value
        if key == "name":
            shown = _data_set(str(value))
    elif section == "Preprocess" and value in truths:
        key, shown = str(value), "true"
    elif section == "Runtime" and value in {"cpu", "gpu"}:
        key = "device"
    elif section == "Split" or (section == "Training" and isinstance(value, int)):
        key = "validation" if section == "Split" else "epochs"
    return f"write `{section.lower()}: {{{key}: {shown}}}`" if key else ""


def _with_value(hint: str, node: Node | None) -> str:
    """A hint with the user's value in place of the example, if it has the same type."""
    value = node.value if isinstance(node, ScalarNode) else None

    def chosen(example: re.Match[str]) -> str:
        wants_number = not example[1].isidentifier()
        fits = isinstance(value, int | float if wants_number else str)
        is_short = re.fullmatch(r"[\w.+-]{1,30}", str(value)) is not None
        return str(value) if fits and is_short and not isinstance(value, bool) else example[1]

    return re.sub(r"<([^<>]+)>", chosen, hint)
