"""One DuckDB file, one writer thread, a cursor for each reading thread.

DuckDB gives wrong results when threads share a connection, and conflicts when several update the same rows; so every
write is a function that the writer thread runs in a transaction, and every thread reads through a cursor of its own.
A connection that DuckDB gave up (a full disk) is closed and opened anew by the writer thread, as often as it takes.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from engine.errors import LabError, StoreError, UnknownOutcomeError
from engine.home import private_files
from engine.store.gate import Gate
from engine.store.reader import Reader, is_lost

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
log = logging.getLogger(__name__)
RETRY_S, LONGEST_RETRY_S = 0.1, 5.0  # between two tries to open the file anew while nobody writes
LAST_WAIT_S = 5.0  # for the end of a write that was told to stop


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
            Path(path).parent.mkdir(0o700, parents=True, exist_ok=True)
        self._connection = _connect(path)
        self._generation = 0  # counts connections; a cursor of an older one is made anew
        self._gate = Gate()
        self._local = threading.local()
        self._jobs: queue.SimpleQueue[tuple[Callable[[Any], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._problem = ""  # why there is no connection now
        self._lock = threading.Lock()  # around what runs now, so that nobody stops the write after it
        self._runs: tuple[Future[Any], Any] | None = None
        self._at_end: list[Callable[[bool], None]] = []  # touched by the writer thread only
        self._writer = threading.Thread(target=self._write_loop, name="faultlab-store-writer", daemon=True)
        self._writer.start()

    def read(self) -> Reader:
        """Return what this thread reads with, for SELECT only; a question runs when its result is fetched."""
        self._require_open()
        return Reader(self._gate, self._cursor, self._check)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        self._require_open()
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None or self._local.generation != self._generation:
            self._local.generation = self._generation
            cursor = self._local.cursor = self._connection.cursor()
        return cursor

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(f"The store {self.path} is closed; start the app again.")

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], T], timeout_s: float = 30.0) -> T:
        """Run `work(cursor)` in a transaction on the writer thread; when this returns, the rows are on disk.

        Raises
        ------
        StoreError
            When it cannot be written, or not in time: then nothing of it was done, nor will be.
        UnknownOutcomeError
            When it did not end even after it was told to stop.
        """
        return self.outcome(self.write_soon(work), timeout_s)

    def outcome(self, future: Future[T], timeout_s: float = 30.0, last_wait_s: float = LAST_WAIT_S) -> T:
        """Wait for a queued write as `write` does: what is reported as failed is not done later."""
        with contextlib.suppress(TimeoutError):
            return future.result(timeout_s)
        if future.cancel():
            raise StoreError(f"The store is busy since {timeout_s:g} s; nothing was changed, try again in a moment.")
        self._stop(future)
        try:
            return future.result(last_wait_s)
        except duckdb.InterruptException:
            wrong = f"Writing took longer than {timeout_s:g} s and was taken back; nothing was changed, try again."
            raise StoreError(wrong) from None
        except TimeoutError:
            raise UnknownOutcomeError(
                f"Writing takes longer than {timeout_s:g} s and it is not known yet whether it will be done; "
                "look whether it is there before you do it again."
            ) from None

    def _stop(self, future: Future[Any]) -> None:
        with self._lock:
            if self._runs is not None and self._runs[0] is future:
                self._runs[1].interrupt()

    def write_soon(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Future[T]:
        """Queue `work(cursor)` for the writer thread and return its future at once."""
        self._require_open()
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

    @property
    def problem(self) -> str:
        """Why the file cannot be used just now; "" when all is well."""
        return self._problem

    def close(self) -> None:
        """Finish the queued writes, stop who still reads, then close; the file is checkpointed. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._writer.join(timeout=10)
        with self._gate.alone() as empty:
            if not empty:
                log.error("somebody still reads from %s while it is closed", self.path)
            self._let_go()

    def compact(self) -> int:
        """Rewrite the file so that deleted rows give their space back; returns the bytes gained.

        Readers go on while it is rewritten; who is in the middle of a query when the files change places asks again.

        Raises
        ------
        StoreError
            When there is no room for the second file; the first one is used on.
        """
        if str(self.path) == ":memory:":
            return 0
        self._require_open()
        done: Future[int] = Future()
        self._jobs.put((self._compact, done))
        return self.outcome(done, 600)

    def _compact(self, cursor: duckdb.DuckDBPyConnection) -> int:
        path = Path(self.path)
        fresh = path.with_suffix(".compacting")
        fresh.unlink(missing_ok=True)
        before = path.stat().st_size + _waits(path)
        _copy_all(cursor, fresh)
        if not self._renew(lambda: _swap(fresh, path)):
            fresh.unlink(missing_ok=True)
            raise StoreError("The store is in use just now; compact it in a moment.")
        return before - path.stat().st_size

    def _renew(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Open the file anew, with `meanwhile` while nobody has it open; returns whether readers made room."""
        with self._gate.alone() as empty:
            if empty:
                self._let_go()
                try:
                    meanwhile()
                finally:
                    self._open_anew()
        return empty

    def _open_anew(self) -> None:
        self._generation += 1
        try:
            self._connection, self._problem = _connect(self.path), ""
        except StoreError as problem:
            self._problem = str(problem)
            log.error("the store cannot be opened anew yet: %s", problem)

    def _let_go(self) -> None:
        try:
            self._connection.close()
        except duckdb.Error:
            log.exception("the store's connection could not be closed in order")

    def _check(self) -> None:
        """Let the writer look whether the connection still works and open another if not; wait for that."""
        if not self.writing:
            with contextlib.suppress(LabError, duckdb.Error):
                self.outcome(self.write_soon(_nothing), LAST_WAIT_S)

    def _write_loop(self) -> None:
        wait_s = RETRY_S
        while True:
            try:
                job = self._jobs.get(timeout=wait_s if self._problem else None)
            except queue.Empty:
                wait_s = min(LONGEST_RETRY_S, 2 * wait_s)
                self._renew()
                continue
            if job is None:
                return
            if self._problem:
                self._renew()
            wait_s = RETRY_S
            self._do(*job)

    def _do(self, work: Callable[[Any], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            cursor = self._cursor_for_writing()
            with self._lock:
                self._runs = (future, cursor)
            result = work(cursor) if work == self._compact else _in_transaction(cursor, work)
        except BaseException as problem:  # the waiting thread gets it; the writer must live on
            self._ran()
            self._recover(problem)
            self._tell_end(committed=False)
            future.set_exception(_as_store_error(self.path, problem))
        else:
            self._ran()
            self._tell_end(committed=True)
            future.set_result(result)

    def _cursor_for_writing(self) -> duckdb.DuckDBPyConnection:
        if self._problem:
            raise StoreError(f"{self._problem.rstrip('.')}; it is tried again by itself.")
        found: tuple[int, duckdb.DuckDBPyConnection] | None = getattr(self._local, "writing", None)
        if found is None or found[0] != self._generation:
            found = self._local.writing = (self._generation, self._connection.cursor())
        return found[1]

    def _ran(self) -> None:
        with self._lock:
            self._runs = None

    def _tell_end(self, *, committed: bool) -> None:
        told, self._at_end = self._at_end, []
        for tell in told:
            tell(committed)

    def _recover(self, problem: BaseException) -> None:
        """Open the file anew after an error at which DuckDB gave the connection up; committed rows are in it."""
        if not is_lost(problem):
            return
        log.error("the store's connection was given up and is opened anew: %s", problem)
        if not self._renew():
            self._problem = f"The store {self.path} was given up and cannot be opened anew while somebody reads."


def _connect(path: Path | str) -> duckdb.DuckDBPyConnection:
    try:
        with private_files():
            return duckdb.connect(str(path))
    except duckdb.Error as problem:
        raise StoreError(_open_problem(path, problem)) from None


def _copy_all(cursor: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    """Write all that is in the database into a new file; nothing of it is left when that fails."""
    name = cursor.execute("select current_database()").fetchall()[0][0].replace('"', '""')
    cursor.execute("attach '" + str(fresh).replace("'", "''") + "' as compacting")
    try:
        cursor.execute(f'copy from database "{name}" to compacting')
    except BaseException:
        _roll_back(cursor)
        cursor.execute("detach compacting")
        fresh.unlink(missing_ok=True)
        raise
    cursor.execute("detach compacting")


def _swap(fresh: Path, path: Path) -> None:
    """Put the new file in the old one's place, if all of the old one is in it."""
    if _waits(path) or _waits(fresh):  # closing brings both to their ends
        fresh.unlink(missing_ok=True)
        raise StoreError(f"{path} could not be brought to its end before it was compacted; try it again.")
    fresh.replace(path)


def _waits(path: Path) -> int:
    """Return how many bytes have been committed that are not in the file itself yet."""
    wal = path.with_name(path.name + ".wal")
    return wal.stat().st_size if wal.exists() else 0


def _nothing(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute("select 1").fetchall()


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
    if isinstance(problem, duckdb.IOException | OSError) or is_lost(problem) or any(sign in text for sign in signs):
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
