"""A thread's questions to the store: each is asked and fetched in one go, and again when the store was renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from engine.store.gate import Gate

T = TypeVar("T")
TRIES = 5


class Reader:
    """What `Database.read` returns: one SELECT at a time, run when its result is fetched.

    Parameters
    ----------
    gate
        Counts the readers.
    cursor
        Returns this thread's cursor of the present connection.
    lost
        Is told that a connection was found closed or given up, so that the writer opens another.
    """

    def __init__(self, gate: Gate, cursor: Callable[[], Any], lost: Callable[[], None]) -> None:
        self._gate, self._cursor, self._lost = gate, cursor, lost
        self._asked: tuple[str, Any] = ("", None)
        self._rows: Iterator[tuple[Any, ...]] | None = None
        self._description: list[tuple[Any, ...]] = []
        self._running: Any = None
        self._stopped = False

    def execute(self, query: str, bound: Any = None) -> Reader:
        """Take a question; it is put when its result is fetched."""
        self._asked, self._rows = (query, bound), None
        return self

    @property
    def description(self) -> list[tuple[Any, ...]]:
        """The columns of the result: name and type first, as in DB-API."""
        self._fetched()
        return self._description

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        return list(self._fetched())

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None."""
        return next(self._fetched(), None)

    def fetchnumpy(self) -> dict[str, Any]:
        """Return the result as arrays by column."""
        return dict(self._put(lambda cursor, query, bound: cursor.execute(query, bound).fetchnumpy()))

    def to_arrow_table(self) -> pa.Table:
        """Return the result as an Arrow table."""
        return self._put(lambda cursor, query, bound: cursor.sql(query, params=bound).to_arrow_table())

    def interrupt(self) -> None:
        """Stop the question that runs, from another thread; it ends with duckdb.InterruptException."""
        self._stopped, running = True, self._running
        if running is not None:
            running.interrupt()

    def _fetched(self) -> Iterator[tuple[Any, ...]]:
        if self._rows is None:
            rows, self._description = self._put(_rows_and_columns)
            self._rows = iter(rows)
        return self._rows

    def _put(self, ask: Callable[[Any, str, Any], T]) -> T:
        """Ask; who was stopped for the store's sake asks again."""
        for left in reversed(range(TRIES)):
            try:
                with self._gate.reader(self._cursor) as self._running:
                    return ask(self._running, *self._asked)
            except duckdb.InterruptException:
                if self._stopped or not left:
                    raise
            except duckdb.Error as problem:
                if not is_lost(problem):
                    raise
                self._lost()
                if not left:
                    raise StoreError(
                        f"The store cannot be read now ({_line(problem)}); ask again in a moment."
                    ) from None
            finally:
                self._running = None
        raise AssertionError


def is_lost(problem: BaseException) -> bool:
    """Tell whether DuckDB has given the connection up, or it is closed."""
    gone = isinstance(problem, duckdb.ConnectionException) and "closed" in str(problem).lower()
    return gone or isinstance(problem, duckdb.FatalException) or "invalidated" in str(problem)


def _rows_and_columns(cursor: Any, query: str, bound: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    cursor.execute(query, bound)
    columns = list(cursor.description or ())
    return cursor.fetchall(), columns


def _line(problem: BaseException) -> str:
    return str(problem).strip().splitlines()[0].rstrip(".")
