"""Wrong configs by name; `NAME.txt` beside this file is the whole stderr that each must give."""

import contextlib
import io
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnrun.cli.app import main

FOLDER = Path(__file__).parent
CONFIG = "mine.yaml"


@dataclass(frozen=True)
class Case:
    """One wrong config.

    Attributes:
        text: The config; None where there is no such file.
        overrides: Values of `--set`.
        files: Further files by name.
        config: The name given on the command line.
        code: The exit code; 0 where there is nothing but warnings.
    """

    text: str | bytes | None
    overrides: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    config: str = CONFIG
    code: int = 2


def run_case(case: Case, folder: Path) -> tuple[int, str]:
    """The exit code and the stderr of `nnrun validate`, run in `folder`."""
    for name, text in {case.config: case.text, **case.files}.items():
        if text is not None:
            content = text if isinstance(text, bytes) else text.encode()
            (folder / name).write_bytes(content)
    changes = [word for change in case.overrides for word in ("--set", change)]
    stderr, argv, handler = io.StringIO(), sys.argv, signal.getsignal(signal.SIGINT)
    sys.argv = ["nnrun", "validate", case.config, *changes]
    code = 0
    try:
        with contextlib.chdir(folder), contextlib.redirect_stderr(stderr):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = argv
        signal.signal(signal.SIGINT, handler)
    return code, stderr.getvalue().replace(str(folder.resolve()), "FOLDER")


DATA = "dataset: {name: digits, split: {validation: 0.2}}\n"
LAYERS = """\
architecture:
  - Flatten
  - Dense: {units: 32, activation: relu}
  - Dense: {units: 10, activation: softmax}
"""
GOOD = DATA + LAYERS
SIGMOID = """\
dataset: {name: breast_cancer, split: {validation: 0.2}}
architecture:
  - Dense: {units: 1, activation: sigmoid}
"""
ONE_HOT = GOOD.replace("{validation: 0.2}", "{validation: 0.2}, preprocess: {one_hot: true}")

REGRESSION = """\
dataset: {name: diabetes, split: {validation: 0.2}}
architecture:
  - Dense: 1
"""
FILMS = {"films.csv": "length,drama,horror,comedy\n90,1,0,0\n120,1,1,0\n100,0,0,1\n"}
ROWS = {"rows.csv": "length,width,kind\n1.0,2.0,a\n2.0,1.0,b\n"}


def _layers(*lines: str) -> str:
    return DATA + "architecture:\n" + "".join(f"  - {line}\n" for line in lines)


def _last(layer: str) -> str:
    return _layers("Flatten", layer)


SYNTAX = {
    "syntax_tab": Case("dataset:\n\tname: digits\n"),
    "syntax_tab_after_spaces": Case("dataset:\n  name: digits\n  \tsplit: {}\n"),
    "syntax_unclosed_bracket": Case("architecture: [Flatten, Dense\ndataset: {name: digits}\n"),
    "syntax_unclosed_brace": Case("dataset: {name: digits\narchitecture: [Flatten]\n"),
    "syntax_unclosed_quote": Case("name: 'mine\ndataset: {name: digits}\n"),
    "syntax_unknown_escape": Case('dataset: {csv: "C:\\data\\rows.csv"}\n'),
    "syntax_two_colons": Case("dataset: name: digits\n"),
    "syntax_missing_colon": Case("dataset\narchitecture: [Flatten]\n"),
    "syntax_missing_space": Case("dataset:digits\n"),
    "syntax_wrong_indent": Case("dataset:\n  name: digits\n split: {}\n"),
    "syntax_list_in_line": Case("metrics: - accuracy\n"),
    "syntax_reserved_character": Case("name: @mine\n"),
    "syntax_two_documents": Case(GOOD + "---\n" + GOOD),
    "syntax_duplicate_key": Case(GOOD + "training: {epochs: 5, epochs: 10}\n"),
    "syntax_duplicate_section": Case(GOOD + "dataset: {name: iris}\n"),
    "syntax_python_tag": Case("name: !!python/object/apply:os.system ['echo hello']\n" + GOOD),
    "syntax_own_tag": Case(GOOD + "seed: !secret 3\n"),
    "syntax_alias_unknown": Case(GOOD + "training: *usual\n"),
    "syntax_alias_of_itself": Case("dataset: &all\n  name: *all\n"),
    "syntax_alias_bomb": Case(
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    ),
    "syntax_too_deep": Case("name: " + "[" * 10_000),
    "syntax_too_many_values": Case("callbacks: [" + "x, " * 25_000 + "x]\n"),
    "syntax_complex_key": Case("? [a, b]\n: 1\n"),
    "syntax_huge_number": Case(GOOD + "seed: 99999999999999999999\n"),
    "syntax_control_character": Case("name: a\x1b[31mb\n"),
    "file_not_utf8": Case(b"name: mine\nauthor: Andr\xe9\n"),
    "file_too_large": Case("# " + "x" * 300_000 + "\n"),
    "file_empty": Case(""),
    "file_only_comments": Case("# later\n\n"),
    "file_list": Case("- Flatten\n- Dense: 10\n"),
    "file_misspelt": Case(None, files={"mnist_mlp.yaml": GOOD}, config="mnist_mpl.yaml"),
    "file_missing": Case(None, config="zzz.yaml"),
    "file_is_folder": Case(None, config="."),
}

KEYS = {
    "key_misspelt_section": Case(GOOD.replace("dataset", "datset")),
    "key_misspelt_architecture": Case(GOOD.replace("architecture", "architcture")),
    "key_synonyms": Case("data: {name: digits}\nmodel: [Flatten]\nrandom_state: 3\n"),
    "key_misspelt_option": Case(GOOD + "training: {epoch: 5, batchsize: 32}\n"),
    "key_of_another_section": Case(GOOD + "epochs: 5\nvalidation: 0.2\ntraining: {seed: 1}\n"),
    "key_misspelt_of_another_section": Case(GOOD + "batchsize: 32\n"),
    "key_learning_rate": Case(GOOD + "lr: 0.01\ntraining: {learning_rate: 0.1}\n"),
    "key_keras_habits": Case(GOOD + "early_stopping: 5\nvalidation_split: 0.2\n"),
    "key_merge": Case("usual: &usual {epochs: 3}\n" + GOOD + "training:\n  <<: *usual\n"),
    "key_unlike_any": Case(GOOD + "runtime: {zzz: 1}\n"),
    "key_extends_below": Case(GOOD + "training: {extends: base.yaml}\n"),
    "key_very_long": Case(GOOD + "x" * 500 + ": 1\n"),
    "key_steers_terminal": Case(GOOD + '"\\e[31mred": 1\n'),
    "missing_dataset": Case(LAYERS),
    "missing_architecture": Case(DATA),
    "missing_both": Case("name: mine\n"),
    "missing_source": Case("dataset: {target: kind}\n" + LAYERS),
}

