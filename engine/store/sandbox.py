"""Keeps the processes that answer questions in SQL: started when first asked, used again, ended when one overruns."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import LabError
from engine.store.sandbox_process import receive_words, send

if TYPE_CHECKING:
    import pyarrow as pa

PROGRAM = Path(__file__).with_name("sandbox_process.py")
GRACE_S = 1.0  # DuckDB stops at most questions by itself; one that has not by then is ended with its process
START_S = 30.0  # to import DuckDB on a busy machine; a question's own time begins after that


class Sandboxes:
    """Idle processes, ready for the next question."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def ask(
        self, query: str, views: Sequence[str], copy: Callable[[str], pa.Table], limit: int, timeout_s: float
    ) -> dict[str, Any]:
        """Return columns, types and at most `limit` + 1 rows; `copy` gives a view's content when it is wanted.

        Raises
        ------
        LabError
            When the question is refused, fails, or takes too long; the text says which.
        """
        process = self._ready()
        try:
            found = _conversation(process, query, views, copy, limit, timeout_s)
        except BaseException:  # it may be in the midst of anything
            _end(process)
            raise
        with self._lock:
            self._idle.append(process)
        if found.get("late"):
            raise _late(timeout_s)
        if "refused" in found:
            raise LabError(found["refused"])
        return found

    def close(self) -> None:
        """End the idle processes; the others end with their questions."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end(process)

    def _ready(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    return process
                _end(process)
        return _started()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _conversation(
    process: subprocess.Popen[bytes],
    query: str,
    views: Sequence[str],
    copy: Callable[[str], pa.Table],
    limit: int,
    timeout_s: float,
) -> dict[str, Any]:
    """Ask, hand over the views if the question is one, and return the answer."""
    import pyarrow as pa

    asked, answers = process.stdin, process.stdout
    assert asked is not None
    assert answers is not None
    overrun = threading.Event()

    def end() -> None:
        overrun.set()
        process.kill()

    def answer_within(seconds: float) -> dict[str, Any]:
        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            return receive_words(answers)
        finally:
            timer.cancel()

    try:
        send(asked, {"query": query, "views": list(views), "limits": {"limit": limit, "timeout_s": timeout_s}})
        first = answer_within(START_S)
        if "refused" in first:
            return first
        for name in views:
            table = copy(name)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            send(asked, memoryview(sink.getvalue()))
        return answer_within(timeout_s + GRACE_S)
    except (EOFError, OSError):
        if overrun.is_set():
            raise _late(timeout_s) from None
        raise LabError("This question broke the process that answers; ask in another way.") from None


def _late(timeout_s: float) -> LabError:
    return LabError(f"The query took longer than {timeout_s:g} s and was stopped; ask for less.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()
