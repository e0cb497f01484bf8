"""A gallery: many configs run one after the other, and a page with their results."""

from __future__ import annotations

import dataclasses
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from nnrun.analysis.gallery_view import (
    FAILED,
    HELD,
    MISSED,
    UNJUDGED,
    GalleryRow,
    deviation,
    draw_small_curves,
    first_comment,
    gallery_view,
    mean_figures,
)
from nnrun.config.gallery_sheet import GalleryEntry, read_sheet
from nnrun.errors import RunError, UserError
from nnrun.experiments.declare import Bases, load
from nnrun.pages.document import Picture
from nnrun.pages.files import page_files
from nnrun.pages.style import png_of
from nnrun.runs.atomic import write_each
from nnrun.runs.directory import RunDirectory
from nnrun.runs.expectations import figures_reached, judge_expectations
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.studies.advancing import reason_of
from nnrun.studies.many import plan_of, train_many
from nnrun.studies.searching import search_config
from nnrun.studies.seeds import Seeds
from nnrun.studies.study import StudyInterruptedError, Trial, study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.analysis.study_report import StudyReport
    from nnrun.config.schema import Experiment
    from nnrun.experiments.declare import Declared


@dataclass(frozen=True)
class Exhibit:
    """A config of the gallery, and how to run it.

    Attributes:
        group: The heading it appears under.
        config: Its file.
        entry: Its entry in the sheet.
    """

    group: str
    config: Path
    entry: GalleryEntry


def find_exhibits(configs: Sequence[Path], folder: Path) -> list[Exhibit]:
    """The named configs, or all of a folder, in the order of their sheets.

    Raises:
        UserError: The folder does not exist or has no configs, or its sheet has mistakes.
    """
    folders = dict.fromkeys(config.parent for config in configs) if configs else {folder: None}
    known: dict[Path, Exhibit] = {}
    for place in folders:
        if not place.is_dir():
            raise UserError(f"there is no folder {place}", hint="Name one with --folder.")
        for group, entries in read_sheet(place).items():
            for name, entry in entries.items():
                paths = (place / f"{name}{suffix}" for suffix in (".yaml", ".yml"))
                path = next(path for path in paths if path.is_file())
                known[path] = Exhibit(group, path, entry)
    if not known:
        raise UserError(f"{folder} holds no configs", hint="Configs end in .yaml or .yml.")
    return [
        known.get(config, Exhibit("Others", config, GalleryEntry())) for config in configs or known
    ]


def run_exhibit(
    exhibit: Exhibit,
    *,
    runs_dir: Path,
    seeds: int | None = None,
    epochs: int | None = None,
    fresh: bool = False,
) -> GalleryRow:
    """Run a config with its seeds, or as its study, reusing finished runs, and check the means.

    Args:
        exhibit: The config.
        runs_dir: The folder of the runs.
        seeds: The number of seeds, instead of the sheet's or the config's.
        epochs: The number of epochs, instead of the config's.
        fresh: Whether to train again even if there are finished runs.

    Returns:
        The results; for a config that failed, a row that says why.

    Raises:
        StudyInterruptedError: A signal stopped the training.
    """
    row = _not_run(exhibit)
    changes = () if epochs is None else (f"training.epochs={epochs}",)
    try:
        shows = first_comment(exhibit.config.read_text(encoding="utf-8"))
        bases = Bases(runs_dir)
        declared = load(exhibit.config, changes, bases)
        experiment = declared.experiment
        if report := _study_of(declared, changes, runs_dir, seeds=seeds, fresh=fresh):
            return _of_study(row, report)
        count = seeds or exhibit.entry.seeds
        row = dataclasses.replace(
            row, shows=shows, seeds=tuple(range(experiment.seed, experiment.seed + count))
        )
        trials = study(
            exhibit.config,
            Seeds(row.seeds),
            overrides=changes,
            runs_dir=runs_dir,
            fresh=fresh,
            bases=bases,
        )
        return _judged(row, experiment, [_finished(trial) for trial in trials])
    except StudyInterruptedError:
        raise
    except Exception as error:  # noqa: BLE001 one config that breaks must not take the others along
        return dataclasses.replace(row, problem=reason_of(error))