VALUES = {
    "value_text_for_number": Case(GOOD + "training: {epochs: many}\n"),
    "value_quoted_number": Case(GOOD + 'training: {epochs: "10"}\n'),
    "value_underscores": Case(GOOD + "training: {batch_size: 1_000}\n"),
    "value_decimal_comma": Case(GOOD + "regularization: {dropout: '0,5'}\n"),
    "value_percent": Case(GOOD.replace("0.2", "20%")),
    "value_fraction_for_whole": Case(GOOD + "training: {epochs: 2.5}\n"),
    "value_out_of_bounds": Case(
        GOOD + "training: {epochs: 0, batch_size: -1}\nregularization: {dropout: 1.0}\nseed: -1\n"
    ),
    "value_number_for_text": Case(GOOD + "name: 123\n"),
    "value_bad_name": Case(GOOD + "name: ../mine\n"),
    "value_yes": Case(GOOD + "training: {shuffle: yes}\nruntime: {deterministic: no}\n"),
    "value_one_for_true": Case(GOOD + "training: {shuffle: 1}\n"),
    "value_choice": Case(GOOD + "runtime: {engine: xl, precision: float64}\n"),
    "value_for_section": Case(GOOD + "training: 5\nruntime: [gpu]\n"),
    "value_for_list": Case(GOOD + "metrics: accuracy\n"),
    "value_empty_list": Case(DATA + "architecture: []\n"),
    "value_null_for_required": Case("dataset:\n" + LAYERS),
    "value_not_finite": Case(GOOD + "optimizer: {SGD: {learning_rate: .nan}}\n"),
    "value_huge_text": Case(GOOD + f"training: {{epochs: {'x' * 5000}}}\n"),
    "value_steers_terminal": Case(GOOD + 'loss: "\\e]0;owned\\a\\u202Etxt"\n'),
    "value_wide_characters": Case(GOOD + "training: {monitor: 損失, epochs: 無}\n"),
    "value_split": Case("dataset: {name: digits, split: {validation: 1.5, test: -3}}\n" + LAYERS),
    "value_expect": Case(
        GOOD + "expect: {params: many, loss: {mim: 3}, val_loss: {min: 2, max: 1}}\n"
    ),
    "value_version": Case(GOOD + "version: 2\n"),
    "duration_unit_missing": Case(
        GOOD + "schedule: {ExponentialDecay: {decay_steps: 20 ep, decay_rate: 0.1}}\n"
    ),
    "duration_not_a_number": Case(
        GOOD + "schedule: {ExponentialDecay: {decay_steps: x epochs, decay_rate: 0.1}}\n"
    ),
    "duration_nought": Case(
        GOOD + "schedule: {ExponentialDecay: {decay_steps: 0 epochs, decay_rate: 0.1}}\n"
    ),
}

COMPONENTS = {
    "layer_unknown": Case(_layers("Flaten", "Dense: {units: 10, activation: softmax}")),
    "layer_lower_case": Case(_layers("flatten", "dense: {units: 10, activation: softmax}")),
    "layer_unlike_any": Case(_layers("Xyzzy")),
    "layer_is_optimizer": Case(_layers("Adam", "Dense: 10")),
    "layer_is_activation": Case(_layers("Flatten", "Dense: 10", "tanh")),
    "layer_refused": Case(
        _layers("Lambda: {function: abs}", "Dense: {units: 10, activation: softmax}")
    ),
    "layer_input": Case(
        _layers("Input: {shape: [8, 8]}", "Dense: {units: 10, activation: softmax}")
    ),
    "layer_is_number": Case(_layers("5", "[Dense, 10]")),
    "layer_indented_wrongly": Case(
        DATA + "architecture:\n  - Dense:\n    units: 10\n    activation: softmax\n"
    ),
    "layers_as_mapping": Case(DATA + "architecture:\n  Flatten:\n  Dense: 10\n"),
    "layer_alone": Case(DATA + "architecture: {Dense: 10}\n"),
    "preset_bare": Case(DATA + "architecture: MLP\n"),
    "preset_unknown": Case(DATA + "architecture: {MLPP: {hidden: [3]}}\n"),
    "argument_misspelt": Case(_last("Dense: {unit: 10, activation: softmax}")),
    "argument_synonym": Case(_last("Dense: {neurons: 10, activation: softmax}")),
    "argument_unlike_any": Case(_last("Dense: {units: 10, zzz: 1, activation: softmax}")),
    "argument_missing": Case(_last("Dense")),
    "argument_missing_of_two": Case(
        _layers("Conv2D: {filters: 8}", "Flatten", "Dense: {units: 10, activation: softmax}")
    ),
    "argument_wrong_type": Case(_last("Dense: {units: ten, activation: softmax, use_bias: yes}")),
    "argument_first_wrong_type": Case(
        _layers("Dropout: half", "Dense: {units: 10, activation: softmax}")
    ),
    "argument_out_of_bounds": Case(
        _layers("Dropout: 1.5", "Dense: {units: 10, activation: softmax}")
    ),
    "argument_choice": Case(_layers("Conv2D: {filters: 8, kernel_size: 3, padding: sane}")),
    "argument_null": Case(_last("Dense: {units: null, activation: softmax}")),
    "argument_none": Case(_last("Dense: {units: 10, activation: None, kernel_regularizer: none}")),
    "activation_unknown": Case(_last("Dense: {units: 10, activation: sofmax}")),
    "activation_nested": Case(_last("Dense: {units: 10, activation: {LeakyReLU: {slope: 0.2}}}")),
    "regularizer_nested": Case(
        _last("Dense: {units: 10, activation: softmax, kernel_regularizer: {l2: strong}}")
    ),
    "initializer_unknown": Case(
        _last("Dense: {units: 10, activation: softmax, kernel_initializer: he_norml}")
    ),
    "initializer_group": Case(
        _last("Dense: {units: 10, activation: softmax, kernel_initializer: L2}")
    ),
    "wrapper_inner": Case(_layers("Bidirectional: {LSTM: {unit: 3}}")),
    "wrapper_misspelt": Case(_layers("Bidirectional: {layr: {LSTM: 3}}")),
    "optimizer_unknown": Case(GOOD + "optimizer: Adan\n"),
    "optimizer_argument": Case(GOOD + "optimizer: {adam: {lr: 0.1}}\n"),
    "optimizer_two": Case(GOOD + "optimizer: {SGD: 0.1, Adam: 0.1}\n"),
    "optimizer_options_only": Case(GOOD + "optimizer: {learning_rate: 0.1}\n"),
    "optimizer_rate_botched": Case(GOOD + "optimizer: {SGD: 0.1x}\n"),
    "loss_unknown": Case(GOOD + "loss: sparse_crossentropy\n"),
    "loss_is_metric": Case(GOOD + "loss: accuracy\n"),
    "metric_unknown": Case(GOOD + "metrics: [acuracy, F1]\n"),
    "schedule_unknown": Case(GOOD + "schedule: {StepDecay: {step: 3}}\n"),
    "schedule_missing_argument": Case(GOOD + "schedule: {ExponentialDecay: {decay_rate: 0.1}}\n"),
    "callback_unknown": Case(GOOD + "callbacks: [EarlyStoping: {patience: 3}]\n"),
    "callback_refused": Case(GOOD + "callbacks: [BackupAndRestore: saved, LambdaCallback]\n"),
    "callback_argument": Case(GOOD + "callbacks: [EarlyStopping: {patiance: 3, mode: maximum}]\n"),
    "own_class_path": Case(_layers("my layers:Squash", "my_layers:")),
    "own_class_arguments": Case(_layers("my_layers:Squash: 2")),
}

