"""The sections of a config: each option with its meaning, bounds and default.

Checks, the JSON Schema and the reference are all derived from this.
"""
# ruff: noqa: RUF009 - `option` makes a dataclass field

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from nnrun.config.components import Component
from nnrun.config.from_run import FineTune, FromRun
from nnrun.config.graphs import Graph
from nnrun.config.kinds import Boolean, FilePath, Integer, Number, Text
from nnrun.config.label_scales import LABEL_SCALES
from nnrun.config.modes import Mode
from nnrun.config.nested_kinds import ArgumentsOf, ComponentOf, ListOf, MapOf, OneOf, SectionOf
from nnrun.config.options import REQUIRED, option
from nnrun.config.outline import Outline
from nnrun.config.regularizing import Regularization
from nnrun.config.sample_weight import SampleWeight
from nnrun.config.search import Search
from nnrun.config.split import LARGEST_SEED, Fold, Split
from nnrun.config.tasks import AUTO, TASK
from nnrun.errors import Place

CONFIG_VERSION = 1
MOST_SEEDS = 1000
MOST_FOLDS = 1000
SOURCE_KEYS = ("name", "csv", "parquet", "python")
"""The options of a data set that name the source of its rows."""
NAME_PATTERN = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}"


def named_columns(target: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names in a value that is a single name, a list of names, or None."""
    if target is None:
        return ()
    return (target,) if isinstance(target, str) else tuple(target)


@dataclass(frozen=True)
class Preprocess:
    """Preprocessing of the rows; fitted to the training rows only, and part of the saved model."""

    scale: float | None = option(
        "Divide every input by this number, as in `scale: 255` for pixels.",
        Number(above=0.0),
    )
    standardize: bool = option(
        "Subtract each feature's mean and divide by its standard deviation.", Boolean(), False
    )
    minmax: bool = option("Bring each feature into the range 0 to 1.", Boolean(), False)
    one_hot: bool = option(
        "Turn class labels into one-hot rows instead of integers.", Boolean(), False
    )
    transforms: tuple[Component, ...] = option(
        "Transforms of your own (`module:Class`), applied in this order to the raw rows, before "
        "any scaling.",
        ListOf(ComponentOf(("transforms",))),
        (),
    )
    target: str | None = option(
        "Scale the numbers to predict for the loss, column by column: "
        "`standardize` (mean 0, standard deviation 1), `minmax` (0 to 1, as a sigmoid gives) or "
        "`symmetric` (-1 to 1, as tanh does). Metrics and predictions stay in the labels' own units.",
        Text(choices=tuple(LABEL_SCALES)),
    )

    @property
    def scales_columns(self) -> bool:
        """Whether each column is scaled by itself."""
        return self.standardize or self.minmax


@dataclass(frozen=True)
class Dataset:
    """Where the rows come from, and how they are split and preprocessed."""

    name: str | None = option(
        "A data set by name; if you misspell it, `nnrun validate` lists the known names.", Text()
    )
    csv: Component | None = option(
        "A CSV file with a header: a file name, or `{path: …, separator: …, decimal: …}`.",
        ArgumentsOf("sources", "csv"),
    )
    parquet: Component | None = option(
        "A Parquet file (with the extra `parquet`).", ArgumentsOf("sources", "parquet")
    )
    python: Component | None = option(
        "A function of your own (`module:function`) that returns a table, with its arguments.",
        ComponentOf(("functions",)),
    )
    classes: tuple[str | int, ...] | None = option(
        "The classes to keep of a data set that has more, by name or number; they are renumbered "
        "from 0, in this order.",
        ListOf(OneOf((Text(), Integer(minimum=0))), minimum=2),
        default_says="all of them",
    )
    target: str | tuple[str, ...] | None = option(
        "The column to predict, or a list of them (for files).",
        OneOf((Text(), ListOf(Text(), minimum=1))),
    )
    features: tuple[str, ...] | None = option(
        "The columns to predict from.",
        ListOf(Text(), minimum=1),
        default_says="every column except those of `target`, `sample_weight`, `split.group` and `split.order`",
    )
    task: str = option(
        "What is predicted. `auto` infers it from the target: text, or only a few whole numbers, "
        "are classes; several columns are labels if each has two values, else numbers. An "
        "`autoencoder` predicts its own preprocessed input and takes no target. A task of your own is "
        "named by its import path, `module:Class`.",
        TASK,
        AUTO,
    )
    positive: str | None = option(
        "One class to predict against all others, as in `positive: setosa`: the others become a "
        "single class, `not setosa`, and the task becomes binary.",
        Text(),
    )
    sample_weight: str | SampleWeight | None = option(
        "A column with each row's weight in the training loss; with `validation: true`, in that of "
        "validation and test rows too. It is then not used as a feature.",
        OneOf((Text(), SectionOf(SampleWeight))),
    )
    split: Split = option("Training, validation and test rows.", SectionOf(Split), factory=Split)
    preprocess: Preprocess = option(
        "What happens to the rows before the first layer.",
        SectionOf(Preprocess),
        factory=Preprocess,
    )

    @property
    def sources(self) -> dict[str, str | Component]:
        """The sources that the config names, by key; only one is allowed."""
        named = {key: getattr(self, key) for key in SOURCE_KEYS}
        return {key: value for key, value in named.items() if value is not None}

    @property
    def source_path(self) -> str:
        """The path of the option that names the source."""
        return f"dataset.{next(iter(self.sources), SOURCE_KEYS[0])}"

    @property
    def is_named(self) -> bool:
        """Whether it is a data set with a known name and its own target."""
        return self.name is not None

    @property
    def columns_aside(self) -> dict[str, str]:
        """The columns with a special use, which are not features, by the path that names them."""
        split = self.split
        paths = {
            "dataset.sample_weight": self.weighting.column,
            "dataset.split.group": split.group,
            "dataset.split.order": split.order,
        }
        return {path: column for path, column in paths.items() if column is not None}

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns; empty if the config names none."""
        return named_columns(self.target)

    @property
    def weighting(self) -> SampleWeight:
        """The weights of the rows, in the long form."""
        return SampleWeight.of(self.sample_weight)


@dataclass(frozen=True)
class Training:
    """How long the model is trained, and in what batches."""

    epochs: int = option("Number of passes over the training rows.", Integer(minimum=1), 10)
    batch_size: int = option("Rows in one training step.", Integer(minimum=1), 32)
    shuffle: bool = option(
        "Put the rows in a new random order for every epoch, depending on the seed and the "
        "epoch's number.",
        Boolean(),
        True,
    )
    class_weight: str | Mapping[str, float] | None = option(
        "Weight of each class in the loss: `balanced`, or a mapping from class to weight.",
        OneOf((Text(choices=("balanced",)), MapOf(Number(minimum=0.0)))),
    )
    monitor: str | None = option(
        "The metric whose best epoch becomes the saved model.",
        Text(),
        default_says="what EarlyStopping monitors, else `val_loss`, else `loss`",
    )
    mode: Mode | None = option(
        "Whether a low (`min`) or a high (`max`) value of `monitor` is best. Set it for a metric "
        "that doesn't say so itself: perhaps one of your own, or a count such as FalsePositives.",
        Text(choices=("min", "max")),
        default_says="what the metric itself says",
    )
    fine_tune: FineTune | None = option(
        "A second part of the training, in which frozen layers learn too.",
        OneOf((SectionOf(FineTune),)),
    )


@dataclass(frozen=True)
class Runtime:
    """How to train on this machine."""

    engine: str = option(
        "`xla` compiles chunks of steps into one program, `graph` runs them as a TensorFlow "
        "graph; `auto` chooses by the model's layers, and times both if they don't settle it.",
        Text(choices=("auto", "xla", "graph")),
        "auto",
    )
    device: str = option(
        "`auto` uses a GPU if there is one.", Text(choices=("auto", "cpu", "gpu")), "auto"
    )
    rows: str = option(
        "`resident` keeps the rows on the device; `streaming` sends them in blocks, for data "
        "larger than its memory, and gives the same bits; `auto` streams rows that take more than "
        "a quarter of the memory.",
        Text(choices=("auto", "resident", "streaming")),
        "auto",
    )
    strategy: str = option(
        "`mirrored` divides every batch among all GPUs (Keras with `MirroredStrategy`); the "
        "results are those of one device, except for BatchNormalization and dropout, which see "
        "slices of the batch.",
        Text(choices=("none", "mirrored")),
        "none",
    )
    precision: str = option(
        "The number format of the layers' arithmetic; the weights stay in float32. "
        "`mixed_float16` is for GPUs, `mixed_bfloat16` runs everywhere.",
        Text(choices=("float32", "mixed_float16", "mixed_bfloat16")),
        "float32",
    )
    deterministic: bool = option(
        "The same config gives the same bits; with `false`, a GPU can be faster but slightly "
        "random.",
        Boolean(),
        True,
    )


@dataclass(frozen=True)
class Expectation:
    """What the run must reach: the range of allowed values, including its ends."""

    min: float | None = option("The lowest value allowed.", Number())
    max: float | None = option("The highest value allowed.", Number())


@dataclass(frozen=True)
class TensorBoardLogs:
    """What is written for TensorBoard, besides loss, metrics and learning rate of every epoch."""

    histogram_freq: int = option(
        "Write histograms of all weights every N epochs; 0 writes none.",
        Integer(minimum=0),
        0,
    )


@dataclass(frozen=True)
class Experiment:
    """One experiment: everything a config declares, checked, with all defaults."""

    version: int = option(
        "Version of the config language.",
        Integer(minimum=1, maximum=CONFIG_VERSION),
        CONFIG_VERSION,
    )
    name: str = option(
        "Name of the experiment; its run directories begin with it.",
        Text(
            pattern=NAME_PATTERN,
            pattern_says="1 to 64 letters, digits, '.', '_' or '-', not starting with a dot",
        ),
        "",
        default_says="the config file's name",
    )
    seed: int = option(
        "Determines everything random: weights, split, order, dropout.",
        Integer(minimum=0, maximum=LARGEST_SEED),
        42,
    )
    seeds: int | None = option(
        "Number of seeds to train with, counting up from `seed`; with several, the runs form a "
        "study.",
        Integer(minimum=1, maximum=MOST_SEEDS),
        default_says="one run",
    )
    folds: int | None = option(
        "Number of folds for cross-validation: a study with one run per fold, which is used for "
        "validation instead of `dataset.split.validation`.",
        Integer(minimum=2, maximum=MOST_FOLDS),
        default_says="no cross-validation",
    )
    modules: str | None = option(
        "The folder that classes of your own (`module:Class`) are imported from.",
        FilePath(),
        default_says="the config's folder",
    )
    dataset: Dataset = option("The data.", SectionOf(Dataset), REQUIRED)
    architecture: tuple[Component, ...] | Component | Graph | FromRun = option(
        "The model: a list of layers, a preset such as `MLP`, a graph of layers with names, a "
        "`keras.Model` class of your own (`module:Class`), or the layers of a run (`from_run`) and "
        "others after them.",
        OneOf(
            (
                ListOf(ComponentOf(("layers", "applications")), minimum=1),
                SectionOf(FromRun),
                SectionOf(Graph),
                ComponentOf(("presets",)),
            )
        ),
        REQUIRED,
    )
    loss: Component | None = option(
        "The loss.",
        ComponentOf(("losses",)),
        default_says="follows from the task and the last layer",
    )
    metrics: tuple[Component, ...] | None = option(
        "What to measure in addition to the loss.",
        ListOf(ComponentOf(("metrics",))),
        default_says="`[accuracy]` for classes, `[binary_accuracy]` for labels, `[mae]` for numbers",
    )
    optimizer: Component = option(
        "The optimizer.",
        ComponentOf(("optimizers",)),
        factory=lambda: Component("Adam", "optimizers", "keras.optimizers"),
    )
    schedule: Component | None = option(
        "A learning-rate schedule in place of the optimizer's constant rate, which it starts from.",
        ComponentOf(("schedules",)),
    )
    regularization: Regularization = option(
        "Regularization of the whole model.", SectionOf(Regularization), factory=Regularization
    )
    callbacks: tuple[Component, ...] = option(
        "Keras callbacks, called as in `model.fit`.",
        ListOf(ComponentOf(("callbacks",))),
        (),
    )
    training: Training = option(
        "Epochs, batches, class weights.", SectionOf(Training), factory=Training
    )
    runtime: Runtime = option("Engine, device, precision.", SectionOf(Runtime), factory=Runtime)
    tensorboard: TensorBoardLogs = option(
        "What is logged for TensorBoard.", SectionOf(TensorBoardLogs), factory=TensorBoardLogs
    )
    expect: Mapping[str, float | Expectation] = option(
        "What the run must reach: `params` or any metric, exactly or as `{min: …, max: …}`.",
        MapOf(OneOf((Number(), SectionOf(Expectation)))),
        factory=dict,
    )
    search: Search | None = option(
        "What `nnrun search` varies; other commands ignore it, and it is not part of a run.",
        SectionOf(Search),
    )
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)
    """Where each value was written, by dotted path."""

    @cached_property
    def outline(self) -> Outline:
        """The architecture as a graph of named nodes, whatever its form."""
        return Outline.of(self.architecture)

    def folded(self) -> "Experiment":
        """The experiment with its first fold as validation rows, where it asks for folds."""
        if self.folds is None or "validation" in self.dataset.split.files:
            return self
        split = replace(self.dataset.split, validation=Fold(0, self.folds))
        return replace(self, dataset=replace(self.dataset, split=split))

    @property
    def split_seed(self) -> int:
        """The seed that draws the rows of the parts."""
        return self.seed if self.dataset.split.seed is None else self.dataset.split.seed

    def place_of(self, path: str) -> Place | None:
        """Where the value at a path, or else the nearest enclosing value, was written."""
        while path and path not in self.places:
            path = path.rpartition("[" if path.endswith("]") else ".")[0]
        return self.places.get(path)
