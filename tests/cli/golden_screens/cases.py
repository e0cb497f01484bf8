"""Command lines by name; `NAME-WIDTH.txt` beside this file is the screen that each must give."""

import contextlib
import io
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from nnrun.cli.app import main

FOLDER = Path(__file__).parent
WIDTHS = (80, 120)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
# What the clock and the machine decide, and what stands in their place.
_MASKS = {
    r"-\d{8}-\d{6}-[0-9a-z]{4}\b": "-DATE-TIME-WORD",
    r"\b\d[\d.]*(?:e-\d+)? (?:ms|s)\b": "SECONDS",
    r"\b\d[\d.,]* [KMG]iB\b": "SIZE",
    r"(?m)^(engine +\w+) on .*$": r"\1 on DEVICE",
    r"(?<= rows; )[^;\n]+(?=; graph: )": "DEVICE",
    r"(?m)(?<=set by runtime.engine; ).*$": "DEVICE",
}
_FRACTION = re.compile(r"\d+\.\d+(?:e[-+]\d+)?")
_EPOCH_SECONDS = re.compile(r"(?m)^( +\d+(?:  +[\d.]+)+  +)\d+\.\d{3}(?=(?:  \*)?$)")


@dataclass(frozen=True)
class Case:
    """A command line whose screen is kept.

    Attributes:
        command: What is typed after `nnrun`, words between spaces.
        masked: Whether the clock and the machine decide some of it.
        terminal: Whether the output is a terminal; a training draws bars on one.
        answer: What the user types when asked.
    """

    command: str
    masked: bool = False
    terminal: bool = True
    answer: str = ""