BASE = {"base.yaml": GOOD + "training: {epochs: 5}\noptimizer: {SGD: {learning_rate: 0.1}}\n"}

MERGING = {
    "extends_missing": Case("extends: bse.yaml\n", files=BASE),
    "extends_list": Case("extends: [base.yaml]\n", files=BASE),
    "extends_itself": Case("extends: mine.yaml\n" + GOOD),
    "extends_cycle": Case("extends: base.yaml\n", files={"base.yaml": "extends: mine.yaml\n"}),
    "extends_error_in_base": Case(
        "extends: base.yaml\ntraining: {epochs: 3}\n",
        files={"base.yaml": GOOD + "training: {batch_sise: 5}\n"},
    ),
    "extends_syntax_in_base": Case("extends: base.yaml\n", files={"base.yaml": "a: [\n"}),
    "extends_error_in_child": Case("extends: base.yaml\ntraining: {epochs: none}\n", files=BASE),
    "extends_both_wrong": Case(
        "extends: base.yaml\nseed: x\n", files={"base.yaml": GOOD + "training: {epochs: 0}\n"}
    ),
    "set_unknown_key": Case(GOOD, ("training.epoch=5",)),
    "set_wrong_value": Case(GOOD, ("training.epochs=five", "seed=-1")),
    "set_malformed": Case(GOOD, ("training.epochs", "=5", "training..epochs=3")),
    "set_bad_yaml": Case(GOOD, ("metrics=[accuracy",)),
    "set_index_out_of_range": Case(GOOD, ("architecture.7.Dense.units=3",)),
    "set_index_is_name": Case(GOOD, ("architecture.Dense.units=3",)),
    "set_below_scalar": Case(GOOD + "optimizer: Adam\n", ("optimizer.learning_rate=0.1",)),
    "set_below_other_class": Case(GOOD + "optimizer: adam\n", ("optimizer.SGD.momentum=0.9",)),
    "set_beside_class": Case(
        GOOD + "optimizer: {Adam: {beta_1: 0.8}}\n", ("optimizer.learning_rate=0.1",)
    ),
    "set_below_number": Case(GOOD + "seed: 3\n", ("seed.value=4",)),
    "set_argument": Case(GOOD, ("architecture[1].Dense.unit=3",)),
    "set_steers_terminal": Case(GOOD, ("name=\x1b[31mred",)),
    "set_and_file": Case(GOOD + "seed: x\n", ("training.epochs=0",)),
}


def _wrong_loss(loss: str, last: str = "{units: 10, activation: softmax}") -> Case:
    return Case(_last(f"Dense: {last}") + f"loss: {loss}\n")


