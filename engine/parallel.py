"""Many independent jobs on all cores, or on a Dask cluster; the same results either way.

`executor()` gives a `concurrent.futures.Executor`: a pool of fresh processes, or a Dask distributed client when
FAULTLAB_DASK names its scheduler. `run_all` sends jobs through it and survives a killed worker. Jobs are functions of a
module with arguments that can be sent to another process; a job must not depend on chance or on other jobs.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.errors import LabError

Result = TypeVar("Result")

ATTEMPTS = 3  # a job whose worker dies three times is itself the killer
DASK_WAIT_S = 10
ASK_EVERY_S = 0.3  # how often a long job is asked whether it shall stop


@contextmanager
def executor(workers: int | None = None, dask: str | None = None) -> Iterator[Executor]:
    """Give an executor and close it at the end.

    Parameters
    ----------
    workers
        Processes of the pool; None = one per core.
    dask
        Address of a Dask scheduler, such as tcp://10.0.0.5:8786; None = what FAULTLAB_DASK says, if anything.

    Raises
    ------
    LabError
        When the Dask cluster cannot be reached or the `distributed` package is missing.
    """
    address = dask if dask is not None else os.environ.get("FAULTLAB_DASK", "").strip()
    if address:
        with _dask_client(address) as client:
            yield client.get_executor(pure=False, retries=ATTEMPTS - 1)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def run_all(
    function: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    workers: int | None = None,
    dask: str | None = None,
    on_done: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Result]:
    """Return `function(*job)` of each job, in the order of the jobs.

    Jobs lost with a killed worker are sent again, three times at most. `on_done(done, all)` is called after each
    job; when `cancelled()` turns true the rest is dropped.

    Raises
    ------
    LabError
        When it was cancelled, or a job killed its worker three times.
    """
    results: dict[int, Result] = {}
    for number, result in as_done(function, jobs, workers, dask, cancelled):
        results[number] = result
        if on_done is not None:
            on_done(len(results), len(jobs))
    return [results[number] for number in range(len(jobs))]


def as_done(
    function: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    workers: int | None = None,
    dask: str | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[tuple[int, Result]]:
    """Yield (number of the job, its result) as each gets ready; otherwise as `run_all`.

    No worker (0) means this process: nothing is started for a handful of jobs, and nothing leaves it.
    """
    waiting = set(range(len(jobs)))
    if workers == 0:
        for number in sorted(waiting):
            _stop_if(cancelled, number, len(jobs))
            yield number, function(*jobs[number])
        return
    for attempt in range(ATTEMPTS):
        # After a crash one worker goes on alone: fewer jobs are lost to one that kills, and memory is less tight.
        with executor(workers if attempt == 0 else 1, dask) as pool:
            try:
                for number, result in _collected(pool, function, jobs, sorted(waiting), cancelled):
                    waiting.discard(number)
                    yield number, result
            except BrokenProcessPool:
                continue
        return
    raise LabError(
        f"{len(waiting)} of {len(jobs)} jobs killed their worker {ATTEMPTS} times; try fewer workers or smaller jobs."
    )


def _collected(
    pool: Executor,
    function: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    waiting: Sequence[int],
    cancelled: Callable[[], bool] | None,
) -> Iterator[tuple[int, Result]]:
    sent: dict[Future[Result], int] = {pool.submit(function, *jobs[number]): number for number in waiting}
    broken: BrokenProcessPool | None = None
    left = set(sent)
    try:
        while left:
            _stop_if(cancelled, len(jobs) - len(left), len(jobs))
            ready, left = wait(left, ASK_EVERY_S if cancelled is not None else None, FIRST_COMPLETED)
            for future in ready:
                try:
                    result = future.result()
                except BrokenProcessPool as problem:
                    broken = problem  # others may have finished before the pool broke: keep what they found
                    continue
                yield sent[future], result
    finally:
        for future in left:
            future.cancel()
    if broken is not None:
        raise broken


def _stop_if(cancelled: Callable[[], bool] | None, done: int, of: int) -> None:
    if cancelled is not None and cancelled():
        raise LabError(f"Stopped after {done} of {of} jobs, as was asked for.")


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise LabError(
            "FAULTLAB_DASK is set, but the package distributed is missing; pip install distributed."
        ) from None
    try:
        client = distributed.Client(address, timeout=DASK_WAIT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise LabError(f"No Dask scheduler answers at {address!r} ({problem}); check FAULTLAB_DASK.") from problem
    try:
        yield client
    finally:
        client.close()