LISTS = {
    "list": Case("list"),
    "list_columns": Case(
        "list --columns name,optimizer,learning_rate,hidden,val_loss,test_accuracy"
    ),
    "list_filter": Case("list --filter val_accuracy>0.78 --sort val_accuracy"),
    "list_filter_wrong": Case("list --filter val_acuracy>>0.78"),
    "list_name_wrong": Case("list --sort val_acuracy"),
    "list_nothing": Case("list --filter seed=7"),
    "list_no_runs": Case("list --runs-dir nowhere"),
}
RUNS = {
    "show_run": Case("show deep"),
    "show_run_failed": Case("show failed"),
    "show_run_misspelt": Case("show depe-1"),
    "show_run_ambiguous": Case("show seed"),
    "show_run_with_set": Case("show deep-1 --set seed=1"),
    "plot": Case("plot base sgd --metric val_accuracy --out c.svg"),
    "plot_metric_wrong": Case("plot base --metric val_acuracy"),
    "plot_folder_missing": Case("plot base --out nowhere/c.svg"),
    "plot_file_wrong": Case("plot base --out c.gif"),
    "rm": Case("rm base sgd --yes"),
    "rm_asks": Case("rm base sgd", answer="n\n"),
    "rm_filter": Case("rm --filter status=failed -y"),
    "rm_unasked": Case("rm"),
    "rm_unknown": Case("rm bsae-1 --yes"),
    "tensorboard_no_runs": Case("tensorboard --runs-dir nowhere"),
}
STUDIES = {
    "list_studies": Case("list --runs-dir studied"),
    "show_study": Case("show seeds --runs-dir studied"),
    "show_study_misspelt": Case("show seed-1 --runs-dir studied"),
    "show_trial_missing": Case("show seeds/7 --runs-dir studied"),
    "show_trial_of_no_study": Case("show sedes/0 --runs-dir studied"),
    "compare_studies": Case("compare seeds wide --runs-dir studied"),
    "compare_study_and_run": Case("compare seeds alone-1 --runs-dir studied --anyway"),
    "diff_studies": Case("diff seeds wide --runs-dir studied"),
    "plot_studies": Case("plot seeds wide --runs-dir studied --out c.svg"),
    "eval_study": Case("eval seeds --runs-dir studied"),
    "resume_study_finished": Case("resume seeds --runs-dir studied"),
    "resume_study_longer": Case("resume seeds --epochs 9 --runs-dir studied"),
    "rm_study_asks": Case("rm seeds alone --runs-dir studied", answer="n\n"),
    "rm_trial": Case("rm seeds/1 --runs-dir studied --yes"),
    "train_study_in_run_dir": Case("train tiny.yaml --seeds 3 --run-dir one"),
    "train_jobs_of_one": Case("train tiny.yaml --jobs 2"),
    "train_no_seeds": Case("train tiny.yaml --seeds 0"),
}
COMPARISONS = {
    "diff": Case("diff base deep"),
    "diff_same": Case("diff base base-1"),
    "compare_two": Case("compare base sgd"),
    "compare_deep": Case("compare base deep"),
    "compare_three": Case("compare base sgd deep"),
    "compare_seeds": Case("compare base-1 sgd-1 seed*"),
    "compare_many": Case("compare *-1 failed-* --anyway"),
    "compare_other_data": Case("compare base other"),
    "compare_other_data_anyway": Case("compare base other --anyway"),
    "compare_one": Case("compare base"),
    "compare_one_left": Case("compare base-1 failed-* diverged-1"),
    "compare_metric_wrong": Case("compare base sgd --metric f1"),
    "compare_unknown": Case("compare base depe-1"),
}
CONFIGS = {
    "validate": Case("validate tiny.yaml"),
    "validate_wrong": Case("validate wrong.yaml tiny.yaml"),
    "show_config": Case("show tiny.yaml", masked=True),
    "train": Case("train tiny.yaml --runs-dir trained", masked=True, terminal=False),
    "train_missing": Case("train tinny.yaml", terminal=False),
    "lr_find": Case("lr-find tiny.yaml --steps 60 --budget 3", masked=True),
    "lr_find_range_wrong": Case("lr-find tiny.yaml --min 1 --max 0.1"),
}
MODELS = {
    "show_run_real": Case("show tiny", masked=True),
    "eval": Case("eval tiny", masked=True),
    "eval_split_wrong": Case("eval tiny --split tset"),
    "eval_no_model": Case("eval base"),
    "predict": Case("predict tiny rows.csv", masked=True),
    "predict_column_missing": Case("predict tiny short.csv"),
    "predict_out_stands": Case("predict tiny rows.csv --out rows2.csv"),
    "predict_file_missing": Case("predict tiny nothing.csv"),
}
SERVED = "tensorboard"
"""The screen of a command that ends only when it is interrupted; as wide as it is."""
CASES: dict[str, Case] = {**LISTS, **RUNS, **STUDIES, **COMPARISONS, **CONFIGS, **MODELS}
FILES = {SERVED, *(f"{name}-{width}" for name in CASES for width in WIDTHS)}
"""The golden files, without their suffix."""


class _Stream(io.TextIOWrapper):
    """Text kept in memory that may say that it is a terminal."""

    def __init__(self, *, terminal: bool, text: str = "") -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        content: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return _COLOR.sub("", content.decode())


def take_screen(case: Case, folder: Path) -> str:
    """What a user of `nnrun COMMAND` in `folder` reads, whose terminal is COLUMNS wide."""
    stdout, stderr = _Stream(terminal=case.terminal), _Stream(terminal=False)
    stdin = _Stream(terminal=bool(case.answer), text=case.answer)
    kept = sys.argv, sys.stdin, [*sys.path], signal.getsignal(signal.SIGINT)
    sys.argv, sys.stdin = ["nnrun", *case.command.split()], stdin
    code = 0
    try:
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv, sys.stdin, sys.path[:] = kept[:3]
        signal.signal(signal.SIGINT, kept[3])
    parts = [f"$ nnrun {case.command}\n", stdout.text()]
    if stderr.text():
        parts += ["--- standard error\n", stderr.text()]
    screen = "".join([*parts, f"--- exit code {code}\n"]).replace(str(folder.resolve()), "FOLDER")
    return _mask(screen) if case.masked else screen


def _mask(screen: str) -> str:
    screen = _EPOCH_SECONDS.sub(r"\1S.SSS", screen)
    for pattern, word in _MASKS.items():
        screen = re.sub(pattern, word, screen)
    # Another processor may round a trained figure otherwise: its place is kept, not its digits.
    return _FRACTION.sub(lambda found: re.sub(r"\d", "#", found[0]), screen)
