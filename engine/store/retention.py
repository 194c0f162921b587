"""Retention that really runs: raw readings for some time, minute roll-ups for longer, both by plant time.

Whole minutes that have become too old are rolled up and deleted in one transaction, from the old end of the table
(the kind of delete after which DuckDB reuses the space; the file itself only shrinks by `compact`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from engine.params import Range
from engine.records import MINUTE_US, SECOND_US
from engine.store.names import Fragment, quoted, sql
from engine.store.plants import PlantTable, PlantTables, rollup_columns

if TYPE_CHECKING:
    from concurrent.futures import Future

    import duckdb


@dataclass(frozen=True)
class Retention:
    """How long what is kept.

    Parameters
    ----------
    raw_hours
        Raw readings younger than this are kept, plant time before the run's newest reading.
    rollup_days
        Minute roll-ups and window statistics younger than this are kept, plant time.
    runs
        Raw readings of so many of the newest runs of a plant are kept; older runs keep their roll-ups only.
    """

    raw_hours: Annotated[float, Range(0.1, 24.0 * 366, unit="h")] = 24.0
    rollup_days: Annotated[float, Range(1.0, 3660.0, unit="d")] = 90.0
    runs: Annotated[int, Range(1, 1000)] = 10


class Keeping(PlantTables):
    """Roll up and delete."""

    def retain(self, plant: str, rules: Retention | None = None, wait: bool = True) -> Future[tuple[int, int]]:
        """Roll up and delete what is too old; the future holds how many raw rows and roll-ups were deleted."""
        table = self.plant_table(plant)
        chosen = rules or Retention()
        future = self.database.write_soon(lambda cursor: _retain(cursor, table, chosen))
        if wait:
            self.database.outcome(future, 120)
        return future


def _retain(cursor: duckdb.DuckDBPyConnection, table: PlantTable, rules: Retention) -> tuple[int, int]:
    newest = sql("select run, max(time_us) from {t} group by run order by run desc", t=table.readings)
    deleted = old_rollups = 0
    for place, (run, last_us) in enumerate(cursor.execute(newest).fetchall()):
        keep_us = round(rules.raw_hours * 3600 * SECOND_US)
        before = (last_us - keep_us) // MINUTE_US * MINUTE_US if place < rules.runs else last_us + 1
        deleted += _roll_up(cursor, table, run, before)
        oldest = last_us - round(rules.rollup_days * 86_400 * SECOND_US)
        query = sql("delete from {t} where run = ? and minute_us < ?", t=table.rollups)
        old_rollups += cursor.execute(query, [run, oldest]).fetchall()[0][0]
        cursor.execute("delete from window_stats where run = ? and end_us < ?", [run, oldest]).fetchall()
    return deleted, old_rollups


def _roll_up(cursor: duckdb.DuckDBPyConnection, table: PlantTable, run: int, before_us: int) -> int:
    """Roll up and delete a run's readings before a time; returns how many rows were deleted."""
    where = Fragment("run = ? and time_us < ?")
    some = sql("select 1 from {t} where {w} limit 1", t=table.readings, w=where)
    if not cursor.execute(some, [run, before_us]).fetchall():
        return 0
    insert = sql(
        "insert into {to} by name select run, time_us - time_us % {minute} as minute_us, machine, count(*) as ticks, "
        "count(*) filter (status <> 0) as maintenance_ticks, {figures} from {t} where {w} "
        "group by run, minute_us, machine order by minute_us, machine",
        to=table.rollups,
        minute=Fragment(MINUTE_US),
        figures=_figures(table),
        t=table.readings,
        w=where,
    )
    cursor.execute(insert, [run, before_us])
    query = sql("delete from {t} where {w}", t=table.readings, w=where)
    return int(cursor.execute(query, [run, before_us]).fetchall()[0][0])


def _figures(table: PlantTable) -> Fragment:
    """Return the roll-up's figures; the mean is rounded like the readings, so that it stays small on disk."""
    steps = dict(zip(table.sensors, table.resolutions, strict=True))
    parts = []
    for column in table.value_columns():
        for name in rollup_columns(table, column):
            figure = name[len(column) + 1 :]
            text = {"mean": "avg", "min": "min", "max": "max"}[figure] + f"({quoted(column)})"
            step = steps.get(column, 0.0)
            text = f"round({text}, {_decimals(step)})" if figure == "mean" and step > 0 else text
            parts.append(Fragment(f"{text} as {quoted(name)}"))
    return sql("{parts}", parts=parts) if parts else Fragment("0 as ticks")


def _decimals(step: float) -> int:
    """Return decimals that hold a tenth of the step."""
    decimals = 1
    while step < 1.0 and decimals < 12:
        step, decimals = step * 10, decimals + 1
    return decimals


def figures_of(rules: Retention) -> dict[str, Any]:
    """Return the rules as JSON-ready data."""
    return {"raw_hours": rules.raw_hours, "rollup_days": rules.rollup_days, "runs": rules.runs}
