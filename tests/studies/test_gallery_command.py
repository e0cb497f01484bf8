"""`nnrun gallery`: configs in the order of their sheet, judged over seeds, whatever breaks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.analysis.gallery_view import (
    GalleryRow,
    deviation,
    draw_small_curves,
    gallery_view,
    mean_figures,
)
from nnrun.config.gallery_sheet import OTHERS, GalleryEntry, read_sheet
from nnrun.errors import ConfigError, UserError
from nnrun.pages.files import page_text
from nnrun.runs.expectations import figures_reached
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics
from nnrun.studies.gallery import Exhibit, find_exhibits, run_exhibit

LARGEST_CURVES = 40_000  # bytes
SHEET = """\
Second:
  wrong: {}
First: {tiny: {material: 90 %, seeds: 2}}
"""
CONFIG = """\
# Irises by eight hidden units,
# in two epochs.
name: NAME
dataset: {name: iris, split: {validation: 30}}
architecture: {MLP: {hidden: [8]}}
training: {epochs: 2}
runtime: {engine: graph}
expect: {params: 67, val_loss: {max: MOST}}
"""


def config(name: str, most: str = "9.0") -> str:
    return CONFIG.replace("NAME", name).replace("MOST", most)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery: a config that holds, one that fails, one that misses what it expects."""
    made = tmp_path_factory.mktemp("gallery")
    (made / "configs").mkdir()
    (made / "configs" / "gallery.yaml").write_text(SHEET)
    (made / "configs" / "tiny.yaml").write_text(config("tiny"))
    (made / "configs" / "wrong.yaml").write_text(config("wrong").replace("iris", "irris"))
    (made / "configs" / "aside.yaml").write_text(config("aside", most="0.001"))
    return made


@pytest.fixture
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.usefixtures("_there")
def test_a_whole_gallery_is_run_judged_and_continued(nnrun: Callable[..., Any]) -> None:
    done = nnrun("gallery", "--out", "page.md")
    lines = done.out.splitlines()
    assert done.code == 1
    assert lines[0].startswith("1/3  wrong  failed  dataset.name: unknown data set 'irris'")
    assert lines[1].startswith("2/3  tiny  held  params 67, val_loss ")
    assert " ± " in lines[1]
    assert lines[2].startswith("3/3  aside  missed  params 67, val_loss ")
    assert "not at most 0.001" in lines[2]
    assert lines[3] == "written: page.md"
    page = Path("page.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## Second", "## First", "## Others",
    ]  # fmt: skip
    assert "Irises by eight hidden units, in two epochs." in page
    assert "1 of 3 configs meet their expectations" in page
    for name in ("tiny", "aside"):
        assert f"![Learning curves of {name}](page/{name}.png)" in page
        assert 1000 < Path(f"page/{name}.png").stat().st_size < LARGEST_CURVES
    assert not Path("page/wrong.png").exists()

    runs = sorted(Path("runs").iterdir())
    again = json.loads(nnrun("gallery", "--out", "page.md", "--json").out)
    assert sorted(Path("runs").iterdir()) == runs, "nothing is trained twice"
    assert [row["status"] for row in again["configs"]] == ["failed", "held", "missed"]
    assert again["configs"][1]["seeds"] == [42, 43]
    assert len(runs) == 3
    assert Path("page.md").read_text() == page


@pytest.mark.usefixtures("_there")
def test_only_a_run_of_the_same_config_is_taken(tmp_path: Path) -> None:
    exhibit = Exhibit("First", Path("configs/tiny.yaml"), GalleryEntry())
    first = run_exhibit(exhibit, runs_dir=tmp_path, epochs=1)
    assert run_exhibit(exhibit, runs_dir=tmp_path, epochs=1).runs == first.runs
    assert run_exhibit(exhibit, runs_dir=tmp_path, epochs=2).runs != first.runs
    assert run_exhibit(exhibit, runs_dir=tmp_path, epochs=1, fresh=True).runs != first.runs
    text = config("next").replace("{MLP: {hidden: [8]}}", "{from_run: tiny}")
    (tmp_path / "next.yaml").write_text(text)
    built_on = Exhibit("First", tmp_path / "next.yaml", GalleryEntry())
    after = run_exhibit(built_on, runs_dir=tmp_path, epochs=1)
    assert run_exhibit(built_on, runs_dir=tmp_path, epochs=1).runs == after.runs != ()
    record = Path(first.runs[0]) / "run.json"
    assert '"nnrun": "' in record.read_text()


@pytest.mark.usefixtures("_there")
def test_a_quick_try_writes_no_page(nnrun: Callable[..., Any]) -> None:
    done = nnrun("gallery", "configs/tiny.yaml", "--epochs", "1", "--runs-dir", "quick")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert not Path("docs").exists()


