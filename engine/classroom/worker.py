"""One thread that does work in order, so that nothing is done twice and no page does it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from engine.errors import LabError

LEAST_S = 2.0  # how long an end waits for what is being done now


class Worker:
    """Runs work one after the other; its thread begins with the first.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name, self._lock = name, threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        """Queue work and return its future; LabError once the worker has ended."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise LabError("The class is closed; start the app again.")
            self._jobs.put((future, lambda: work(*given)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return future

    def close(self) -> None:
        """End after the work that runs now, if that is done soon; what waits is cancelled. May be called twice."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(LEAST_S)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if self._closed:
                future.cancel()
            elif future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as problem:
                    future.set_exception(problem)