RELATIONS = {
    "loss_binary_with_softmax": _wrong_loss("binary_crossentropy"),
    "loss_sparse_with_sigmoid": Case(SIGMOID + "loss: sparse_categorical_crossentropy\n"),
    "loss_with_logits": _wrong_loss("sparse_categorical_crossentropy", "10"),
    "loss_from_logits_of_softmax": _wrong_loss(
        "{SparseCategoricalCrossentropy: {from_logits: true}}"
    ),
    "loss_one_hot_with_integers": _wrong_loss("categorical_crossentropy"),
    "loss_integers_with_one_hot": Case(ONE_HOT + "loss: sparse_categorical_crossentropy\n"),
    "loss_per_unit_with_integers": Case(
        GOOD + "loss: mse\nmetrics: [AUC, mae, Hinge, top_k_categorical_accuracy]\n"
    ),
    "loss_of_a_logarithm": Case(REGRESSION + "loss: poisson\nmetrics: [F1Score, mae]\n"),
    "metrics_of_one_unit": Case(
        SIGMOID
        + "loss: categorical_hinge\nmetrics: [F1Score, TopKCategoricalAccuracy, MeanIoU: 2]\n"
    ),
    "metrics_of_several_figures": Case(
        ONE_HOT
        + "metrics:\n"
        + "  - F1Score\n"
        + "  - FBetaScore: {beta: 2, average: null}\n"
        + "  - Precision: {thresholds: [0.3, 0.6]}\n"
        + "  - OneHotIoU: {num_classes: 10, target_class_ids: [0], sparse_y_pred: true}\n"
        + "  - IoU: {num_classes: 10, target_class_ids: [0], sparse_y_true: true}\n"
    ),
    "metrics_of_logits": Case(
        SIGMOID.replace("{units: 1, activation: sigmoid}", "1")
        + "metrics: [Precision, AUC, PrecisionAtRecall: 0.5, AUC: {from_logits: false}, "
        + "Recall: {thresholds: 0.7}, F1Score: {threshold: 0.7}, poisson]\n"
    ),
    "metrics_told_of_logits": Case(SIGMOID + "metrics: [AUC: {from_logits: true}]\n"),
    "measures_refused": Case(GOOD + "loss: ctc\nmetrics: [Mean, sum]\n"),
    "loss_of_rows": Case(REGRESSION + "loss: {Huber: {reduction: null}}\n"),
    "loss_scaling_optimizer": Case(
        GOOD
        + "optimizer: {LossScaleOptimizer: {inner_optimizer: {Adam: {}}}}\n"
        + "schedule: {ExponentialDecay: {decay_steps: 5 epochs, decay_rate: 0.5}}\n"
        + "regularization: {clip: {norm: 1.0}}\n"
    ),
    "slope_negative": Case(_layers("LeakyReLU: {negative_slope: -0.1}", "ReLU: {max_value: -1}")),
    "constant_of_a_list": Case(_last("Dense: {units: 10, bias_initializer: {Constant: [1, 2]}}")),
    "loss_of_classes_for_regression": Case(REGRESSION + "loss: binary_crossentropy\n"),
    "units_of_classes": Case(_last("Dense: {units: 9, activation: softmax}")),
    "units_of_regression": Case(REGRESSION.replace("Dense: 1", "Dense: 2")),
    "softmax_of_one": Case(_last("Dense: {units: 1, activation: softmax}")),
    "softmax_of_regression": Case(
        REGRESSION.replace("Dense: 1", "Dense: {units: 1, activation: softmax}")
    ),
    "metric_of_classes_for_regression": Case(REGRESSION + "metrics: [mae, accuracy]\n"),
    "options_of_classes_for_regression": Case(
        REGRESSION.replace("0.2}", "0.2, stratify: true}, preprocess: {one_hot: true}")
        + "training: {class_weight: balanced}\n"
    ),
    "monitor_without_validation": Case(
        "dataset: {name: digits}\n" + LAYERS + "callbacks: [{EarlyStopping: {patience: 5}}]\n"
    ),
    "monitor_unknown": Case(GOOD + "callbacks: [EarlyStopping: {monitor: val_acuracy}]\n"),
    "monitor_of_another_task": Case(REGRESSION + "training: {monitor: val_accuracy}\n"),
    "monitor_without_mode": Case(
        ONE_HOT + "metrics: [FalsePositives, 'mine:Own']\ncallbacks:\n"
        "  - EarlyStopping: {monitor: val_false_positives}\n"
        "  - ReduceLROnPlateau: {monitor: val_loss, mode: min}\n"
        "training: {monitor: val_own}\n"
    ),
    "mode_without_monitor": Case(GOOD + "training: {mode: max}\n"),
    "mode_unknown": Case(GOOD + "training: {monitor: val_accuracy, mode: maximum}\n"),
    "schedule_and_plateau": Case(
        GOOD + "schedule: {CosineDecay: {decay_steps: 10 epochs}}\ncallbacks: [ReduceLROnPlateau]\n"
    ),
    "schedule_twice": Case(
        GOOD
        + "schedule: {CosineDecay: {decay_steps: 9}}\n"
        + "optimizer:\n  SGD:\n    learning_rate:\n      CosineDecay: {initial_learning_rate: 1, decay_steps: 9}\n"
    ),
    "schedule_piecewise": Case(
        GOOD + "schedule: {PiecewiseConstantDecay: {boundaries: [5 epochs], values: [1.0]}}\n"
    ),
    "schedule_cycle_without_momentum": Case(
        GOOD + "optimizer: {Adagrad: {learning_rate: 0.1}}\nschedule: {OneCycle: 20 epochs}\n"
    ),
    "schedule_cycle_and_momentum": Case(
        GOOD
        + "optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}\nschedule: {OneCycle: 20 epochs}\n"
    ),
    "schedule_cycle_warmed_up": Case(
        GOOD + "schedule: {Warmup: {steps: 1 epochs, then: {OneCycle: {steps: 20 epochs}}}}\n"
    ),
    "schedule_warmup_misspelt": Case(
        GOOD + "schedule: {Warmup: {steps: 1 epochs, then: {CosineDecay: {decay_step: 9}}}}\n"
    ),
    "schedule_performance_nested": Case(
        GOOD + "schedule: {Warmup: {steps: 1 epochs, then: PerformanceSchedule}}\n"
    ),
    "schedule_performance_and_plateau": Case(
        GOOD + "schedule: PerformanceSchedule\ncallbacks: [ReduceLROnPlateau]\n"
    ),
    "schedule_performance_of_nothing": Case(
        GOOD + "schedule: {PerformanceSchedule: {monitor: val_acuracy}}\n"
    ),
    "output_activation_of_classes": Case(
        DATA + "architecture: {MLP: {hidden: [4], output_activation: softplus}}\n"
    ),
    "output_activation_of_numbers": Case(
        "dataset: {name: diabetes}\narchitecture: {MLP: {hidden: [4], output_activation: softmax}}\n"
    ),
    "heaviside_of_integers": Case(
        "dataset: {name: iris}\narchitecture: [Dense: {units: 3, activation: Heaviside}]\n"
    ),
    "positive_misspelt": Case(
        "dataset: {name: iris, positive: setossa}\narchitecture: [Dense: 1]\n"
    ),
    "positive_number": Case("dataset: {name: digits, positive: 3}\n" + LAYERS),
    "positive_of_regression": Case(
        "dataset: {name: diabetes, positive: high}\narchitecture: [Dense: 1]\n"
    ),
    "positive_with_ten_units": Case('dataset: {name: digits, positive: "3"}\n' + LAYERS),
    "averaged_and_restored": Case(
        GOOD
        + "optimizer: {Adam: {use_ema: true}}\n"
        + "callbacks: [EarlyStopping: {restore_best_weights: true}]\n"
    ),
    "clipped_twice": Case(GOOD + "regularization: {clip: {norm: 1.0, value: 0.5}}\n"),
    "preprocess_twice": Case(
        GOOD.replace("digits,", "digits, preprocess: {standardize: true, minmax: true},")
    ),
    "target_scale_misspelt": Case(
        REGRESSION.replace("0.2}", "0.2}, preprocess: {target: standardise}")
    ),
    "target_scale_of_classes": Case(
        GOOD.replace("digits,", "digits, preprocess: {target: minmax},")
    ),
    "target_scale_of_autoencoder": Case(
        GOOD.replace("digits,", "digits, task: autoencoder, preprocess: {target: minmax},").replace(
            "Dense: {units: 10, activation: softmax}", "Dense: 64\n  - Reshape: [8, 8]"
        )
    ),
    "no_rows_left": Case(GOOD.replace("0.2}", "0.6, test: 0.5}")),
    "seed_that_draws_nothing": Case(GOOD.replace("0.2}", "0.2, shuffle: false, seed: 1}")),
    "more_rows_than_there_are": Case(GOOD.replace("0.2}", "5000}")),
    "labels_wrongly_declared": Case(
        "dataset:\n"
        "  csv: films.csv\n"
        "  task: multilabel\n"
        "  target: [drama, horror, comedy]\n"
        "  split: {validation: 0.2, stratify: true}\n"
        "  preprocess: {one_hot: true}\n"
        "architecture: [Dense: {units: 2, activation: softmax}]\n"
        "loss: categorical_crossentropy\n"
        "metrics: [accuracy, categorical_accuracy]\n"
        "training: {class_weight: balanced}\n",
        files=FILMS,
    ),
    "labels_of_tanh": Case(
        "dataset: {csv: films.csv, task: multilabel, target: [drama, horror]}\n"
        "architecture: [Dense: {units: 2, activation: tanh}]\n",
        files=FILMS,
    ),
    "labels_with_logits": Case(
        "dataset: {csv: films.csv, task: multilabel, target: [drama, horror]}\n"
        "architecture: [Dense: 2]\n"
        "loss: binary_crossentropy\n",
        files=FILMS,
    ),
    "labels_of_one_column": Case(
        "architecture: {MLP: {hidden: [4]}}\n"
        "dataset: {csv: films.csv, target: drama, task: multilabel}\n",
        files=FILMS,
    ),
    "own_task_with_classes": Case(
        "architecture: {MLP: {hidden: [4]}}\n"
        "dataset: {csv: films.csv, target: length, task: my_tasks:Counts, positive: long}\n",
        files=FILMS,
    ),
    "own_task_of_named_data": Case(GOOD.replace("digits,", "digits, task: my_tasks:Counts,")),
    "columns_of_binary": Case(
        "architecture: {MLP: {hidden: [4]}}\n"
        "dataset: {csv: films.csv, target: [drama, horror], task: binary}\n",
        files=FILMS,
    ),
    "columns_with_softmax": Case(
        LAYERS + "dataset: {csv: films.csv, target: [drama, horror]}\n", files=FILMS
    ),
    "columns_misspelt": Case(
        "dataset:\n"
        "  csv: films.csv\n"
        "  target: [drama, horor, length, drama]\n"
        "  features: [length]\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files=FILMS,
    ),
    "source_twice": Case(GOOD.replace("name: digits", "name: digits, csv: rows.csv"), files=ROWS),
    "source_unknown": Case(GOOD.replace("digits", "digit")),
    "source_unlike_any": Case(GOOD.replace("digits", "zzz")),
    "source_is_file": Case(GOOD.replace("digits", "rows.csv"), files=ROWS),
    "csv_missing": Case(GOOD.replace("name: digits", "csv: row.csv, target: kind"), files=ROWS),
    "csv_column_misspelt": Case(
        GOOD.replace("name: digits", "csv: rows.csv, target: kinds, features: [lenght]"),
        files=ROWS,
    ),
    "csv_target_missing": Case(GOOD.replace("name: digits", "csv: rows.csv"), files=ROWS),
    "csv_argument": Case(
        GOOD.replace("name: digits", "csv: {file: rows.csv, sep: ';'}, target: kind"), files=ROWS
    ),
    "class_weight_unknown": Case(SIGMOID + "training: {class_weight: {malign: 2, benign: 1}}\n"),
    "sample_weight_twice": Case(
        SIGMOID.replace("breast_cancer,", "breast_cancer, sample_weight: mean_aria,")
        + "training: {class_weight: balanced}\n"
    ),
    "sample_weight_of_pictures": Case(GOOD.replace("digits,", "digits, sample_weight: weight,")),
    "sample_weight_of_file": Case(
        "dataset: {csv: rows.csv, target: kind, features: [length], sample_weight: widht}\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files=ROWS,
    ),
    "sample_weight_misspelt": Case(
        "dataset:\n  csv: rows.csv\n  target: kind\n"
        "  sample_weight: {colum: width, validation: yes}\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files=ROWS,
    ),
    "sample_weight_of_no_column": Case(
        "dataset: {csv: rows.csv, target: kind, sample_weight: [width]}\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files=ROWS,
    ),
    "sample_weight_of_part": Case(
        "dataset:\n  csv: rows.csv\n  target: kind\n"
        "  sample_weight: {column: width, validation: true}\n"
        "  split: {validation: more.csv, test: more.csv}\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files={**ROWS, "more.csv": "length,kind\n1,a\n"},
    ),
    "sample_weight_as_well": Case(
        "dataset: {csv: rows.csv, target: kind, features: [length], sample_weight: length}\n"
        "architecture: {MLP: {hidden: [4]}}\n",
        files=ROWS,
    ),
    "class_weight_word": Case(GOOD + "training: {class_weight: balance}\n"),
    "expect_unknown": Case(GOOD + "expect: {val_acuracy: 0.9, parameters: 5}\n"),
    "expect_without_rows": Case(
        "dataset: {name: digits}\n" + LAYERS + "expect: {val_loss: {max: 1}, test_loss: {max: 1}}\n"
    ),
    "layer_names": Case(
        _layers(
            "Flatten: {name: a/b}",
            "Dense: {units: 5, name: same}",
            "Dense: {units: 10, activation: softmax, name: same}",
        )
    ),
    "many_at_once": Case(
        """\
name: first try
dataset: {name: digit, split: {validation: 0.2}}
architecture:
  - Flatten
  - Dense: {unit: 300, activation: rleu}
  - Dropout: 50%
  - Dense: {units: 10, activation: softmax}
optimizer:
  SGD: {learning_rate: fast, nesterov: yes}
callbacks:
  - EarlyStopping: {patience: 10, monitor: val_los}
training: {epoch: 100, batch_size: 0}
"""
    ),
}

