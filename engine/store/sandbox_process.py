"""The process that answers questions in SQL: it holds copies of the allowed views and nothing else of the lab.

It runs as a script of its own, so that one that does not hear the interrupt can be ended. Both sides speak in frames:
eight bytes of length, then JSON, or an Arrow stream for a view. Nothing that comes back is ever run.

Which statements are harmless is not for a list of ours to promise (DuckDB 2 calls `with a as (copy … to …) select` a
SELECT): DuckDB may open no path at all, and the operating system lets this process write no byte to any file.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import duckdb

NESTED = re.compile(r"\[|STRUCT|MAP|UNION|BLOB|BIT\b", re.I)
SANDBOX = {
    "temp_directory": "",  # before the wall below closes: DuckDB would allow its own temp folder and database for ever
    "secret_directory": "/nowhere",  # the setting is shown to whoever asks, and tells where the lab's home is
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "256MB",
    "max_temp_directory_size": "0MB",
    "threads": "1",
}
WALL = "set enable_external_access = false; set lock_configuration = true"
MOST_BYTES = 16 << 20  # of an answer or any other frame of words; views are bounded where they are copied
MOST_VIEW_BYTES = 1 << 30
VALUE_BYTES = 16  # what one value costs beside its text
FETCHED = 50  # rows at a time, so that a wide answer is refused before it is whole
MEMORY = 1 << 30  # bytes of address space that questions may add; DuckDB does not count every string of its own
CPU_S = 1.0  # of the processor beyond a question's own time
# How a value that JSON has no word for is written, and read again.
TYPES: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "datetime": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "span": (
        datetime.timedelta,
        lambda span: str(span // datetime.timedelta(microseconds=1)),
        lambda text: datetime.timedelta(microseconds=int(text)),
    ),
    "decimal": (decimal.Decimal, str, decimal.Decimal),
    "uuid": (uuid.UUID, str, uuid.UUID),
}


def send(stream: IO[bytes], content: dict[str, Any] | memoryview | bytes) -> None:
    """Write one frame."""
    data = json.dumps(content, default=_written).encode() if isinstance(content, dict) else content
    stream.write(len(data).to_bytes(8, "big"))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> bytes:
    """Return the next frame of at most `most` bytes.

    Raises
    ------
    EOFError
        When the other side is gone, or announces more than it may send: its length is not believed.
    """
    head = stream.read(8)
    size = int.from_bytes(head, "big") if len(head) == 8 else most + 1
    if size > most:
        raise EOFError
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def receive_words(stream: IO[bytes]) -> dict[str, Any]:
    """Return the next frame, which is JSON.

    Raises
    ------
    EOFError
        When it is not, or is none (see `receive`).
    """
    try:
        return dict(json.loads(receive(stream, MOST_BYTES), object_hook=_read))
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise EOFError from None


def _written(value: Any) -> Any:
    for name, (kind, write, _) in TYPES.items():
        if isinstance(value, kind):
            return {name: write(value)}
    return str(value)


def _read(entry: dict[str, Any]) -> Any:
    name = next(iter(entry)) if len(entry) == 1 else None
    return TYPES[name][2](entry[name]) if name in TYPES else entry


def main() -> None:
    """Answer one question after the other until the lab has gone."""
    import pyarrow  # noqa: F401 - before the memory is counted

    wall_off()
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            question = receive_words(asked)
        except EOFError:
            return
        with duckdb.connect(":memory:", config=dict(SANDBOX)) as sandbox:
            sandbox.execute(WALL)
            query, wrong = _statement(sandbox, question["query"])
            send(answers, {"refused": wrong} if wrong else {"wanted": True})
            if not wrong:
                _register(sandbox, question["views"], asked)
                timeout_s = receive_words(asked)["timeout_s"]
                shown = f"explain {query}" if question["explain"] else query
                send(answers, _answer(sandbox, shown, question["limit"], timeout_s))


def wall_off() -> None:
    """Let the operating system keep the promises, where it can: no byte into a file, no core, little memory."""
    try:
        import resource
    except ImportError:  # Windows: DuckDB's own wall stands alone there
        return
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # other systems count what is mapped in ways of their own
        with open("/proc/self/statm", encoding="ascii") as file:
            _limit(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + MEMORY)


def _limit(what: int, most: int) -> None:
    import resource

    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _allow_cpu(seconds: float) -> None:
    """Let this process use so many seconds more of the processor; then the system ends it, whoever is still there."""
    try:
        import resource
    except ImportError:
        return
    most = int(time.process_time() + seconds + CPU_S) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _statement(sandbox: duckdb.DuckDBPyConnection, query: str) -> tuple[str, str]:
    """Return the SELECT and "", or "" and why this is not one SELECT."""
    try:
        statements = sandbox.extract_statements(query)
    except duckdb.Error as problem:
        return "", _sentence(problem)
    if len(statements) != 1:
        return "", f"Write one SELECT at a time, got {len(statements)} statements."
    if statements[0].type != duckdb.StatementType.SELECT:
        return "", "Only SELECT is allowed here: the data can be asked, not changed."
    return statements[0].query, ""


def _register(sandbox: duckdb.DuckDBPyConnection, views: list[str], stream: IO[bytes]) -> None:
    import pyarrow as pa

    for name in views:
        sandbox.register(name, pa.ipc.open_stream(receive(stream, MOST_VIEW_BYTES)).read_all())


def _answer(sandbox: duckdb.DuckDBPyConnection, query: str, limit: int, timeout_s: float) -> dict[str, Any]:
    _allow_cpu(timeout_s)
    timer = threading.Timer(timeout_s, sandbox.interrupt)
    timer.start()
    try:
        sandbox.execute(query)
        described = sandbox.description or []
        nested = _nested_problem(described)
        if nested:
            return {"refused": nested}
        rows, size = _within_bytes(_fetched(sandbox, limit + 1))
    except duckdb.InterruptException:
        return {"late": True}
    except MemoryError:
        return {"refused": "The answer needs more memory than a question may use; ask for less."}
    except OverflowError:
        return {"refused": f"The answer is larger than {MOST_BYTES >> 20} MB; ask for fewer rows or shorter text."}
    except duckdb.Error as problem:
        return {"refused": _sentence(problem)}
    finally:
        timer.cancel()
    columns, types = [c[0] for c in described], [str(c[1]) for c in described]
    return {"columns": columns, "types": types, "rows": rows, "bytes": size}


def _fetched(sandbox: duckdb.DuckDBPyConnection, most: int) -> Iterator[Sequence[Any]]:
    """Yield at most so many rows."""
    chunks = iter(lambda: sandbox.fetchmany(FETCHED), [])
    return itertools.islice(itertools.chain.from_iterable(chunks), most)


def _within_bytes(rows: Iterator[Sequence[Any]]) -> tuple[list[Sequence[Any]], int]:
    """Return the rows and what they cost; OverflowError as soon as that is more than an answer may."""
    kept, size = [], 0
    for row in rows:
        size += len(json.dumps(row, default=_written)) + VALUE_BYTES * len(row)
        if size > MOST_BYTES:
            raise OverflowError
        kept.append(row)
    return kept, size


def _nested_problem(described: Sequence[Any]) -> str:
    """Return which column would become large Python objects whatever the row limit says; "" when none does."""
    for column in described:
        if NESTED.search(str(column[1])):
            return f"Column {column[0]!r} is a {column[1]}; write cast({column[0]} as varchar) or unnest it."
    return ""


def _sentence(problem: duckdb.Error) -> str:
    """Return what DuckDB says as one line without its error class."""
    first = str(problem).strip().splitlines()[0]
    return re.sub(r"^(\w+ )*Error: ", "", first).rstrip(".") + "."


if __name__ == "__main__":
    main()
