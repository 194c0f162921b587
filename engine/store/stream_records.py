"""Rows taken from a stream, and the place up to which each partition was taken, in one transaction.

Because both are written together and reading resumes from here, a row can be stored neither twice nor not at all,
however often the consumer is killed between its work and its commit to Kafka.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from engine.store.database import Database

_TABLES = """
create table if not exists stream_rows (
    grp varchar not null, topic varchar not null, part integer not null, off bigint not null,
    machine varchar not null, at_us bigint not null, body varchar not null  -- the row as JSON
);
create table if not exists stream_offsets (
    grp varchar not null, topic varchar not null, part integer not null, next_off bigint not null,
    primary key (grp, topic, part)
);
alter table stream_offsets add column if not exists log varchar default '';  -- the broker's, whose offsets they are
"""


@dataclass(frozen=True)
class StreamRecord:
    """One row of a stream and where it came from; `at_us` is event time, `body` the row as JSON."""

    topic: str
    part: int
    off: int
    machine: str
    at_us: int
    body: str


class StreamRecords:
    """Rows and offsets of consumer groups in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.write(lambda cursor: cursor.execute(_TABLES).fetchall())

    def add(
        self,
        group: str,
        records: Sequence[StreamRecord],
        skipped: Sequence[tuple[str, int, int]] = (),
        log: str = "",
        begun_again: Sequence[tuple[str, int]] = (),
    ) -> int:
        """Store rows that are not stored yet and move the offsets on; returns how many were new.

        Parameters
        ----------
        skipped
            (topic, part, off) of records that are no rows; they only move the offset.
        log
            Which broker's log they are from; offsets of another one are void.
        begun_again
            (topic, part) whose offsets count from the beginning again.
        """
        if not records and not skipped:
            return 0
        return self._database.write(lambda cursor: _add(cursor, group, records, skipped, log, begun_again))

    def next_offset(self, group: str, topic: str, part: int, log: str = "") -> int | None:
        """Return the first offset that is not stored yet; None when the partition was never read, or of another log."""
        query = """select next_off from stream_offsets where grp = ? and topic = ? and part = ?
                   and (? = '' or log = '' or log = ?)"""
        found = self._database.read().execute(query, [group, topic, part, log, log]).fetchall()
        return int(found[0][0]) if found else None

    def count(self, group: str | None = None) -> int:
        """Return how many rows are stored, of one group or of all."""
        query = "select count(*) from stream_rows where ? is null or grp = ?"
        return int(self._database.read().execute(query, [group, group]).fetchall()[0][0])

    def repeated(self) -> int:
        """Return how many rows stand there more than once with the same machine and event time."""
        query = "select count(*) - count(distinct (machine, at_us)) from stream_rows"
        return int(self._database.read().execute(query).fetchall()[0][0])

    def bodies(self, group: str) -> list[str]:
        """Return the rows of a group as JSON, by event time and machine."""
        query = "select body from stream_rows where grp = ? order by at_us, machine"
        return [str(row[0]) for row in self._database.read().execute(query, [group]).fetchall()]


def _add(
    cursor: DuckDBPyConnection,
    group: str,
    records: Sequence[StreamRecord],
    skipped: Sequence[tuple[str, int, int]],
    log: str,
    begun_again: Sequence[tuple[str, int]],
) -> int:
    before = _count(cursor)
    _forget_void(cursor, group, log, begun_again)
    if records:
        fresh = {
            "topic": np.array([r.topic for r in records], dtype=object),
            "part": np.array([r.part for r in records], np.int32),
            "off": np.array([r.off for r in records], np.int64),
            "machine": np.array([r.machine for r in records], dtype=object),
            "at_us": np.array([r.at_us for r in records], np.int64),
            "body": np.array([r.body for r in records], dtype=object),
        }
        cursor.register("fresh_rows", fresh)
        cursor.execute(
            """insert into stream_rows
               select ?, f.topic, f.part, f.off, f.machine, f.at_us, f.body from fresh_rows f
               left join stream_offsets o on o.grp = ? and o.topic = f.topic and o.part = f.part
               where f.off >= coalesce(o.next_off, 0)""",
            [group, group],
        ).fetchall()  # a statement must be fetched to its end before the next
        cursor.unregister("fresh_rows")
    ends: dict[tuple[str, int], int] = {}
    for topic, part, off in [*((r.topic, r.part, r.off) for r in records), *skipped]:
        ends[topic, part] = max(ends.get((topic, part), 0), off + 1)
    for (topic, part), end in ends.items():
        cursor.execute(
            """insert into stream_offsets (grp, topic, part, next_off, log) values (?, ?, ?, ?, ?)
               on conflict do update set next_off = greatest(next_off, excluded.next_off), log = excluded.log""",
            [group, topic, part, end, log],
        ).fetchall()
    return _count(cursor) - before


def _forget_void(cursor: DuckDBPyConnection, group: str, log: str, begun_again: Sequence[tuple[str, int]]) -> None:
    """Forget offsets of another log, and those of partitions that were made anew; the rows stay."""
    if log:
        void = "delete from stream_offsets where grp = ? and log <> '' and log <> ?"
        cursor.execute(void, [group, log]).fetchall()
    for topic, part in begun_again:
        anew = "delete from stream_offsets where grp = ? and topic = ? and part = ?"
        cursor.execute(anew, [group, topic, part]).fetchall()


def _count(cursor: DuckDBPyConnection) -> int:
    return int(cursor.execute("select count(*) from stream_rows").fetchall()[0][0])
