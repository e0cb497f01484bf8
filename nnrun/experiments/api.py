"""The operations behind the commands, from a config to a run directory."""

from __future__ import annotations

import signal
import warnings
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.errors import UserError
from nnrun.experiments.declare import RUNS, Bases, load, load_run
from nnrun.experiments.lr_request import (
    SearchRange,
    apply_rate,
    check_target,
    with_constant_rate,
)
from nnrun.experiments.run_options import USUAL, RunOptions
from nnrun.experiments.trust import check_trust, with_own_code
from nnrun.runs.beginnings import check_begun
from nnrun.runs.directory import RunDirectory, create_run, create_run_at, needed_bytes
from nnrun.runs.locking import RunLock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.analysis.card import Card
    from nnrun.analysis.evaluation import Evaluation
    from nnrun.analysis.lr_report import SearchReport
    from nnrun.analysis.predictions import Predictions
    from nnrun.experiments.declare import Declared
    from nnrun.experiments.evaluate import OpenRun
    from nnrun.experiments.kept import Kept
    from nnrun.experiments.lr_find import SearchStep
    from nnrun.experiments.prepared import Prepared
    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)


def describe(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    trust: bool = False,
    plot: Path | None = None,
) -> Card:
    """Describe what a config would run; trains and discards a few steps to estimate the time.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: Where to look for the run that the model is built on.
        trust: Whether the user's own code that the config names may run.
        plot: The file to draw the model into: a `.png`, `.svg` or `.pdf`.

    Raises:
        UserError: For mistakes in the config or the data, and untrusted code.
    """
    declared = load(Path(config), overrides, Bases(Path(runs_dir)))
    check_trust(declared.experiment, declared.config, trust=trust)
    from nnrun.experiments.prepare import build, prepare_declared

    prepared = prepare_declared(declared, trust=trust)
    model = build(prepared)
    if plot is not None:
        from nnrun.experiments.draw import picture

        picture(model, plot, prepared.experiment)
    from nnrun.experiments.describe import card_of

    return card_of(prepared, model)


def train(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    run_dir: str | Path | None = None,
    command: Sequence[str] = (),
    trust: bool = False,
    watch: Watcher | None = None,
    deliver_signals: bool = True,
) -> Outcome:
    """Train the experiment that a config declares, and write its run directory.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: Where the run's directory is created, and where to look for a run that the model
            is built on.
        run_dir: The run's own directory instead; it must be missing or empty.
        command: The command line, for the record.
        trust: Whether code named by the run that the model is built on may run.
        watch: Called with every event of the training.
        deliver_signals: Whether a signal that interrupted the training (SIGINT, SIGTERM, SIGHUP)
            has its usual effect once the run is written, so that a loop doesn't start another
            training: Ctrl-C raises KeyboardInterrupt, SIGTERM ends the process, and a custom
            handler is called, after which the outcome is returned.

    Returns:
        How it came out; nothing is raised for a run that diverged.

    Raises:
        UserError: For mistakes in the config, the data or the directory; nothing is left behind.
        KeyboardInterrupt: See `deliver_signals`; the run is written and can be resumed.
    """
    return train_declared(
        load(Path(config), overrides, Bases(Path(runs_dir))),
        runs_dir=Path(runs_dir),
        run_dir=run_dir,
        command=command,
        trust=trust,
        watch=watch,
        deliver_signals=deliver_signals,
    )


def train_declared(
    declared: Declared,
    *,
    runs_dir: Path,
    run_dir: str | Path | None = None,
    command: Sequence[str] = (),
    trust: bool,
    watch: Watcher | None = None,
    deliver_signals: bool,
    options: RunOptions = USUAL,
    kept: Kept | None = None,
) -> Outcome:
    """Train a config that has been read; see `train`.

    `kept` is what the process keeps from one run to the next, if it trains many.
    """
    from nnrun.experiments.prepare import build, prepare_declared

    prepared = prepare_declared(declared, trust=trust, kept=kept)
    is_tried = kept is not None and kept.knows(prepared)
    model = build(prepared, prepared.experiment.runtime.strategy, is_tried=is_tried)
    from nnrun.experiments.train import Run

    directory = _claim(prepared, model, runs_dir, run_dir)
    # Only its holder may throw the directory away: without the lock it is another process's run.
    with RunLock(directory.path):
        run = None
        try:
            run = Run(prepared, model, directory, command, options=options, kept=kept)
            outcome = run.train(watch or _ignore)
        except BaseException as error:
            if not directory.discard() and run is not None:
                run.record_failure(error)
            raise
    return _delivered(outcome, deliver_signals)


