"""Keeps the processes that answer questions in SQL: started when first asked, used again, ended when one overruns."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import LabError
from engine.store.sandbox_process import receive_words, send

if TYPE_CHECKING:
    import pyarrow as pa

PROGRAM = Path(__file__).with_name("sandbox_process.py")
GRACE_S = 1.0  # DuckDB stops at most questions by itself; one that has not by then is ended with its process
KEPT_NAMES = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")  # of the environment: no pass phrase is in it
START_S = 30.0  # to import DuckDB on a busy machine; a question's own time begins after that


class Sandboxes:
    """Idle processes, ready for the next question."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # empty, and nobody can write into it

    def ask(
        self,
        query: str,
        views: Sequence[str],
        copy: Callable[[str, float], pa.Table],
        limit: int,
        timeout_s: float,
        *,
        explain: bool = False,
    ) -> dict[str, Any]:
        """Return columns, types, bytes and at most `limit` + 1 rows; `copy(name, seconds)` gives a view's content.

        `explain` asks how the question would be answered instead. The time for the copies counts.

        Raises
        ------
        LabError
            When the question is refused, fails, takes too long or answers with too much; the text says which.
        """
        process = self._ready()
        question = {"query": query, "views": list(views), "limit": limit, "explain": explain}
        try:
            found = _conversation(process, question, copy, timeout_s)
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
            folder, self._folder = self._folder, None
        for process in idle:
            _end(process)
        if folder is not None:
            with contextlib.suppress(OSError):  # Windows, while somebody still asks
                folder.cleanup()

    def _ready(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    return process
                _end(process)
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="faultlab-sql-")
                os.chmod(self._folder.name, 0o500)
        return _started(self._folder.name)


def _started(folder: str) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in KEPT_NAMES if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-B", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**environment, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # the others reserve a gigabyte of addresses
    )


def _conversation(
    process: subprocess.Popen[bytes], question: dict[str, Any], copy: Callable[[str, float], pa.Table], timeout_s: float
) -> dict[str, Any]:
    """Ask, hand over the views if the question is one, and return the answer."""
    asked, answers = process.stdin, process.stdout
    assert asked is not None
    assert answers is not None
    overrun = threading.Event()

    def end() -> None:
        overrun.set()
        process.kill()

    @contextlib.contextmanager
    def within(seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    try:
        with within(START_S):
            send(asked, question)
            first = receive_words(answers)
        if "refused" in first:
            return first
        deadline = time.monotonic() + timeout_s
        with within(timeout_s + GRACE_S):
            for name in question["views"]:
                send(asked, _as_stream(copy(name, deadline - time.monotonic())))
            send(asked, {"timeout_s": max(0.001, deadline - time.monotonic())})
            return receive_words(answers)
    except TimeoutError:
        raise _late(timeout_s) from None
    except (EOFError, OSError):
        if overrun.is_set():
            raise _late(timeout_s) from None
        raise LabError("This question broke the process that answers; ask in another way.") from None


def _as_stream(table: pa.Table) -> memoryview:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _late(timeout_s: float) -> LabError:
    return LabError(f"The query took longer than {timeout_s:g} s and was stopped; ask for less.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()
