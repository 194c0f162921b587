"""Group commit: what many senders wait for at the same time is written in one transaction.

A sender's future ends when its part is on disk, or with the reason why it is not. A part that failed is gone: nobody
is told "not stored" of something that a later transaction writes after all.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.store.database import Database

T = TypeVar("T")
WAIT_S = 30.0


class GroupCommit(Generic[T]):
    """Parts that wait for the writer thread; whatever waits when it is free goes into one transaction.

    Parameters
    ----------
    write
        Called as write(cursor, parts) inside the transaction.
    """

    def __init__(self, database: Database, write: Callable[[Any, list[T]], object]) -> None:
        self._database, self._write = database, write
        self._lock = threading.Lock()
        self._waiting: list[tuple[T, Future[None]]] = []
        self._written: list[tuple[T, Future[None]]] = []  # touched by the writer thread only
        self.commits = 0

    def add(self, part: T) -> Future[None]:
        """Queue a part and return its future at once; StoreError when the store is closed."""
        future: Future[None] = Future()
        with self._lock:
            first = not self._waiting
            self._waiting.append((part, future))
        if first:
            try:
                self._database.write_soon(self._work).add_done_callback(self._settle)
            except BaseException:
                self._take()
                raise
        return future

    def _take(self) -> list[tuple[T, Future[None]]]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def _work(self, cursor: Any) -> None:
        self._written = [(part, future) for part, future in self._take() if future.set_running_or_notify_cancel()]
        if self._written:
            self._write(cursor, [part for part, _ in self._written])

    def _settle(self, done: Future[None]) -> None:
        """Tell the senders how it ended; runs on the writer thread before its next transaction."""
        problem = done.exception()
        # A transaction that could not even begin has taken nothing: those who wait for it still wait.
        told = self._written or (self._take() if problem is not None else [])
        self._written = []
        self.commits += bool(told)
        for _, future in told:
            if future.cancelled():
                continue
            if problem is None:
                future.set_result(None)
            else:
                future.set_exception(problem)


def wait_for(future: Future[None], what: str, timeout_s: float = WAIT_S) -> None:
    """Wait until a part is on disk.

    Raises
    ------
    StoreError
        When it cannot be written, or it takes too long; the sentence says whether it may still be written.
    """
    try:
        future.result(timeout_s)
    except Late:
        if future.cancel():
            raise StoreError(f"The store is busy, so {what} were not stored; send them again.") from None
        raise StoreError(
            f"The store is busy; it cannot be said yet whether {what} are stored. Look before you send them again."
        ) from None


def written_already() -> Future[None]:
    """Return the future of a part that has nothing to write."""
    future: Future[None] = Future()
    future.set_result(None)
    return future
