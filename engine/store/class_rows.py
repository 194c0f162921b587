"""Rows of one class table as dictionaries: append, replace, find, erase. Column names are ours, values are bound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from engine.store.database import Database

Row = dict[str, Any]
MOST_KEPT = 5000


def create_tables(database: Database, schema: str) -> None:
    """Make the tables of a schema file of this folder where they are missing."""
    text = (Path(__file__).parent / schema).read_text("utf-8")
    database.write(lambda cursor: cursor.execute(text) and None)


class Rows:
    """One table; every method runs bound statements only.

    Parameters
    ----------
    database
        Where the table is.
    table
        Its name, one of the schema file.
    cached
        Keep what was found until the next write through this object; for small tables that every click reads. There
        is one such object for each table, because only one process can hold the file.
    """

    def __init__(self, database: Database, table: str, *, cached: bool = False) -> None:
        self._database, self._table, self._cached = database, table, cached
        self._version, self._known = 0, dict[tuple[Any, ...], tuple[int, list[Row]]]()
        read = database.read().execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = ?", [table]
        )
        self._columns = frozenset(name for (name,) in read.fetchall())
        if not self._columns:
            raise ValueError(f"table must exist, got {table!r}.")

    def add(self, **values: Any) -> None:
        """Append a row; on disk when this returns."""
        self._write(lambda cursor: self.insert(cursor, values))

    def add_all(self, rows: list[Row]) -> None:
        """Append many rows in one transaction."""
        self._write(lambda cursor: self._insert_all(cursor, rows, False))

    def add_next(self, **values: Any) -> int:
        """Append a row with the next `seq` and return it."""

        def work(cursor: duckdb.DuckDBPyConnection) -> int:
            seq = int(self.last(cursor, "seq", 0)) + 1
            self.insert(cursor, {"seq": seq, **values})
            return seq

        return int(self._write(work))

    def put(self, **values: Any) -> None:
        """Insert a row, or replace the one with the same key."""
        self._write(lambda cursor: self.insert(cursor, values, replace=True))

    def put_soon(self, **values: Any) -> None:
        """Insert or replace a row a moment later; after a crash it may be an older one."""
        self._database.write_soon(lambda cursor: self.insert(cursor, values, replace=True))

    def put_all(self, rows: list[Row]) -> None:
        """Insert or replace many rows in one transaction."""
        self._write(lambda cursor: self._insert_all(cursor, rows, True))

    def change(self, where: Row, **values: Any) -> None:
        """Set columns of the rows that match `where`."""
        columns = ", ".join(f"{self._name(name)} = ?" for name in values)
        condition, bound = self._where(where)
        statement = f"UPDATE {self._table} SET {columns}{condition}"
        self._write(lambda cursor: cursor.execute(statement, [*values.values(), *bound]) and None)

    def remove(self, **where: Any) -> None:
        """Delete the rows that match; at least one condition is needed."""
        if not where:
            raise ValueError("where must not be empty, got {}.")
        condition, bound = self._where(where)
        statement = f"DELETE FROM {self._table}{condition}"
        self._write(lambda cursor: cursor.execute(statement, bound) and None)

    def replace_all(self, where: Row, rows: list[Row]) -> None:
        """Delete the rows that match and append others, all of it or nothing."""
        condition, bound = self._where(where)

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute(f"DELETE FROM {self._table}{condition}", bound)
            self._insert_all(cursor, rows, True)

        self._write(work)

    def find(self, order: str = "", **where: Any) -> list[Row]:
        """Return the rows that match, in the order of the named columns ("at_us, seq")."""
        asked, version = (order, *sorted(where.items())), self._version
        known = self._known.get(asked) if self._cached else None
        if known is None or known[0] != version:
            known = (version, self._read(order, where))
            if self._cached:
                if len(self._known) >= MOST_KEPT:  # guesses of handles and ids must not fill the memory
                    self._known.clear()
                self._known[asked] = known
        return [dict(row) for row in known[1]]

    def _read(self, order: str, where: Row) -> list[Row]:
        condition, bound = self._where(where)
        names = [self._name(name.strip()) for name in order.split(",") if name.strip()]
        ordered = f" ORDER BY {', '.join(names)}" if names else ""
        cursor = self._database.read().execute(f"SELECT * FROM {self._table}{condition}{ordered}", bound)
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def one(self, **where: Any) -> Row | None:
        """Return the first row that matches, or None."""
        rows = self.find(**where)
        return rows[0] if rows else None

    def count(self, **where: Any) -> int:
        """Return how many rows match."""
        condition, bound = self._where(where)
        row = self._database.read().execute(f"SELECT count(*) FROM {self._table}{condition}", bound).fetchone()
        return int(row[0]) if row else 0

    def last(self, cursor: duckdb.DuckDBPyConnection, column: str, missing: Any) -> Any:
        """Return the largest value of a column, or `missing` in an empty table; for use in a write."""
        row = cursor.execute(f"SELECT max({self._name(column)}) FROM {self._table}").fetchone()
        return missing if row is None or row[0] is None else row[0]

    def hash_of(self, cursor: duckdb.DuckDBPyConnection, seq: int) -> str | None:
        """Return the `hash` of an entry of a chained table; for use in a write."""
        row = cursor.execute(f"SELECT hash FROM {self._table} WHERE seq = ?", [seq]).fetchone()
        return None if row is None else str(row[0])

    def insert(self, cursor: duckdb.DuckDBPyConnection, values: Row, *, replace: bool = False) -> None:
        """Insert with a cursor of the writer thread, as part of a larger write."""
        names = ", ".join(self._name(name) for name in values)
        marks = ", ".join("?" for _ in values)
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        cursor.execute(f"{verb} INTO {self._table} ({names}) VALUES ({marks})", list(values.values()))

    def _write(self, work: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
        """Write, then forget what was kept; a read that began before cannot come back as new."""
        try:
            return self._database.write(work)
        finally:
            self._version += 1

    def _insert_all(self, cursor: duckdb.DuckDBPyConnection, rows: list[Row], replace: bool) -> None:
        for row in rows:
            self.insert(cursor, row, replace=replace)

    def _where(self, where: Row) -> tuple[str, list[Any]]:
        if not where:
            return "", []
        return " WHERE " + " AND ".join(f"{self._name(name)} = ?" for name in where), list(where.values())

    def _name(self, name: str) -> str:
        if name not in self._columns:
            raise ValueError(f"column must be one of {sorted(self._columns)}, got {name!r}.")
        return name
