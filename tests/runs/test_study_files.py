"""The files of a study read back as they were written, and say so where they are not whole."""

import doctest
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.errors import RunError
from nnrun.runs import trial_table
from nnrun.runs.locking import RunLock
from nnrun.runs.study_directory import create_study
from nnrun.runs.study_record import StudyRecord, study_status
from nnrun.runs.trial_table import TRIAL_STATES, TrialRow, TrialTable

RECORD = StudyRecord(
    name="digits",
    plan={"kind": "seeds", "seeds": [42, 43]},
    metric="val_loss",
    status="finished",
    command="nnrun train digits.yaml --seeds 2",
    created="2026-11-20T14:30:05+00:00",
    threads=2,
    versions={"python": "3.11.7"},
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PATHS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
SCALARS = TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
ROWS = st.builds(
    TrialRow,
    number=st.integers(0, 99),
    state=st.sampled_from(TRIAL_STATES),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    settings=st.dictionaries(PATHS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    epochs=st.integers(0),
    seconds=st.floats(0, 1e9),
    reason=st.text(st.sampled_from("=+-'a1,\""), max_size=8),
)


def test_the_docstrings_run() -> None:
    assert doctest.testmod(trial_table).failed == 0


@given(st.lists(ROWS, max_size=5))
def test_a_table_reads_back(rows: list[TrialRow]) -> None:
    table = TrialTable(rows)
    back = TrialTable.from_csv(table.to_csv())
    assert back.rows == table.rows
    assert back.to_csv() == table.to_csv()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "number,state,value\n",
        "number,state,value,epochs,seconds,run,reason",
        "number,state,value,epochs,seconds,run,reason\n0,dancing,,1,1.0,,\n",
        "number,state,value,epochs,seconds,run,reason\n0,finished,inf,1,1.0,,\n",
        "number,state,value,epochs,seconds,run,reason\n0,finished,1.0\n",
        "number,state,value,epochs,seconds,run,reason\nx,finished,1.0,1,1.0,,\n",
    ],
)
def test_a_table_that_is_not_whole_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text(text)
    with pytest.raises(RunError, match=r"trials\.csv is damaged"):
        TrialTable.read(tmp_path / "trials.csv")
    assert TrialTable.read(tmp_path / "none.csv").rows == ()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "has format 2; this nnrun reads up to 1"),
        ({"status": "dancing"}, "its status is 'dancing'"),
        ({"plan": {}}, "its plan is of no kind"),
        ({"jobs": 0}, "it has 0 jobs"),
        ({"metric": None}, "metric is 'None'"),
    ],
)
def test_a_record_reads_back_or_is_refused(
    change: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "study.json"
    RECORD.write(path)
    assert StudyRecord.read(path) == RECORD
    written = json.loads(path.read_text()) | change
    (tmp_path / "checksums.json").unlink()
    path.write_text(json.dumps(written))
    with pytest.raises(RunError, match=problem):
        StudyRecord.read(path)


def test_how_a_study_stands_is_worked_out(tmp_path: Path) -> None:
    study = create_study(tmp_path / "runs", "digits", datetime(2026, 11, 20, 14, 30, 5))
    assert study.path.parent == tmp_path / "runs" / "studies"
    assert study.name.startswith("digits-20261120-143005-")
    assert study.trial(61).path == study.path / "trials" / "0061"
    running = replace(RECORD, status="running")
    running.write(study.record)
    assert study_status(study, running) == "died"
    with RunLock(study.path):
        assert study_status(study, running) == "running"
    RECORD.write(study.record)
    assert study_status(study, running) == "finished"
    assert study_status(study, RECORD) == "finished"
