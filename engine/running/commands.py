"""Commands to the runner: other threads put them in, the runner obeys them between ticks, the caller waits."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerError
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Commands:
    """A queue of commands.

    Parameters
    ----------
    wake
        Set when a command comes, so that a waiting runner obeys at once.
    """

    def __init__(self, wake: threading.Event) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._wake = wake
        self.turn = threading.RLock()  # whoever holds it may touch the runner's state

    def call(self, work: Callable[[], T], runner: threading.Thread | None, timeout_s: float = 30.0) -> T:
        """Have `work` done between two ticks and return its result; without a living runner, do it here and now.

        Raises
        ------
        LabError
            What `work` raised, or that the runner does not answer.
        """
        if runner is None or not runner.is_alive() or runner is threading.current_thread():
            with self.turn:
                return work()
        future: Future[T] = Future()
        self._queue.put((work, future))
        self._wake.set()
        try:
            return future.result(timeout_s)
        except NoAnswerError:
            future.cancel()
            raise LabError("The engine does not answer; look at the health page and try again.") from None

    def obey(self) -> None:
        """Do everything that waits."""
        while True:
            try:
                work, future = self._queue.get_nowait()
            except queue.Empty:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as problem:  # belongs to the caller; the stream goes on
                future.set_exception(problem)