GRAPHS = {
    "a_graph": Case(
        """\
dataset: {name: california_housing, split: {validation: 0.2}}
architecture:
  inputs:
    wide: {features: [MedIncome, HouseAge]}
    deep:
  layers:
    hidden: {Dense: {units: 30, activation: relu}, from: dep}
    first: {Dense: 3, from: second}
    second: {Dense: 3, from: first}
    joined: {Concatenate: {}, from: wide}
    loose: {Dense: 3, from: joined}
  outputs:
    price: {Dense: 2, from: hidden}
    aux: {Dense: 1, target: MedHouseValue}
"""
    ),
}

REVIEWS = {"reviews.csv": "review,title,stars\nGood soup.,Yes,5\nBad soup.,No,1\n"}
OF_REVIEWS = "dataset: {csv: reviews.csv, target: stars, features: [review]}\n"

TEXTS = {
    "text_in_the_midst": Case(
        OF_REVIEWS + "architecture: [Flatten, TextVectorization, Dense: 1]\n", files=REVIEWS
    ),
    "text_of_numbers": Case(
        DATA + "architecture: [TextVectorization, Dense: {units: 10, activation: softmax}]\n"
    ),
    "text_scaled": Case(
        "dataset: {csv: reviews.csv, target: stars, preprocess: {standardize: true}}\n"
        "architecture: [StringLookup: {output_mode: multi_hot}, Dense: 1]\n",
        files=REVIEWS,
    ),
    "text_ragged": Case(
        OF_REVIEWS + "architecture: [TextVectorization: {ragged: true}, Dense: 1]\n", files=REVIEWS
    ),
    "text_given_back": Case(
        "dataset: {csv: reviews.csv, task: autoencoder}\narchitecture: [TextVectorization, Dense: 1]\n",
        files=REVIEWS,
    ),
    "text_in_a_graph": Case(
        """\
dataset: {csv: reviews.csv, target: stars}
architecture:
  inputs: {text: {features: [review]}, title: {features: [title]}}
  layers:
    words: {TextVectorization: {output_mode: multi_hot}, from: text}
    raw: {Dense: 3, from: text}
    both: {Concatenate, from: [words, title]}
    again: {shared: words, from: title}
    late: {StringLookup, from: raw}
    joined: {Concatenate, from: [raw, both, again, late]}
  outputs:
    stars: {Dense: 1, from: joined}
""",
        files=REVIEWS,
    ),
}