def _study_of(
    declared: Declared, changes: Sequence[str], runs_dir: Path, *, seeds: int | None, fresh: bool
) -> StudyReport | None:
    """The study that a config asks for, at its end; None if it asks for a single run."""
    if declared.experiment.search is not None:
        search = partial(search_config, declared.config, overrides=changes)
        return search(runs_dir=runs_dir, fresh=fresh, deliver_signals=False)
    plan = plan_of(declared, seeds=seeds)
    if plan is not None and plan_of(declared) is not None:
        return train_many(declared, plan, runs_dir=runs_dir, fresh=fresh)
    return None


def _of_study(row: GalleryRow, report: StudyReport) -> GalleryRow:
    """The row of a study: the means of its settings, of a search the best; its curves are theirs."""
    if report.status == "interrupted":
        raise StudyInterruptedError(report.signal or signal.SIGINT)
    (group, *_) = report.judged or report.groups
    records = [trial.record for trial in group.trials if trial.record is not None]
    expectations = tuple(group.expectations)
    unsound = next((trial.row.reason for trial in report.unsound), "")
    return dataclasses.replace(
        row,
        seeds=tuple(dict.fromkeys(record.seed for record in records)),
        runs=tuple(str(trial.run.path) for trial in group.trials if trial.run is not None),
        status=FAILED if unsound else _status(expectations),
        problem=unsound,
        parameters=records[0].parameters,
        epochs=fmean(record.epochs for record in records),
        seconds=report.seconds,
        expectations=expectations,
    )


def _not_run(exhibit: Exhibit) -> GalleryRow:
    """The row of a config without results."""
    return GalleryRow(
        group=exhibit.group,
        name=exhibit.config.stem,
        config=str(exhibit.config),
        shows="",
        material=exhibit.entry.material,
        seeds=(),
    )


def write_gallery(rows: Sequence[GalleryRow], out: Path) -> None:
    """Write the page, with the learning curves of each config's first run.

    A Markdown page keeps them in a folder beside it; see `page_files` for other formats.

    Raises:
        UserError: The files can't be written.
    """
    pictures = {}
    for row in rows:
        if row.status == FAILED or not row.runs:
            continue
        history = History.read(RunDirectory(Path(row.runs[0])).history)
        draw = partial(draw_small_curves, history)
        pictures[row.name] = Picture(
            f"Learning curves of {row.name}", partial(png_of, draw), name=row.name
        )
    write_each(page_files(gallery_view(rows, _facts(rows), pictures, out), out))


def _finished(trial: Trial) -> RunDirectory:
    """The run of a trial, which must be finished."""
    outcome = trial.outcome
    if outcome.status != "finished":
        raise RunError(f"it {outcome.status}: {outcome.stop_reason} (seed {trial.point.seed})")
    return RunDirectory(Path(outcome.run_dir))


def _judged(row: GalleryRow, experiment: Experiment, runs: Sequence[RunDirectory]) -> GalleryRow:
    records = [RunRecord.read(run.record) for run in runs]
    parameters = records[0].parameters or 0
    reached = [figures_reached(Metrics.read(run.metrics), parameters) for run in runs]
    judged = [
        {**item, "deviation": deviation(reached, item["figure"])}
        for item in judge_expectations(experiment.expect, mean_figures(reached))
    ]
    many = len(runs)
    return dataclasses.replace(
        row,
        runs=tuple(str(run.path) for run in runs),
        status=_status(judged),
        parameters=parameters,
        epochs=sum(record.epochs for record in records) / many,
        seconds=sum(record.seconds or 0.0 for record in records) / many,
        expectations=tuple(judged),
    )


def _status(judged: Sequence[Mapping[str, Any]]) -> str:
    if not judged:
        return UNJUDGED
    return HELD if all(item["held"] for item in judged) else MISSED


def _facts(rows: Sequence[GalleryRow]) -> str:
    """A sentence with the software and machine of the runs; empty without runs."""
    runs = [RunDirectory(Path(run)) for row in rows if row.status != FAILED for run in row.runs]
    if not runs:
        return ""
    record = RunRecord.read(runs[0].record)
    packages = (f"{name} {record.versions.get(name, '?')}" for name in ("nnrun", "keras"))
    return f"Run with {' and '.join(packages)} on {record.processor or record.device}."
