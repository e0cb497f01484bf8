"""A process that trains trials for another one.

It reads a task a line on standard input, as JSON, and answers each with a line. It ends with its
input; a training under way ends with it at once, and can be resumed.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nnrun.device import expect_many_models, import_keras, limit_threads, resident_bytes
from nnrun.errors import RunError, UserError
from nnrun.experiments.kept import Kept
from nnrun.studies.advancing import TrialTask, advance, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnrun.runs.outcome import Outcome

RUN, USER, OTHER = "run", "user", "other"
"""What an error is of: the run's files, the user's config or data, or anything else."""


def work() -> None:
    """Train what is asked for until there is no more; the one argument is the number of threads."""
    limit_threads(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what callbacks print is no answer
    # Between two trainings an interrupt is for nobody; a training installs its own handler.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    training = threading.Event()
    threading.Thread(target=_read, args=(tasks, training), daemon=True).start()
    import_keras()  # while the first task is on its way
    expect_many_models()
    kept = Kept()
    while line := tasks.get():
        training.set()
        answer = _answer(TrialTask(**json.loads(line)), kept)
        training.clear()
        answers.write(json.dumps({**answer, "bytes": resident_bytes()}) + "\n")
        answers.flush()


def _read(tasks: queue.SimpleQueue[str], training: threading.Event) -> None:
    """Pass on the tasks, and an empty one at their end."""
    for line in sys.stdin:
        tasks.put(line)
    if training.is_set():
        os._exit(1)  # whoever would read the answer is gone
    tasks.put("")


def _answer(task: TrialTask, kept: Kept) -> dict[str, Any]:
    task = TrialTask(**{**asdict(task), "changes": tuple(task.changes)})
    return answer_of(lambda: advance(task, kept))


def answer_of(train: Callable[[], Outcome]) -> dict[str, Any]:
    """How a training came out, as data: `outcome`, or an `error` of a kind with its `message`."""
    try:
        return {"outcome": asdict(train())}
    except RunError as error:
        return {"error": RUN, "message": error.message, "hint": error.hint}
    except UserError as error:
        return {"error": USER, "message": reason_of(error), "hint": error.hint}
    except Exception as error:  # noqa: BLE001 whatever it is, it is the trial's
        return {"error": OTHER, "message": reason_of(error), "hint": ""}
