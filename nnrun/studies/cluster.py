"""Trains trials on the workers of a Dask cluster, each in a warm process of its own.

Dask finds the machines, hands the trials out, and hands those of a lost worker to another one; a
trial then continues from its last commit. The study's directory must lie where all workers see it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nnrun.device import usable_cores
from nnrun.errors import RunError, UserError
from nnrun.runs.locking import is_locked
from nnrun.runs.provenance import PACKAGES, installed_versions
from nnrun.studies.advancing import TrialTask
from nnrun.studies.pool import Pool, outcome_of
from nnrun.studies.worker import answer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.runs.outcome import Outcome

_PATIENCE = 5.0  # seconds
_HELD = 60.0  # seconds; a worker that was killed takes its trial's process with it a moment later
_PAUSE = 0.1  # seconds


class Cluster:
    """An executor whose trials are trained by the workers of a Dask cluster.

    Args:
        address: The scheduler's address, such as `tcp://scheduler:8786`.
        threads: The number of threads for an operation of a trial; None for as many as the workers
            have to spare.

    Raises:
        UserError: Dask is not installed.
    """

    def __init__(self, address: str, threads: int | None = None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UserError(
                "training on a cluster needs Dask, which is not installed",
                hint="Install it with nnrun's extra `cluster`: pip install 'nnrun[cluster]'",
            ) from error
        self._dask: Any = distributed
        self._address, self._threads = address, threads
        self._client: Any = None
        self._executor: Any = None

    def __enter__(self) -> Self:
        """Connect to the scheduler.

        Raises:
            UserError: Nothing answers there, it has no workers, or they have other software.
        """
        try:
            self._client = self._dask.Client(self._address, timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise UserError(
                f"no Dask scheduler answers at {self._address}",
                hint="Start one with `dask scheduler`, and workers with `dask worker ADDRESS`.",
            ) from error
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(pure=False)
        return self

    def __exit__(self, *error: object) -> None:
        """End the trainings; their runs can be resumed."""
        with contextlib.suppress(OSError):  # the scheduler may be gone
            self._client.run(_end, self._client.id)
        self._client.close()

    @property
    def slots(self) -> int:
        """The number of trials that all workers train at a time."""
        return sum(self._client.nthreads().values())

    @property
    def threads(self) -> int:
        """The number of threads for an operation of a trial."""
        if self._threads is None:
            cores = {_host(name): count for name, count in self._client.run(usable_cores).items()}
            slots: Counter[str] = Counter()
            for name, count in self._client.nthreads().items():
                slots[_host(name)] += count
            self._threads = min(max(1, cores[host] // slots[host]) for host in cores)
        return self._threads

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Have a trial trained by the next worker that is free."""
        config, run, runs_dir = map(_absolute, (task.config, task.run, task.runs_dir))
        theirs_task = replace(task, config=config, run=run, runs_dir=runs_dir)
        future: Future[Outcome] = Future()
        study = self._client.id
        theirs = self._executor.submit(_train, asdict(theirs_task), study, self.threads)
        theirs.add_done_callback(lambda done: self._pass_on(done, future))
        return future

    def stop(self) -> None:
        """Ask the running trainings to stop soon."""
        self._client.run(_interrupt, self._client.id)

    def _check_workers(self) -> None:
        """Refuse a cluster without workers, and workers with software that gives other bits."""
        if not self._client.nthreads():
            raise UserError(
                f"the Dask scheduler at {self._address} has no workers",
                hint=f"Start one, where nnrun is installed: dask worker {self._address}",
            )
        try:
            theirs: Mapping[str, Mapping[str, str]] = self._client.run(installed_versions)
        except ImportError as error:
            raise UserError(
                f"the workers at {self._address} have no nnrun: {error}",
                hint="Install the same version there.",
            ) from error
        own = installed_versions()
        differences = [
            f"  {worker}: {name} {versions.get(name)}, here {own.get(name)}"
            for worker, versions in theirs.items()
            for name in (*PACKAGES, "python")
            if versions.get(name) != own.get(name)
        ]
        if differences:
            raise UserError(
                "the workers have other software than this machine:\n" + "\n".join(differences),
                hint="Install the same versions everywhere.",
            )

    def _pass_on(self, done: Future[dict[str, Any]], future: Future[Outcome]) -> None:
        try:
            future.set_result(outcome_of(done.result()))
        except self._dask.KilledWorker:
            message = (
                "one worker after another was killed on it; perhaps there is too little memory"
            )
            future.set_exception(UserError(message))
        except Exception as error:  # noqa: BLE001 the future raises it
            future.set_exception(error)


def _host(worker: str) -> str:
    """The machine of a worker.

    >>> _host("tcp://10.0.0.7:45123")
    '10.0.0.7'
    """
    return worker.rpartition("://")[2].rpartition(":")[0]


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


class _Processes:
    """The warm processes of a Dask worker, by the study that they train for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._trains: Counter[str] = Counter()

    def train(self, task: TrialTask, study: str, threads: int) -> Outcome:
        """Train a trial; those of studies that train nothing here at the moment are ended."""
        from distributed import get_worker

        with self._lock:
            for other in [name for name in self._pools if not self._trains[name]]:
                if other != study:
                    self._pools.pop(other).__exit__()
            if study not in self._pools:
                self._pools[study] = Pool(get_worker().state.nthreads, threads).__enter__()
            pool = self._pools[study]
            self._trains[study] += 1
        try:
            return pool.submit(task).result()
        finally:
            with self._lock:
                self._trains[study] -= 1

    def interrupt(self, study: str) -> None:
        """Ask the trainings of a study to stop soon."""
        if study in self._pools:
            self._pools[study].stop()

    def end(self, study: str) -> None:
        """End the processes of a study."""
        with self._lock:
            pool = self._pools.pop(study, None)
        if pool is not None:
            pool.__exit__()


_processes = _Processes()


def _interrupt(study: str) -> None:
    _processes.interrupt(study)


def _end(study: str) -> None:
    _processes.end(study)


def _train(task: Mapping[str, Any], study: str, threads: int) -> dict[str, Any]:
    """On a worker: train a trial in one of its processes; the answer as data."""
    return answer_of(lambda: _advance(TrialTask(**task), study, threads))


def _advance(task: TrialTask, study: str, threads: int) -> Outcome:
    if not Path(task.config).is_file():
        raise RunError(
            f"a worker does not see {task.config}",
            hint="Say with --runs-dir a folder that all machines of the cluster share.",
        )
    until = time.monotonic() + _HELD
    while Path(task.run).is_dir() and is_locked(Path(task.run)) and time.monotonic() < until:
        time.sleep(_PAUSE)
    return _processes.train(task, study, threads)
