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
        self._connection = _connect(path)
        self._generation = 0  # counts connections; a cursor of an older one is made anew
        self._local = threading.local()
        self._jobs: queue.SimpleQueue[tuple[Callable[[Any], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._at_end: list[Callable[[bool], None]] = []  # touched by the writer thread only
        self._writer = threading.Thread(target=self._write_loop, name="faultlab-store-writer", daemon=True)
        self._writer.start()

    def read(self) -> duckdb.DuckDBPyConnection:
        """Return this thread's cursor, for SELECT only; fetch each result to its end."""
        if self._closed:
            raise StoreError(f"The store {self.path} is closed; start the app again.")
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None or self._local.generation != self._generation:
            self._local.generation = self._generation
            cursor = self._local.cursor = self._connection.cursor()
        return cursor

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], T], timeout_s: float = 30.0) -> T:
        """Run `work(cursor)` in a transaction on the writer thread; when this returns, the rows are on disk.

        Raises
        ------
        StoreError
            When it was not begun within the time (it is then never done), or has not ended after twice the time.
        """
        future = self.write_soon(work)
        for _ in range(2):
            try:
                return future.result(timeout_s)
            except TimeoutError:
                if future.done():  # the work's own, and its answer
                    raise
                if future.cancel():
                    raise StoreError(
                        f"The store {self.path} is busy: nothing was written within {timeout_s:g} s; try again."
                    ) from None
        raise StoreError(
            f"The store {self.path} has been writing for {2 * timeout_s:g} s; look whether it is there before you "
            "try again."
        )

    def write_soon(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Future[T]:
        """Queue `work(cursor)` for the writer thread and return its future at once."""
        if self._closed:
            raise StoreError(f"The store {self.path} is closed; start the app again.")
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return future

    @property
    def writing(self) -> bool:
        """Whether this is the writer thread, inside a transaction of its own."""
        return threading.current_thread() is self._writer

    def at_end(self, tell: Callable[[bool], None]) -> None:
        """Call `tell(committed)` when the transaction that runs now has ended; only from inside a write."""
        self._at_end.append(tell)

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

    def compact(self) -> int:
        """Rewrite the file so that deleted rows give their space back; returns the bytes gained.

        Readers that are in the middle of a query get a StoreError and may ask again.
        """
        if str(self.path) == ":memory:":
            return 0
        done: Future[int] = Future()
        self._jobs.put((self._compact, done))
        return done.result(600)

    def _compact(self, cursor: duckdb.DuckDBPyConnection) -> int:
        path = Path(self.path)
        fresh = path.with_suffix(".compacting")
        fresh.unlink(missing_ok=True)
        cursor.execute("checkpoint")
        before = path.stat().st_size
        cursor.execute("attach '" + str(fresh).replace("'", "''") + "' as compacting")
        name = cursor.execute("select current_database()").fetchall()[0][0]
        cursor.execute('copy from database "' + name.replace('"', '""') + '" to compacting')
        cursor.execute("detach compacting")
        self._connection.close()
        fresh.replace(path)
        self._reopen()
        return before - path.stat().st_size

    def _reopen(self) -> None:
        self._connection = _connect(self.path)
        self._generation += 1

    def _write_loop(self) -> None:
        cursor = self._connection.cursor()
        while (job := self._jobs.get()) is not None:
            work, future = job
            if not future.set_running_or_notify_cancel():
                continue
            generation = self._generation
            try:
                result = work(cursor) if work == self._compact else _in_transaction(cursor, work)
            except BaseException as problem:  # the waiting thread gets it; the writer must live on
                self._recover(problem)
                self._tell_end(committed=False)
                future.set_exception(_as_store_error(self.path, problem))
            else:
                self._tell_end(committed=True)
                future.set_result(result)
            if generation != self._generation:
                cursor = self._connection.cursor()
        cursor.close()

    def _tell_end(self, *, committed: bool) -> None:
        told, self._at_end = self._at_end, []
        for tell in told:
            tell(committed)

    def _recover(self, problem: BaseException) -> None:
        """Open the file anew after an error at which DuckDB gave the connection up; committed rows are in it."""
        if not isinstance(problem, duckdb.FatalException) and "invalidated" not in str(problem):
            return
        log.error("the store's connection was given up and is opened anew: %s", problem)
        try:
            self._connection.close()
            self._reopen()
        except (duckdb.Error, StoreError):
            log.exception("the store cannot be opened anew yet")


def _connect(path: Path | str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as problem:
        raise StoreError(_open_problem(path, problem)) from None


def _in_transaction(cursor: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    try:
        cursor.begin()
        result = work(cursor)
        cursor.commit()
    except BaseException:
        _roll_back(cursor)
        raise
    return result


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:
        log.debug("nothing to roll back")


def _as_store_error(path: Path | str, problem: BaseException) -> BaseException:
    text = str(problem)
    signs = ("No space left", "Could not write file", "File too large", "invalidated")
    if isinstance(problem, duckdb.IOException) or any(sign in text for sign in signs):
        return StoreError(
            f"The store {path} cannot be written ({text.splitlines()[0]}); free some disk space, nothing was lost."
        )
    return problem


def _open_problem(path: Path | str, problem: duckdb.Error) -> str:
    text = str(problem)
    if "lock" in text.lower() or "being used by another process" in text:
        return (
            f"The store {path} is in use by another FaultLab; close it, or set FAULTLAB_HOME to another folder "
            "and start again."
        )
    return f"The store {path} cannot be opened ({text.splitlines()[0]}); move the file away and start again."
