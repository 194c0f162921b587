"""The process that answers questions in SQL: it holds copies of the allowed views and nothing else of the lab.

It runs as a script of its own, so that one that does not hear the interrupt can be ended. Both sides speak in frames:
eight bytes of length, then JSON, or an Arrow stream for a view. Nothing that comes back is ever run.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import IO, Any

import duckdb

NESTED = re.compile(r"\[|STRUCT|MAP|UNION|BLOB|BIT\b", re.I)
SANDBOX = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "256MB",
    "max_temp_directory_size": "0MB",
    "threads": "1",
}
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


def receive(stream: IO[bytes]) -> bytes:
    """Return the next frame.

    Raises
    ------
    EOFError
        When the other side is gone.
    """
    size = stream.read(8)
    data = stream.read(int.from_bytes(size, "big")) if len(size) == 8 else b""
    if len(size) < 8 or len(data) < int.from_bytes(size, "big"):
        raise EOFError
    return data


def receive_words(stream: IO[bytes]) -> dict[str, Any]:
    """Return the next frame, which is JSON."""
    return dict(json.loads(receive(stream), object_hook=_read))


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
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            question = receive_words(asked)
        except EOFError:
            return
        with duckdb.connect(":memory:", config=dict(SANDBOX)) as sandbox:
            wrong = _statement_problem(sandbox, question["query"])
            send(answers, {"refused": wrong} if wrong else {"wanted": True})
            if not wrong:
                _register(sandbox, question["views"], asked)
                send(answers, _answer(sandbox, **question["limits"], query=question["query"]))


def _statement_problem(sandbox: duckdb.DuckDBPyConnection, query: str) -> str:
    """Return why this is not one SELECT; "" when it is."""
    try:
        statements = sandbox.extract_statements(query)
    except duckdb.Error as problem:
        return _sentence(problem)
    if len(statements) != 1:
        return f"Write one SELECT at a time, got {len(statements)} statements."
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        return "Only SELECT is allowed here: the data can be asked, not changed."
    return ""


def _register(sandbox: duckdb.DuckDBPyConnection, views: list[str], stream: IO[bytes]) -> None:
    import pyarrow as pa

    for name in views:
        sandbox.register(name, pa.ipc.open_stream(receive(stream)).read_all())
    sandbox.execute("set lock_configuration = true")


def _answer(sandbox: duckdb.DuckDBPyConnection, query: str, limit: int, timeout_s: float) -> dict[str, Any]:
    timer = threading.Timer(timeout_s, sandbox.interrupt)
    timer.start()
    try:
        sandbox.execute(query)
        described = sandbox.description or []
        nested = _nested_problem(described)
        if nested:
            return {"refused": nested}
        rows = sandbox.fetchmany(limit + 1)
    except duckdb.InterruptException:
        return {"late": True}
    except duckdb.Error as problem:
        return {"refused": _sentence(problem)}
    finally:
        timer.cancel()
    return {"columns": [c[0] for c in described], "types": [str(c[1]) for c in described], "rows": rows}


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
