"""Where a training takes place: its rows on the device or the host, its steps on one or more devices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nnrun.config.schema import Runtime, Training
from nnrun.data.splits import Part, Splits
from nnrun.device import device_memory, on_gpu
from nnrun.errors import UserError
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.mirroring import replicas_of
from nnrun.training.streaming import StreamedEvaluation, StreamedTraining
from nnrun.training.weighting import make_resident_training, training_weights

MEMORY_SHARE = 0.25
"""The share of the device's memory that resident rows may take."""

AnyTraining = CompiledTraining | StreamedTraining
AnyEvaluation = CompiledEvaluation | StreamedEvaluation


@dataclass(frozen=True)
class Placement:
    """Where the rows are kept during training, and how many devices train.

    Attributes:
        rows: `resident` or `streaming`.
        rows_reason: Why, in words.
        precision: The number format of the layers' arithmetic.
        replicas: Devices that train together.
    """

    rows: str
    rows_reason: str
    precision: str
    replicas: int


def place(model: Any, splits: Splits, runtime: Runtime) -> Placement:
    """Decide where a model is trained, from its config, the size of the data and the device."""
    rows, reason = choose_rows(runtime.rows, splits, device_memory())
    return Placement(rows, reason, runtime.precision, replicas_of(model))


def choose_rows(requested: str, splits: Splits, memory: int | None) -> tuple[str, str]:
    """Whether the rows are `resident` or `streaming`, and why.

    Args:
        requested: `auto`, `resident` or `streaming`.
        splits: The data; the training and validation rows would be on the device together.
        memory: The device's memory in bytes; None where nobody knows.
    """
    if requested != "auto":
        return requested, "set by runtime.rows"
    parts = [splits.train] + ([splits.validation] if splits.validation is not None else [])
    arrays = [array for part in parts for array in (*part.inputs.values(), *part.targets.values())]
    if memory is not None and sum(array.nbytes for array in arrays) > MEMORY_SHARE * memory:
        return "streaming", f"the rows take more than {MEMORY_SHARE:.0%} of the device's memory"
    return "resident", "the rows fit on the device"


def make_training(
    model: Any, splits: Splits, options: Training, engine: str, rows: str
) -> AnyTraining:
    """The training steps of a model over the training rows, with their weights.

    Raises:
        UserError: A batch would have fewer rows than there are replicas.
    """
    _check_slices(replicas_of(model), splits.train.rows, options.batch_size)
    if rows == "resident":
        resident = make_resident_training(splits, options.class_weight)
        return CompiledTraining(model, resident, options.batch_size, engine)
    weights = training_weights(splits, options.class_weight)
    return StreamedTraining(model, splits.train, options.batch_size, engine, weights=weights)


def make_evaluation(
    model: Any, part: Part, engine: str, rows: str, batch_size: int | None = None
) -> AnyEvaluation:
    """The evaluation of a model over a part's rows, in batches of any size where none is given.

    The rows weigh what the part says.
    """
    if rows == "resident":
        return CompiledEvaluation(model, make_resident(part, part.weights), engine, batch_size)
    return StreamedEvaluation(model, part, engine, batch_size)


def placing_warnings(model: Any, runtime: Runtime) -> Iterator[str]:
    """Warnings about what the config asks for and this machine doesn't have."""
    if runtime.strategy == "mirrored" and replicas_of(model) == 1:
        yield "runtime.strategy is mirrored, but there is only one device: the model is trained on that one"
    if runtime.precision == "mixed_float16" and not on_gpu():
        yield (
            "mixed_float16 is made for GPUs: a CPU computes more slowly with it than with "
            "float32; consider float32, or mixed_bfloat16"
        )


def _check_slices(replicas: int, rows: int, batch_size: int) -> None:
    """Refuse a batch that leaves a replica without rows, which BatchNormalization could not average."""
    smallest = min(batch_size, rows % batch_size or batch_size)
    if smallest < replicas:
        which = "a batch" if smallest == batch_size else "the last batch of an epoch"
        raise UserError(
            f"{which} has {smallest} of the rows, fewer than the {replicas} devices that share it",
            hint="Choose another training.batch_size, or runtime.strategy: none.",
        )