def resume(
    directory: RunDirectory,
    *,
    epochs: int | None = None,
    anyway: bool = False,
    trust: bool = False,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
    deliver_signals: bool = True,
    options: RunOptions = USUAL,
    kept: Kept | None = None,
) -> Outcome:
    """Continue a run that was interrupted, or a finished one for more epochs.

    The result is the same, bit for bit, as if the run had never stopped.

    Args:
        directory: The run.
        epochs: The last epoch, instead of the config's.
        anyway: Continue even if config, data, versions or machine have changed; the run is marked
            as inexact.
        trust: Whether the user's own code that the run names may run.
        watch: Called with every event of the training.
        tell: Called with sentences that say what training for longer will do.
        deliver_signals: As for `train`.
        options: What is asked of it beside its config.
        kept: What the process keeps from one run to the next, if it trains many.

    Returns:
        How it came out; nothing is raised for a run that diverged.

    Raises:
        RunError: Another process is training it, it is damaged, there is nothing left to do, or
            something has changed since it was trained.
        UserError: For mistakes in its config or data; the run is left as it was.
    """
    from nnrun.experiments.resume import reopen

    check_begun(directory.path)  # before the lock is held, which looks as if it were about to begin
    with RunLock(directory.path):
        reopened = partial(reopen, directory, epochs, anyway=anyway, trust=trust)
        run = reopened(tell=tell or _ignore, options=options, kept=kept)
        try:
            outcome = run.train(watch or _ignore)
        except BaseException as error:
            run.record_failure(error)
            raise
    return _delivered(outcome, deliver_signals)


def find_learning_rate(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 500,
    budget: int | None = None,
    out_dir: str | Path = "lr-find",
    apply_to: str | Path | None = None,
    runs_dir: str | Path = RUNS,
    trust: bool = False,
    watch: Callable[[SearchStep], None] | None = None,
) -> SearchReport:
    """Search for a learning rate with a range test and trials; the model is discarded.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.batch_size=64`; never written to `apply_to`.
        lowest: The rate of the first training step.
        highest: The rate of the last one.
        steps: The number of steps.
        budget: Epochs for all trials together; None chooses by the size of the training.
        out_dir: The folder for the curve, as `<name>.png` and `<name>.csv`.
        apply_to: The file for the config with the recommended rate: a new file, or the config
            itself.
        runs_dir: Where to look for the run that the model is built on; see `train`.
        trust: Whether code that this run names may run.
        watch: Called with every step of the range test and every epoch of a trial.

    Returns:
        What every rule says, the results of the trials, and the recommended rate.

    Raises:
        UserError: For mistakes in the config, the data or the range, a loss that is not finite at
            the first step, or a rate that can't be written; nothing is left behind.
    """
    tried = SearchRange(lowest, highest, steps)
    from nnrun.experiments.prepare import build, prepare

    prepared = prepare(Path(config), overrides, Path(runs_dir), trust=trust)
    prepared, notes = with_constant_rate(prepared)
    target = None if apply_to is None else Path(apply_to)
    if target is not None:
        check_target(prepared, target)
    model, seen, out = build(prepared), watch or _ignore, Path(out_dir)
    from nnrun.experiments.lr_find import search

    report = search(prepared, model, tried, budget=budget, out_dir=out, notes=notes, watch=seen)
    return report if target is None else apply_rate(report, prepared.config, target)


