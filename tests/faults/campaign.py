"""All faults, many times over: `python tests/faults/campaign.py TRIALS` fills the table in the docs.

Every row of the table is a fault that a release must survive, and names the tests that inject it.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"


@dataclass
class Row:
    """A fault of the table.

    Attributes:
        fault: What is done to the run.
        holds: What must hold afterwards.
        tests: What the names of its tests contain.
    """

    fault: str
    holds: str
    tests: tuple[str, ...]
    survived: int = 0
    lost: list[str] = field(default_factory=list)


ROWS = (
    Row(
        "SIGKILL of a study's process, of its workers or of both, at random moments, again and again",
        "the table, the best settings and every finished run equal those of a study that was never killed",
        ("test_a_search_killed_at_random", "test_workers_and_their_study"),
    ),
    Row(
        "SIGKILL at a random moment, up to three times, then `nnrun resume`",
        "every array, every row and every point equals the uninterrupted run's",
        ("test_killed_at_random",),
    ),
    Row(
        "stopped or interrupted at a chosen event, then resumed",
        "the same",
        (
            "test_interrupted_within",
            "test_interrupted_at_other",
            "test_epochs_that_are_made",
            "test_broken_off",
            "test_more_epochs",
            "test_a_run_may_be_moved",
        ),
    ),
    Row(
        "SIGKILL before each call of a commit that opens, syncs or renames",
        "no reported commit is lost; the result is the same; nothing is left over",
        ("test_killed_before_any_call", "test_a_crash_at_any_call"),
    ),
    Row(
        "a disk that is full at each of these calls, and then has room again",
        "the last good state loads; a message gives the cause; the result is the same",
        ("test_a_full_disk", "test_no_room"),
    ),
    Row(
        "one bit flipped in a state or its manifest, or its end cut off",
        "noticed; the state before it is used",
        ("test_damaged_arrays", "test_a_damaged", "test_each_bit", "test_what_is_known_to_load"),
    ),
    Row(
        "SIGINT or SIGTERM at any time",
        "the process leaves at once with everything written",
        ("test_signals.py",),
    ),
    Row(
        "eight processes resume one run",
        "one continues, seven are refused, no lock is left",
        ("test_eight_processes",),
    ),
    Row(
        "config, data or versions changed before a resume",
        "refused, with a message that says what changed",
        ("test_what_is_refused", "test_a_changed_config", "test_changed_rows"),
    ),
)


class Counting:
    """Counts how the tests come out, row by row; a test may say how many trials it makes."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for every phase of every test."""
        if report.skipped or (report.when != "call" and report.passed):
            return
        trials = int(dict(report.user_properties).get("trials", 1))
        for row in ROWS:
            if any(name in report.nodeid for name in row.tests):
                if report.passed:
                    row.survived += trials
                else:
                    row.lost.append(report.nodeid)
                return


def table(trials: int) -> str:
    """What came out, in Markdown."""
    lines = [
        f"{trials} random trials of each case, on {datetime.now(UTC):%Y-%m-%d}. A row counts every "
        "fault that was injected.",
        "",
        "| fault | what must hold | trials | survived | tests that failed |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.fault} | {row.holds} | {row.survived + len(row.lost)} | {row.survived} "
        f"| {', '.join(row.lost) or 'none'} |"
        for row in ROWS
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the tests, print the table, and write it into the docs."""
    parser = argparse.ArgumentParser(prog="campaign", description="Inject every fault many times.")
    parser.add_argument("trials", type=int, nargs="?", default=20)
    trials = parser.parse_args().trials
    os.environ["NNRUN_CAMPAIGN"] = str(trials)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    from docs.generate import fill

    arguments = [
        "--quiet",
        "-n",
        "auto",
        "-m",
        "faults",
        "tests/faults",
        "tests/runs",
        "tests/experiments/test_resume.py",
    ]
    code = int(pytest.main(arguments, plugins=[Counting()]))
    text = table(trials)
    print(f"\n{text}")  # noqa: T201
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), "campaign", text), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