def _optimizer(arguments: str, code: int = 2) -> Case:
    return Case(GOOD + f"optimizer: {{SGD: {{{arguments}}}}}\n", code=code)


def _checkpoint(arguments: str) -> Case:
    return Case(GOOD + f"callbacks:\n  - ModelCheckpoint: {{{arguments}}}\n")


LEARNING = {
    "rate_below_zero": _optimizer("learning_rate: -1"),
    "rate_of_zero": _optimizer("learning_rate: 0"),
    "rate_of_zero_within": Case(
        GOOD + "optimizer: {LossScaleOptimizer: {inner_optimizer: {SGD: {learning_rate: 0.0}}}}\n"
    ),
    "rates_of_a_schedule": Case(
        GOOD
        + "optimizer:\n  SGD:\n    learning_rate:\n      ExponentialDecay:\n"
        + "        initial_learning_rate: -0.1\n        decay_steps: 0\n        decay_rate: -1\n"
    ),
    "rate_decayed_at_once": Case(
        GOOD + "schedule: {ExponentialDecay: {decay_steps: 10 epochs, decay_rate: 0}}\n"
    ),
    "rates_of_zero_of_a_schedule": Case(
        GOOD + "schedule: {PiecewiseConstantDecay: {boundaries: [3], values: [0, 0.0]}}\n"
    ),
    "rates_within_a_schedule": Case(
        GOOD
        + "schedule:\n  Warmup:\n    steps: 5\n    then:\n      PiecewiseConstantDecay:\n"
        + "        boundaries: [3]\n        values: [0.1, -0.1]\n"
    ),
    "rates_of_callbacks": Case(
        GOOD + "callbacks: [ReduceLROnPlateau: {factor: 1.5, min_lr: -1}]\n"
    ),
    "clipping_at_zero": _optimizer("clipnorm: 0"),
    "accumulation_never_fills": _optimizer("gradient_accumulation_steps: 451"),
    "accumulation_of_no_steps": _optimizer("gradient_accumulation_steps: 0"),
    "every_layer_frozen": Case(_last("Dense: {units: 10, activation: softmax, trainable: false}")),
    "no_class_counts": Case(GOOD + "training: {class_weight: {'0': 0, '1': 0}}\n"),
    "cosine_of_one_unit": Case(REGRESSION + "loss: cosine_similarity\n"),
    "relu_of_classes": Case(_last("Dense: {units: 10, activation: relu}")),
    "relu_behind_classes": Case(_layers("Flatten", "Dense: 10", "ReLU")),
    "leaky_relu_behind_classes": Case(_layers("Flatten", "Dense: 10", "LeakyReLU: 0.2")),
    "tanh_of_two_classes": Case(SIGMOID.replace("sigmoid", "tanh")),
    "split_of_all_rows": Case(GOOD.replace("0.2", "1.0")),
    "split_of_test_rows": Case(GOOD.replace("validation: 0.2", "test: 1.0")),
    "split_of_nearly_all_rows": Case(GOOD.replace("0.2", "0.9999")),
    "split_of_shares_and_counts": Case(GOOD.replace("0.2", "0.5, test: 899")),
    "checkpoint_between_epochs": _checkpoint(
        "filepath: 's-{epoch:02d}-{val_loss:.2f}.keras', save_freq: 3"
    ),
    "checkpoint_of_unknown_figure": _checkpoint("filepath: 's-{val_acuracy}.keras'"),
    "checkpoint_of_batches": _checkpoint("filepath: 's-{epoch}-{batch}.keras'"),
    "checkpoint_misformatted": _checkpoint("filepath: 's-{loss:d}.keras'"),
    "checkpoint_without_ending": _checkpoint("filepath: 's-{epoch:02d}'"),
    "checkpoint_of_weights": _checkpoint("filepath: s.keras, save_weights_only: true"),
    "checkpoint_never": _checkpoint("filepath: s.keras, save_freq: 0"),
    "checkpoint_by_a_word": _checkpoint("filepath: s.keras, save_freq: batch"),
    "checkpoint_of_best_steps": _checkpoint(
        "filepath: s.keras, save_freq: 3, save_best_only: true"
    ),
    "tensorboard_never": Case(GOOD + "callbacks: [TensorBoard: {update_freq: 0}]\n"),
}