def open_run(
    directory: RunDirectory,
    *,
    trust: bool = False,
    with_data: bool = True,
    tell: Callable[[str], None] = _warn,
) -> OpenRun:
    """Rebuild the model of a run from its own config and the weights of its best epoch.

    Args:
        directory: The run.
        trust: Whether the user's own code that its config names may run.
        with_data: Whether to load its training data too; the model doesn't need them.
        tell: Called with a sentence if the best epoch's weights are damaged and older ones are
            used; by default, a Python warning.

    Raises:
        RunError: The run is damaged, still being trained, or has no weights.
        ConfigError: This version of nnrun refuses its config.
        DataError: The data are needed, but missing or different.
        UserError: It names code that is not trusted.
    """
    from nnrun.experiments.base import kept_base
    from nnrun.experiments.open import load_data, load_weights, read_trained
    from nnrun.experiments.prepare import build_for

    run = read_trained(directory)
    experiment = with_own_code(load_run(directory, trust=trust), directory.resolved)
    if run.best.doubt:
        tell(f"{directory.name}: {run.best.doubt}")
    base = kept_base(directory, experiment, trust=trust)  # whose code may have to turn the rows
    signature, splits = load_data(directory, experiment, run.record, with_rows=with_data)
    model = build_for(experiment, signature, base=base)
    from nnrun.experiments.evaluate import OpenRun
    from nnrun.models.heads import gives_logits
    from nnrun.training.choosing import engine_for

    load_weights(model, run)
    engine = engine_for(model, experiment.runtime.engine)
    logits = {
        name: gives_logits(experiment, name, target, model)
        for name, target in signature.targets.items()
    }
    return OpenRun(directory, experiment, signature, splits, model, engine.name, run.best, logits)


def evaluate(
    directory: RunDirectory,
    *,
    split: str | None = None,
    data: Path | None = None,
    batch_size: int | None = None,
    mc_samples: int | None = None,
    trust: bool = False,
    tell: Callable[[str], None] = _warn,
) -> dict[str, Evaluation]:
    """Evaluate a run's best model, and write `evaluation/<split>/` in its directory.

    A model with several outputs has a directory for each of them in there.

    Args:
        directory: The run.
        split: `train`, `validation` or `test`; None for the last of these that exists.
        data: A file of rows to evaluate instead.
        batch_size: Rows predicted at once; None for a suitable number.
        mc_samples: The number of additional predictions with dropout on.
        trust: Whether the user's own code that the run names may run.
        tell: As for `open_run`.

    Returns:
        The figures of each output.

    Raises:
        UserError: For a run that can't be used, rows that don't exist, and mistakes in the file.
    """
    if split is not None and data is not None:
        raise UserError("--split and --data name different rows", hint="Give one of them.")
    run = open_run(directory, trust=trust, with_data=data is None, tell=tell)
    from nnrun.experiments.evaluate import choose_part, evaluate_rows, part_of_file

    name, part = choose_part(run, split) if data is None else part_of_file(run, data)
    return evaluate_rows(run, name, part, batch_size=batch_size, draws=mc_samples)


def predict(
    directory: RunDirectory,
    file: Path,
    *,
    mc_samples: int | None = None,
    trust: bool = False,
    tell: Callable[[str], None] = _warn,
) -> dict[str, Predictions]:
    """Predict rows without known targets, by output.

    Args:
        directory: The run.
        file: A file with the feature columns; for pictures, a PNG or JPEG file or a folder of them.
        mc_samples: The number of additional predictions with dropout on.
        trust: Whether the user's own code that the run names may run.
        tell: As for `open_run`.

    Raises:
        UserError: For a run that can't be used or has no dropout, and mistakes in the file.
    """
    run = open_run(directory, trust=trust, with_data=False, tell=tell)
    from nnrun.experiments.evaluate import predict_file

    return predict_file(run, file, draws=mc_samples)


def _claim(
    prepared: Prepared, model: Any, runs_dir: Path, run_dir: str | Path | None
) -> RunDirectory:
    """Claim a directory for the run, with room for its checkpoints."""
    needed = needed_bytes(model.count_params())
    if run_dir is not None:
        return create_run_at(Path(run_dir), needed_bytes=needed)
    now = datetime.now().astimezone()
    return create_run(runs_dir, prepared.experiment.name, now, needed_bytes=needed)


def _delivered(outcome: Outcome, wanted: bool) -> Outcome:
    """Return an outcome, after delivering a signal that came during its training."""
    if wanted and outcome.signal is not None:
        signal.raise_signal(outcome.signal)
    return outcome


def _ignore(told: object) -> None:
    del told
