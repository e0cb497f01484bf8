"""What a search says of its best settings, by the figures of trials made by hand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nnrun.analysis.search_plot import draw_search
from nnrun.analysis.search_view import best_settings, search_blocks
from nnrun.analysis.study_report import StudyReport, TrialReport
from nnrun.pages.document import Document
from nnrun.pages.style import drawing
from nnrun.pages.terminal import Screen, screen_text
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord
from nnrun.runs.trial_table import TrialRow

RATE = "optimizer.Adam.learning_rate"
METRIC = "val_accuracy"
OWN: dict[str, Any] = {}


def report(
    kind: str,
    trials: Sequence[tuple[Mapping[str, Any], float]],
    confirmation: StudyReport | None = None,
    status: str = "finished",
) -> StudyReport:
    reports = [
        TrialReport(
            TrialRow(number, "finished", value, settings, 1, 1.0, "", ""), None, {METRIC: value}
        )
        for number, (settings, value) in enumerate(trials)
    ]
    record = StudyRecord("s", {"kind": kind}, METRIC, status, "", "")
    directory = StudyDirectory(Path("s"))
    return StudyReport(directory, record, status, tuple(reports), None, confirmation)


def searched(
    confirmed: Mapping[float | None, Sequence[float]] | None, status: str = "finished"
) -> StudyReport:
    """A search in which rate 0.1 looks best; each rate has an accuracy for each of some other seeds."""
    trials = [(OWN, 0.5), ({RATE: 0.1}, 0.9), ({RATE: 0.2}, 0.8)]
    if confirmed is None:
        return report("search", trials)
    again = [
        ({**({} if rate is None else {RATE: rate}), "seed": seed}, value)
        for rate, values in confirmed.items()
        for seed, value in enumerate(values)
    ]
    return report("search", trials, report("confirmation", again, status=status))


def sentence(study: StudyReport) -> str:
    text = screen_text(Document("s", search_blocks(study), dict), Screen(1000))
    return text.strip().splitlines()[-1]


def test_without_other_seeds_the_best_is_flattered() -> None:
    assert sentence(searched(None)) == (
        "The best settings have a val_accuracy of 0.9000, the config's own values 0.5000. They were "
        "chosen by these very rows, which flatters them: train best.yaml with other seeds."
    )
    assert best_settings(searched(None)) == {RATE: 0.1}


def test_the_gain_is_that_over_the_same_seeds() -> None:
    """Differences of 0.2, 0.21 and 0.19: an error of sqrt(0.0001 / 3), and t(0.975, 2) is 4.3027."""
    study = searched({None: [0.5, 0.6, 0.7], 0.1: [0.7, 0.81, 0.89]})
    assert sentence(study) == (
        "With other seeds, the settings of trial 1 have a val_accuracy of 0.8000, the config's own "
        "values 0.6000: a difference of 0.2000, 95 % interval 0.1752 to 0.2248."
    )
    scattered = searched({None: [0.5, 0.6, 0.7], 0.1: [0.7, 0.9, 0.8]})
    assert sentence(scattered).endswith(
        "95 % interval -0.0484 to 0.4484, so the two cannot be told apart."
    )


def test_several_settings_are_several_tests() -> None:
    """p is 0.0302 for differences of 0.1, 0.17 and 0.19; for two tests, that is no longer enough."""
    own, better = [0.5, 0.5, 0.5], [0.6, 0.67, 0.69]
    assert "told apart" not in sentence(searched({None: own, 0.1: better}))
    several = searched({None: own, 0.1: better, 0.2: [0.5, 0.6, 0.4]})
    assert "interval 0.0000 to " in sentence(several)
    assert sentence(several).endswith("so the two cannot be told apart.")


@pytest.mark.parametrize(
    ("confirmed", "status", "best"),
    [
        ({None: [0.5, 0.5], 0.1: [0.6, 0.6], 0.2: [0.7, 0.7]}, "finished", {RATE: 0.2}),
        ({None: [0.5, 0.5], 0.1: [0.4, 0.4]}, "finished", {}),
        ({None: [0.5], 0.1: [0.4]}, "interrupted", {RATE: 0.1}),
    ],
)
def test_other_seeds_decide_which_settings_are_best(
    confirmed: Mapping[float | None, Sequence[float]], status: str, best: Mapping[str, Any]
) -> None:
    study = searched(confirmed, status)
    assert best_settings(study) == best
    is_own = "With other seeds, none of them is better than the config's own values (0.5000)."
    assert (sentence(study) == is_own) == (confirmed[None][0] > confirmed[0.1][0])


def test_the_best_settings_are_what_the_config_expects_figures_of() -> None:
    study = searched({None: [0.5, 0.5], 0.1: [0.6, 0.6]})
    assert [group.settings for group in study.judged] == [{RATE: 0.1}]
    assert [group.settings for group in searched(None).judged] == [{RATE: 0.1}]
    assert study.confirmation is not None
    assert len(study.confirmation.judged) == 2


def test_the_picture_has_a_panel_for_each_option_that_varies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels: dict[str, list[tuple[str, list[float], list[float]]]] = {}

    @contextmanager
    def kept(*args: Any, **options: Any) -> Iterator[Any]:
        with drawing(*args, **options) as figure:
            yield figure
            for axes in figure.axes:
                lines = [line for line in axes.lines if line.get_marker() == "o"]
                panels[axes.get_title(loc="left")] = [
                    (
                        str(line.get_markerfacecolor()),
                        list(line.get_xdata()),
                        list(line.get_ydata()),
                    )
                    for line in lines
                ]

    monkeypatch.setattr("nnrun.analysis.search_plot.drawing", kept)
    adam = {"Adam": {"learning_rate": 0.1}}
    study = report(
        "search",
        [
            ({}, 0.5),
            ({"optimizer": adam, "architecture.MLP.hidden": [8]}, 0.7),
            ({"optimizer": "SGD", "architecture.MLP.hidden": [16, 4]}, 0.6),
            ({"optimizer": adam, "architecture.MLP.hidden": [64]}, 0.8),
        ],
    )
    draw_search(study, tmp_path / "search.png")
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")
    whole = {
        name: [dots for fill, *dots in lines if fill != "none"] for name, lines in panels.items()
    }
    assert whole == {
        "the best so far (hollow: stopped early)": [[[0, 1, 2, 3], [0.5, 0.7, 0.6, 0.8]]],
        "optimizer": [[[0, 1, 0], [0.7, 0.6, 0.8]]],
        "entries of hidden": [[[1, 2, 1], [0.7, 0.6, 0.8]]],
        "hidden.0": [[[8, 16, 64], [0.7, 0.6, 0.8]]],
    }
