"""Evaluates a finished run's model on known rows, and predicts new ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnrun.analysis.evaluation import Evaluation, recorded_of, score
from nnrun.analysis.evaluation_files import write_evaluation
from nnrun.analysis.predictions import Predictions, Sampled
from nnrun.analysis.reconstructions import Reconstructions
from nnrun.config.roles import roles_of
from nnrun.config.tasks import LABELS
from nnrun.data.load import load_inputs, load_rows
from nnrun.data.pictures import SUFFIXES, find_pictures, read_pictures
from nnrun.errors import DataError, UserError
from nnrun.tasks.lookup import find_task
from nnrun.training.engines import CompiledEvaluation, make_resident
from nnrun.training.prediction import CompiledPrediction, sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.data.splits import Part, Splits
    from nnrun.runs.best_state import BestState
    from nnrun.runs.directory import RunDirectory

SPLITS = ("test", "validation", "train")
"""The parts of a data set, in the order in which the default is chosen."""


@dataclass(frozen=True)
class OpenRun:
    """A run with the model of its best epoch.

    Attributes:
        directory: The run.
        experiment: Its config.
        signature: What the model takes and gives.
        splits: The data it was trained on; None if they are not needed.
        model: The compiled Keras model with its final weights.
        engine: The engine that compiles its steps, `xla` or `graph`.
        state: The saved state that the weights come from.
        logits: Whether each output is logits instead of probabilities.
    """

    directory: RunDirectory
    experiment: Experiment
    signature: Signature
    splits: Splits | None
    model: Any
    engine: str
    state: BestState
    logits: Mapping[str, bool]

    @property
    def epoch(self) -> int:
        """The epoch of the weights."""
        return self.state.epoch

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return tuple(self.signature.targets)

    def predict(self, split: str) -> tuple[Part, dict[str, Predictions], dict[str, float]]:
        """The rows of a split, their predictions by output, and the config's loss and metrics.

        Raises:
            UserError: The run doesn't have these rows.
        """
        _, part = choose_part(self, split)
        return part, predict_rows(self, part), keras_figures(self, part)

    def outputs(self, name: str, raw: np.ndarray) -> np.ndarray:
        """An output as probabilities `(rows, classes)` or values `(rows,)`.

        With several columns, probabilities or values `(rows, columns)`; for an autoencoder of
        pictures, pictures `(rows, *shape)`.
        """
        target = self.signature.targets[name]
        return find_task(target.task).outputs(raw, target, logits=self.logits[name])

    def predictions(
        self,
        name: str,
        outputs: np.ndarray,
        targets: np.ndarray | None = None,
        *,
        files: tuple[str, ...] = (),
        sampled: Sampled | None = None,
    ) -> Predictions:
        """An output together with its meaning."""
        target = self.signature.targets[name]
        if len(target.shape) > 1:
            return Reconstructions(outputs, targets=targets, files=files)
        labels = target.predicts == LABELS
        return Predictions(
            outputs, target.classes, targets, files, sampled, target.names, are_labels=labels
        )


def choose_part(run: OpenRun, split: str | None) -> tuple[str, Part]:
    """The rows of a split; by default the test rows, or else the next part that exists.

    Args:
        run: The run, with its data.
        split: The part's name.

    Raises:
        UserError: The run doesn't have these rows.
    """
    parts = run.splits.parts if run.splits else {}
    name = split or next(name for name in SPLITS if name in parts)
    if name not in parts:
        known = ", ".join(parts)
        what = f"has no {name} rows" if name in SPLITS else f"has no split '{name}'"
        raise UserError(f"{run.directory.name} {what}", hint=f"It has: {known}.")
    return name, parts[name]


def part_of_file(run: OpenRun, file: Path) -> tuple[str, Part]:
    """The rows of a CSV file as the model takes them, and the name under which they are evaluated.

    Raises:
        DataError: The file cannot be used.
    """
    roles = roles_of(run.experiment)
    part = load_rows(run.experiment.dataset, run.signature.as_read, str(file), roles)
    part = run.signature.transforms.part(part, run.signature.targets)
    return _split_of_file(file), part


def _split_of_file(file: Path) -> str:
    """Its own name, without the suffix."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", file.stem).lstrip(".")[:64] or "file"
    # The rows of a file `test.csv` need not be those of the run's own test.
    return f"{name}-file" if name in SPLITS else name


def predict_rows(
    run: OpenRun,
    part: Part,
    *,
    batch_size: int | None = None,
    draws: int | None = None,
) -> dict[str, Predictions]:
    """Predict rows whose targets are known, by output.

    Args:
        run: The run.
        part: The rows.
        batch_size: Rows in a batch; None for a suitable number.
        draws: The number of additional predictions with dropout on.

    Raises:
        UserError: Draws are requested, but the model has no dropout.
    """
    _check_draws(run, draws)
    outputs = _predict(run, part.inputs, batch_size)
    return {
        name: run.predictions(
            name,
            outputs[name],
            find_task(run.signature.targets[name].task).truth(
                part.targets[name], run.signature.targets[name]
            ),
            sampled=_sample(run, name, part.inputs, batch_size, draws) if draws else None,
        )
        for name in run.names
    }