@pytest.mark.usefixtures("_there")
def test_a_config_that_expects_nothing_has_held_nothing(
    nnrun: Callable[..., Any], tmp_path: Path
) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text(config("plain").rpartition("expect:")[0])
    page = tmp_path / "page.md"
    done = nnrun("gallery", str(plain), "--epochs", "1", "--out", str(page), "--runs-dir", "quick")
    assert done.code == 0
    assert done.out.startswith("1/1  plain  expects nothing  (")
    text = page.read_text()
    assert "0 of 0 configs meet their expectations, and 1 has none." in text
    assert "| expects nothing |" in text


def write_sheet(folder: Path, text: str, *configs: str) -> Path:
    for name in configs:
        (folder / f"{name}.yaml").write_text(config(name))
    (folder / "gallery.yaml").write_text(text)
    return folder


def test_a_sheet_says_order_and_seeds(tmp_path: Path) -> None:
    folder = write_sheet(tmp_path, "Two: {b: {seeds: 3}}\nOne: {a: {material: x}}\n", "a", "b", "c")
    found = find_exhibits([], folder)
    assert [(one.group, one.config.stem, one.entry) for one in found] == [
        ("Two", "b", GalleryEntry(seeds=3)),
        ("One", "a", GalleryEntry(material="x")),
        (OTHERS, "c", GalleryEntry()),
    ]
    (named,) = find_exhibits([folder / "b.yaml"], Path("elsewhere"))
    assert (named.group, named.entry.seeds) == ("Two", 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("One: {a: {}, nobody: {}}\n", "there is no config nobody.yaml"),
        ("One: {a: {}}\nTwo: {a: {}}\n", "is in the gallery twice"),
        ("One: {a: {seed: 3}}\n", "unknown key 'seed'"),
        ("One: {a: {seeds: 0}}\n", "expected"),
        ("- a\n", "expected"),
    ],
)
def test_mistakes_of_a_sheet_are_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_sheet(write_sheet(tmp_path, text, "a"))
    assert caught.value.problems[0].place is not None


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        find_exhibits([], tmp_path / "none")
    with pytest.raises(UserError, match="holds no configs"):
        find_exhibits([], tmp_path)


def test_means_and_deviations_are_those_of_the_runs() -> None:
    runs = [
        figures_reached(
            Metrics({"val_loss": loss, "loss": other}, {}, {"accuracy": right}, told), 9
        )
        for loss, other, right, told in (
            (1.0, None, 0.5, {"sparsity": 0.5}),
            (3.0, 2.0, 0.75, {"sparsity": 0.75}),
        )
    ]
    assert isinstance(mean_figures(runs)["params"], int)
    assert mean_figures(runs) == {
        "params": 9,
        "val_loss": 2.0,
        "loss": None,
        "test_accuracy": 0.625,
        "sparsity": 0.625,
    }
    assert deviation(runs, "val_loss") == pytest.approx(2**0.5)
    assert deviation(runs, "test_accuracy") == pytest.approx(0.25 / 2**0.5)
    assert deviation(runs, "params") is None
    assert deviation(runs[:1], "val_loss") is None


def test_what_a_config_says_is_no_markup() -> None:
    row = GalleryRow("A|B", "a", "my configs/a.yaml", "<b>x</b>", "1 | 2", (1,), problem="no\nrows")
    page = page_text(gallery_view([row], "", {}, None), Path("docs/page.md"))
    assert r"\<b\>x\</b\>" in page
    assert "| 1 \\| 2 | no rows |" in page
    assert "**failed**" in page
    assert "([a.yaml](../my%20configs/a.yaml))" in page


def test_many_epochs_make_no_larger_picture(tmp_path: Path) -> None:
    rows = ({"epoch": n, "loss": 1 / n, "val_loss": 1.1 / n, "mae": n % 7} for n in range(1, 5000))
    draw_small_curves(History(rows), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size < LARGEST_CURVES


@pytest.mark.usefixtures("_there")
@pytest.mark.parametrize(
    ("section", "runs", "seeds"),
    [
        ("folds: 2", 2, (42,)),
        ("seeds: 2", 2, (42, 43)),
        ("search: {space: {training.batch_size: [90, 30]}, method: grid}", 3, (43, 44, 45)),
    ],
)
def test_a_config_that_asks_for_a_study_is_one(
    section: str, runs: int, seeds: tuple[int, ...], tmp_path: Path
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(f"{config('study')}{section}\n")
    exhibit = Exhibit(OTHERS, path, GalleryEntry())
    row = run_exhibit(exhibit, runs_dir=tmp_path / "runs")
    assert (row.status, row.problem, row.parameters) == ("held", "", 67)
    assert (len(row.runs), row.seeds) == (runs, seeds)
    params, loss = row.expectations
    assert (params["value"], params["deviation"]) == (67, None)
    assert loss["deviation"] > 0
    again = run_exhibit(exhibit, runs_dir=tmp_path / "runs")
    assert again == row
    assert all((Path(run) / "history.csv").exists() for run in row.runs)