DOUBTS = {
    "doubt_large_rate": _optimizer("learning_rate: 100", code=0),
    "doubt_small_rate": _optimizer("learning_rate: 1e-12", code=0),
    "doubt_linear_layers": Case(
        _layers("Flatten", "Dense: 32", "Dropout: 0.2", "Dense: {units: 10, activation: softmax}"),
        code=0,
    ),
    "doubt_linear_preset": Case(
        DATA + "architecture: {MLP: {hidden: [30, 20], activation: linear}}\n", code=0
    ),
    "doubt_spent_rate": Case(GOOD + "schedule: {CosineDecay: {decay_steps: 100}}\n", code=0),
    "doubt_lost_steps": _optimizer("gradient_accumulation_steps: 300", code=0),
}

HABITS = {
    "habit_keys": Case(
        GOOD
        + "lr: 0.1\nverbose: 1\nvalidation_data: held\nvalidation_split: 0.1\ninput_shape: [8, 8]\n"
        + "compile: {optimizer: sgd, loss: mse}\nfit: {epochs: 10}\npatience: 3\ndecay: 1e-4\n"
        + "batch_size: 16\nmax_iter: 200\n"
    ),
    "habit_layers": Case(DATA + "layers: [Flatten, Dense: 10]\n"),
    "habit_model": Case(DATA + "model: Sequential\n"),
    "habit_sequential": Case(DATA + "architecture: keras.Sequential([Flatten(), Dense(10)])\n"),
    "habit_dataset": Case("dataset: fashion_mnist\n" + LAYERS),
    "habit_dataset_module": Case("dataset: keras.datasets.fashion_mnist\n" + LAYERS),
    "habit_lists": Case(
        GOOD + "callbacks: EarlyStopping(patience=3)\nmetrics: {AUC: {curve: PR}}\n"
    ),
    "habit_equal_signs": Case(_last('Dense: {units=10, activation="softmax"}')),
    "habit_dataset_file": Case("dataset: rows.csv\n" + LAYERS, files=ROWS),
    "habit_sections": Case(
        "dataset: {name: digits, split: 0.2, preprocess: standardize}\n"
        + LAYERS
        + "training: 10\nruntime: gpu\n"
    ),
    "habit_calls": Case(
        _layers(
            "Flatten(input_shape=[8, 8])",
            'Dense(100, activation="relu")',
            "keras.layers.Dense(30, kernel_regularizer=keras.regularizers.l2(0.01)),",
            'model.add(layers.Dense(10, "softmax"))',
            "Dense(10)(hidden)",
            "Dense(n",
            "Input(shape=(8,))",
        )
    ),
    "habit_calls_in_a_line": Case(
        DATA + 'architecture: [Flatten, Dense(100, activation="relu"), Dense(10)]\n'
    ),
    "habit_calls_with_brackets": Case(
        DATA + "architecture: [Flatten(input_shape=[8, 8]), Dense(10)]\n"
    ),
    "habit_paths": Case(
        _layers(
            "keras.layers.Flatten",
            "layers.Dense: 100",
            "tf.keras.layers.Dense: {units: 10, activation: softmax}",
            "my_layers.Squash",
        )
    ),
    "habit_arguments": Case(
        _layers(
            "Flatten: {input_shape: [8, 8]}",
            "Dense: {units: 30, activation: tf.nn.relu, kernel_regularizer: l2(0.01)}",
            "Dense: {units: 10, activation: sign, kernel_initializer: keras.initializers.HeNormal()}",
        )
    ),
    "habit_optimizer": Case(
        GOOD + "optimizer: SGD(lr=…)\ncallbacks: [EarlyStopping(patience=10)]\n"
    ),
    "habit_optimizer_module": Case(
        GOOD + "optimizer: keras.optimizers.Adam(learning_rate=1e-3, beta_1=0.8)\n"
    ),
    "habit_optimizer_arguments": Case(GOOD + "optimizer: {SGD: {lr: 0.1, decay: 1e-4}}\n"),
    "habit_schedule": Case(
        GOOD
        + "optimizer:\n  SGD:\n    learning_rate: "
        + "keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)\n"
    ),
    "habit_loss": Case(GOOD + "loss: crossentropy\n"),
    "habit_loss_call": Case(
        GOOD + "loss: keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
    ),
    "habit_loss_squared": Case(REGRESSION + "loss: squared\nmetrics: [r2]\n"),
}


def _search(space: str, more: str = "", config: str = GOOD, **others: Any) -> Case:
    lines = "".join(f"    {line}\n" for line in space.splitlines())
    return Case(f"{config}search:\n{more}  space:\n{lines}", **others)