def _check_draws(run: OpenRun, draws: int | None) -> None:
    if draws and any(len(target.shape) > 1 for target in run.signature.targets.values()):
        message = f"{run.directory.name} reproduces images, for which draws aren't reported"
        raise UserError(message, hint="leave --mc-samples out")


def predict_file(run: OpenRun, file: Path, *, draws: int | None = None) -> dict[str, Predictions]:
    """Predict rows without known targets, by output.

    Args:
        run: The run.
        file: A CSV file; for image models, a picture file or a folder of them.
        draws: The number of additional predictions with dropout on.

    Raises:
        DataError: The file cannot be used.
        UserError: Draws are requested, but the model has no dropout.
    """
    _check_draws(run, draws)

    read = run.signature.as_read
    specs = read.inputs
    files: tuple[str, ...] = ()
    if all(spec.columns for spec in specs.values()):
        if file.suffix.lower() in SUFFIXES:
            raise DataError(f"{run.directory.name} predicts rows of a table, not pictures")
        inputs = load_inputs(run.experiment.dataset, read, str(file))
    else:
        pictures = find_pictures(file)
        # What stands for white: 255 mostly, but 16 in the digits that nnrun carries.
        inputs = {
            name: read_pictures(pictures, spec.shape, run.signature.greatest[name])
            for name, spec in specs.items()
        }
        files = tuple(map(str, pictures))
    transforms = run.signature.transforms
    rows = transforms.turned(inputs)
    outputs = _predict(run, rows, None)
    wanted = {
        name: transforms.within({target.input: rows[target.input]})[target.input]
        for name, target in run.signature.targets.items()
        if len(target.shape) > 1
    }
    return {
        name: run.predictions(
            name,
            outputs[name],
            wanted.get(name),
            files=files,
            sampled=_sample(run, name, inputs, None, draws) if draws else None,
        )
        for name in run.names
    }


def evaluate_rows(
    run: OpenRun, split: str, part: Part, *, batch_size: int | None, draws: int | None
) -> dict[str, Evaluation]:
    """Predict rows, compute all metrics of every output, and write them into the run's directory.

    Raises:
        UserError: Draws are requested, but the model has no dropout.
        RunError: A file cannot be written.
    """
    predicted = predict_rows(run, part, batch_size=batch_size, draws=draws)
    recorded = keras_figures(run, part, batch_size)
    evaluations = {}
    for name, predictions in predicted.items():
        output = name if len(predicted) > 1 else ""
        files = run.directory.evaluation(split, output)
        evaluations[name] = score(
            predictions,
            run=run.directory.name,
            split=split,
            task=run.signature.targets[name].task,
            epoch=run.epoch,
            warnings=[run.state.doubt] if run.state.doubt else [],
            seed=run.experiment.seed,
            recorded=recorded_of(recorded, output),
            where=str(files.path),
        )
        rows = {**part.inputs, **part.read}
        write_evaluation(
            predictions, evaluations[name], files, inputs=rows, columns=run.signature.columns
        )
    return evaluations


def keras_figures(run: OpenRun, part: Part, batch_size: int | None = None) -> dict[str, float]:
    """Loss and metrics of the config on some rows, as Keras computes them."""
    weights = part.weights if run.experiment.dataset.weighting.validation else None
    rows = make_resident(part, weights)
    return CompiledEvaluation(run.model, rows, run.engine, batch_size).run()


def _predict(
    run: OpenRun, inputs: Mapping[str, np.ndarray], batch_size: int | None
) -> dict[str, np.ndarray]:
    rows = len(next(iter(inputs.values())))
    raw = CompiledPrediction(run.model, rows, run.engine, batch_size).run(inputs)
    return {name: run.outputs(name, _output_of(raw, name)) for name in run.names}


def _output_of(raw: Any, name: str) -> np.ndarray:
    """One of a model's outputs, by name if there are several."""
    output: np.ndarray = raw[name] if isinstance(raw, dict) else raw
    return output


def _sample(
    run: OpenRun,
    name: str,
    inputs: Mapping[str, np.ndarray],
    batch_size: int | None,
    draws: int,
) -> Sampled:
    samples = sample(
        run.model,
        inputs,
        draws=draws,
        engine=run.engine,
        batch_size=batch_size,
        transform=lambda raw: run.outputs(name, _output_of(raw, name)),
    )
    return Sampled(draws, samples.mean, samples.deviation)
