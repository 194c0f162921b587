"""Scores that workers computed, one for each detector, machine and time however often they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from engine.store.database import Database
    from engine.store.reader import Reader

_TABLE = """
create table if not exists stream_scores (
    detector varchar not null, machine varchar not null, at_us bigint not null, score double not null,
    alarm boolean not null, primary key (detector, machine, at_us)
)
"""


@dataclass(frozen=True)
class ScoreRecord:
    """One score; `at_us` is the event time of the row it belongs to."""

    detector: str
    machine: str
    at_us: int
    score: float
    alarm: bool


class ScoreRecords:
    """Scores in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.write(lambda cursor: cursor.execute(_TABLE).fetchall())

    def add(self, records: Sequence[ScoreRecord]) -> int:
        """Store the scores that are new; returns how many."""
        return self._database.write(lambda cursor: _add(cursor, records)) if records else 0

    def count(self) -> int:
        """Return how many scores are stored."""
        return _count(self._database.read())

    def of(self, detector: str) -> dict[tuple[str, int], float]:
        """Return a detector's scores by machine and event time."""
        query = "select machine, at_us, score from stream_scores where detector = ?"
        rows = self._database.read().execute(query, [detector]).fetchall()
        return {(str(machine), int(at)): float(score) for machine, at, score in rows}


def _add(cursor: DuckDBPyConnection, records: Sequence[ScoreRecord]) -> int:
    before = _count(cursor)
    fresh = {
        "detector": np.array([r.detector for r in records], dtype=object),
        "machine": np.array([r.machine for r in records], dtype=object),
        "at_us": np.array([r.at_us for r in records], np.int64),
        "score": np.array([r.score for r in records], np.float64),
        "alarm": np.array([r.alarm for r in records], np.bool_),
    }
    cursor.register("fresh_scores", fresh)
    cursor.execute("insert or ignore into stream_scores select * from fresh_scores").fetchall()
    cursor.unregister("fresh_scores")
    return _count(cursor) - before


def _count(cursor: DuckDBPyConnection | Reader) -> int:
    return int(cursor.execute("select count(*) from stream_scores").fetchall()[0][0])
