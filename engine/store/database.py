"""One DuckDB file, one writer thread, a cursor for each reading thread.

DuckDB gives wrong results when threads share a connection, and conflicts when several update the same rows; so every
write is a function that the writer thread runs in a transaction, and every thread reads through a cursor of its own.
"""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
log = logging.getLogger(__name__)


class Database:
    """A DuckDB database with one writer; opened once in a process and closed at its end.

    Parameters
    ----------
    path
        The file, or ":memory:". Its folder is made when missing.

    Raises
    ------
    StoreError
        When the file is held by another process or is no DuckDB file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as problem:
            raise StoreError(_open_problem(path, problem)) from None
        self._local = threading.local()
        self._jobs: queue.SimpleQueue[tuple[Callable[[Any], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._writer = threading.Thread(target=self._write_loop, name="faultlab-store-writer", daemon=True)
        self._writer.start()

    def read(self) -> duckdb.DuckDBPyConnection:
        """Return this thread's cursor, for SELECT only; fetch each result to its end."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
        return cursor

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], T], timeout_s: float = 30.0) -> T:
        """Run `work(cursor)` in a transaction on the writer thread; when this returns, the rows are on disk."""
        return self.write_soon(work).result(timeout_s)

    def write_soon(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Future[T]:
        """Queue `work(cursor)` for the writer thread and return its future at once."""
        if self._closed:
            raise StoreError(f"The store {self.path} is closed; start the app again.")
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return future

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many writes are queued."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Finish the queued writes, then close; the file is checkpointed. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._writer.join(timeout=10)
        self._connection.close()

    def _write_loop(self) -> None:
        cursor = self._connection.cursor()
        while (job := self._jobs.get()) is not None:
            work, future = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                cursor.begin()
                result = work(cursor)
                cursor.commit()
            except BaseException as problem:  # the waiting thread gets it; the writer must live on
                _roll_back(cursor)
                future.set_exception(_as_store_error(self.path, problem))
            else:
                future.set_result(result)
        cursor.close()


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:
        log.debug("nothing to roll back")


def _as_store_error(path: Path | str, problem: BaseException) -> BaseException:
    if isinstance(problem, duckdb.IOException) or "No space left" in str(problem):
        return StoreError(f"The store {path} cannot be written ({problem}); free some disk space, nothing was lost.")
    return problem


def _open_problem(path: Path | str, problem: duckdb.Error) -> str:
    text = str(problem)
    if "lock" in text.lower() or "being used by another process" in text:
        return (
            f"The store {path} is in use by another FaultLab; close it, or set FAULTLAB_HOME to another folder "
            "and start again."
        )
    return f"The store {path} cannot be opened ({text.splitlines()[0]}); move the file away and start again."
