"""A search as a study: its trials are runs, the same ones again, and the best becomes a config."""

from pathlib import Path

from nnrun.config.changed_text import with_changes
from nnrun.config.loading import load_experiment
from nnrun.config.writer import overrides_of
from nnrun.experiments.declare import load
from nnrun.runs.outcome import Outcome
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord
from nnrun.runs.trial_table import TrialTable
from nnrun.studies.conducting import settings_of
from nnrun.studies.many import train_many
from nnrun.studies.plans import read_plan
from nnrun.studies.search_plan import SearchPlan
from tests.conftest import TINY

SEARCH = """\
search:
  method: sobol
  trials: 3
  stop_early: none
  space:
    architecture.MLP.hidden: {each: {from: 4, to: 16}, times: [1, 2]}   # narrow
    optimizer: [SGD: {learning_rate: {from: 0.01, to: 1, log: true}}, Adam]
"""


def test_a_search_is_a_study_that_goes_on_and_ends_in_a_config(tmp_path: Path) -> None:
    config, runs = tmp_path / "tiny.yaml", tmp_path / "runs"
    config.write_text(TINY + SEARCH)

    def searched() -> StudyDirectory:
        declared = load(config)
        train_many(declared, SearchPlan(declared.experiment, config), runs_dir=runs)
        (path,) = (runs / "studies").iterdir()
        return StudyDirectory(path)

    directory = searched()
    table = TrialTable.read(directory.table)
    assert [(row.number, row.state, row.epochs) for row in table.rows] == [
        (number, "finished", 2) for number in range(3)
    ]
    assert table.paths == ("architecture.MLP.hidden", "optimizer")
    space = load_experiment(config).search
    assert space is not None
    for row in table.rows[1:]:
        assert space.settings.answers(row.settings) is not None
    # The same command again makes no new runs.
    runs_before = sorted(directory.trials.iterdir())
    assert searched() == directory
    assert sorted(directory.trials.iterdir()) == runs_before
    assert TrialTable.read(directory.table).rows == table.rows
    # And its record holds all that it takes to ask for the same trials.
    again = read_plan(StudyRecord.read(directory.record).plan, directory)
    first = again.ask()
    assert first is not None
    again.tell(first, Outcome.read(directory.trial(0)))
    second = again.ask()
    assert second is not None
    assert settings_of(second) == table.rows[1].settings
    best = tmp_path / "best.yaml"
    best.write_text(with_changes(config, overrides_of(table.rows[1].settings), best))
    assert "# narrow" in best.read_text()
    found = load_experiment(best).architecture
    assert list(found.arguments["hidden"]) == table.rows[1].settings["architecture.MLP.hidden"]
