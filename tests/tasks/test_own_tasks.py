"""The rules of a config hold of a task of the user's own once its code may run."""

from pathlib import Path

import pytest

from nnrun.errors import ConfigError
from nnrun.experiments.declare import load
from nnrun.experiments.prepare import prepare

OWN = f"{__package__}.test_contract:Counts"
CONFIG = f"""dataset: {{csv: rows.csv, target: y, task: {OWN}, split: {{validation: 2}}}}
architecture: [Dense: 1]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("x,y\n" + "".join(f"{row},{row * row}\n" for row in range(10)))
    path = tmp_path / "own.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("training.class_weight=balanced", "is for classes, but the task is"),
        ("metrics=[accuracy]", "accuracy is for classes, but the task is"),
        ("architecture=[Dense: 3]", "the last layer has 3 units, the target 1 number"),
    ],
)
def test_what_does_not_fit_it_is_refused_as_soon_as_its_code_may_tell(
    config: Path, override: str, says: str
) -> None:
    load(config, [override])  # where no code of the user's runs, nobody can know
    with pytest.raises(ConfigError, match=says):
        prepare(config, [override], config.parent / "runs", trust=True)