ADAM = "optimizer: {Adam: {learning_rate: 0.01}}\n"
EPOCHS = "training.epochs: [5, 10]"
SEARCH = {
    "search_empty": Case(GOOD + "search: {}\n"),
    "search_of_nothing_varied": Case(GOOD + "search:\n  space: {}\n  trials: 10\n"),
    "search_in_words": Case(GOOD + "sweep: {method: bayes}\nparam_grid: {units: [1, 2]}\n"),
    "search_key_misspelt": _search(EPOCHS, "  trails: 20\n"),
    "search_method_misspelt": _search(EPOCHS, "  method: rnadom\n"),
    "search_method_of_stopping": _search(EPOCHS, "  method: hyperband\n"),
    "search_time_without_unit": _search(EPOCHS, "  time: 30\n"),
    "search_time_in_words": _search(EPOCHS, "  time: 30 minutes\n"),
    "search_path_misspelt": _search("training.batchsize: [32, 64]\ntraning: {epochs: [5, 10]}"),
    "search_path_quoted": _search('"training.batch_sise": [32, 64]'),
    "search_path_into_a_number": _search(
        "training.epochs.number: [5, 10]", config=GOOD + "training: {epochs: 3}\n"
    ),
    "search_path_into_a_list": _search("architecture.7.Dense.units: [16, 32]"),
    "search_path_of_another_class": _search(
        "optimizer.AdamW.weight_decay: [0.01, 0.1]", config=GOOD + ADAM
    ),
    "search_path_of_another_layer": _search("architecture: {1: {Conv2D: {filters: [16, 32]}}}"),
    "search_argument_misspelt": _search("architecture.1.Dense.unit: [16, 32]"),
    "search_one_value": _search("training.batch_size: 64\ntraining: {epochs: {}}\nschedule: null"),
    "search_no_choices": _search("training.batch_size: []"),
    "search_choice_twice": _search("training.batch_size: [32, 64, 32]"),
    "search_choice_wrong": _search("training.batch_size: [32, 0, many]"),
    "search_choice_of_classes": _search(
        "optimizer: [AdamX, SGD: {lr: [0.1, 0.01]}, Adam: {beta_1: {from: 0.9, to: 2}}]"
    ),
    "search_choice_of_no_list": _search(
        "architecture.MLP.hidden: [16, 32]", config=DATA + "architecture: {MLP: {hidden: [8]}}\n"
    ),
    "search_choice_in_words": _search("training.batch_size: {values: [32, 64]}"),
    "search_range_min_max": _search("training.batch_size: {min: 16, max: 64}"),
    "search_range_of_a_sweep": _search(
        "regularization.dropout: {distribution: uniform, min: 0, max: 0.5, q: 0.1}"
    ),
    "search_range_end_misspelt": _search("training.batch_size: {from: 16, too: 64}"),
    "search_range_without_end": _search("training.epochs: {from: 16}\nseed: {to: 3}"),
    "search_range_of_text": _search("training.epochs: {from: few, to: many, log: maybe}"),
    "search_range_of_durations": _search(
        "schedule: [null, CosineDecay: {decay_steps: {from: 10 epochs, to: 20 epochs}}]"
    ),
    "search_range_ends_wrong": _search("regularization.dropout: {from: -0.1, to: 1}"),
    "search_range_reversed": _search("training.batch_size: {from: 64, to: 16}"),
    "search_range_of_one": _search("training.batch_size: {from: 64, to: 64}"),
    "search_range_of_parts": _search("training.batch_size: {from: 16, to: 64.5}"),
    "search_log_from_zero": _search("regularization.l2: {from: 0, to: 0.1, log: true}"),
    "search_log_below_zero": _search("regularization.l2: {from: -1, to: 0.1, log: true}"),
    "search_log_with_steps": _search("training.batch_size: {from: 16, to: 64, log: true, step: 8}"),
    "search_step_beside": _search("regularization.dropout: {from: 0, to: 0.5, step: 0.2}"),
    "search_step_too_wide": _search("training.epochs: {from: 1, to: 5, step: 6}"),
    "search_step_of_nothing": _search("training.epochs: {from: 1, to: 5, step: 0}"),
    "search_step_of_a_part": _search("training.epochs: {from: 1, to: 5, step: 0.5}"),
    "search_each_alone": _search(
        "architecture.MLP.hidden: {each: [16, 32]}",
        config=DATA + "architecture: {MLP: {hidden: [8]}}\n",
    ),
    "search_each_wrong": _search(
        "architecture.MLP.hidden: {each: {from: 0, to: 32}, times: {from: 1, to: 2.5}}",
        config=DATA + "architecture: {MLP: {hidden: [8]}}\n",
    ),
    "search_each_of_one": _search("training.epochs: {each: [1, 2], times: 2}"),
    "search_each_too_often": _search(
        "architecture.MLP.hidden: {each: [1, 2], times: 1000}",
        config=DATA + "architecture: {MLP: {hidden: [8]}}\n",
    ),
    "search_of_what_is_fixed": _search(
        "seed: [1, 2]\nexpect: {loss: [1, 2]}\ndataset: {split: {validation: [0.1, 0.2]}}\n"
        "dataset.name: [digits, iris]"
    ),
    "search_twice": _search("training.epochs: [5, 10]\ntraining: {epochs: [20, 30]}"),
    "search_within_another": _search("optimizer: [Adam, SGD]\noptimizer.Adam.beta_1: [0.8, 0.9]"),
    "search_together_flat": Case(
        GOOD + "search:\n  together: [{training.epochs: 5}, {training.epochs: 10}]\n"
    ),
    "search_together_of_one": Case(GOOD + "search:\n  together: [[{training.epochs: 5}]]\n"),
    "search_together_wrong": Case(
        GOOD
        + "search:\n  together:\n    - [{schedule: null}, {schedule: {CosineDecay: {decay: 3}}}]\n"
        + "    - [{training.epoch: 5}, {training: {epochs: 0}}]\n"
    ),
    "search_together_and_alone": _search(
        EPOCHS, "  together: [[{training.epochs: 5}, {training.batch_size: 16}]]\n"
    ),
    "search_against_the_config": _search(
        "training.epochs: {from: 2, to: 20}",
        config=GOOD + "training: {epochs: 10}\ncallbacks: [Pruning: {sparsity: 0.5, end: 5}]\n",
    ),
    "search_metric_misspelt": _search(EPOCHS, "  metric: val_acuracy\n"),
    "search_metric_of_test_rows": _search(EPOCHS, "  metric: test_accuracy\n"),
    "search_metric_without_rows": _search(
        EPOCHS, "  metric: val_loss\n", config="dataset: {name: digits}\n" + LAYERS
    ),
    "search_metric_of_no_direction": _search(
        EPOCHS, "  metric: val_false_positives\n", config=SIGMOID + "metrics: [FalsePositives]\n"
    ),
    "search_of_the_loss": _search("loss: [mse, mae]", config=REGRESSION),
    "search_of_the_weights": _search(
        "dataset.sample_weight: [null, {column: age, validation: true}]", config=REGRESSION
    ),
    "search_of_too_few": _search("training.epochs: [5, 10, 20]", "  trials: 20\n"),
    "search_of_one_trial": _search(EPOCHS, "  trials: 1\n"),
    "search_grid_of_a_range": _search(
        "regularization.dropout: {from: 0, to: 0.5}", "  method: grid\n"
    ),
    "search_sobol_of_too_many": _search(
        "architecture.MLP.hidden: {each: [16, 32], times: {from: 1, to: 50}}",
        "  method: sobol\n",
        config=DATA + "architecture: {MLP: {hidden: [8]}}\n",
    ),
    "search_folds_and_seeds": _search(EPOCHS, "  folds: 5\n  seeds: 3\n"),
    "search_by_override": Case(
        GOOD + "search: {space: {training.epochs: [5, 10]}}\n",
        overrides=("search.trials=many", "search.space.training.batch_size=[32, 0]"),
    ),
    "search_penalised": _search("regularization.l2: [0, 0.001, 0.01]", code=0),
}

CASES: dict[str, Case] = {
    **TEXTS,
    **SYNTAX,
    **KEYS,
    **VALUES,
    **COMPONENTS,
    **MERGING,
    **RELATIONS,
    **GRAPHS,
    **LEARNING,
    **DOUBTS,
    **HABITS,
    **SEARCH,
}
