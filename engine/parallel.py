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
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.errors import LabError

Result = TypeVar("Result")

ATTEMPTS = 3  # a job whose worker dies three times is itself the killer
DASK_WAIT_S = 10


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
    for attempt in range(ATTEMPTS):
        waiting = [number for number in range(len(jobs)) if number not in results]
        # After a crash one worker goes on alone: fewer jobs are lost to one that kills, and memory is less tight.
        with executor(workers if attempt == 0 else 1, dask) as pool:
            try:
                _collect(pool, function, jobs, waiting, results, on_done, cancelled)
            except BrokenProcessPool:
                continue
        return [results[number] for number in range(len(jobs))]
    lost = len(jobs) - len(results)
    raise LabError(
        f"{lost} of {len(jobs)} jobs killed their worker {ATTEMPTS} times; try fewer workers or smaller jobs."
    )


def _collect(
    pool: Executor,
    function: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    waiting: Sequence[int],
    results: dict[int, Result],
    on_done: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    sent: dict[Future[Result], int] = {pool.submit(function, *jobs[number]): number for number in waiting}
    broken: BrokenProcessPool | None = None
    for future in as_completed(sent):
        if cancelled is not None and cancelled():
            for other in sent:
                other.cancel()
            raise LabError(f"Stopped after {len(results)} of {len(jobs)} jobs, as was asked for.")
        try:
            results[sent[future]] = future.result()
        except BrokenProcessPool as problem:
            broken = problem  # others may have finished before the pool broke: keep what they found
            continue
        if on_done is not None:
            on_done(len(results), len(jobs))
    if broken is not None:
        raise broken


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
