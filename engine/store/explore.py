"""Read-only SQL for students, in a sandbox: another process, whose DuckDB in memory holds copies of the allowed views.

The lab's own database is never reachable from it: no files, no attach, no extensions, no settings, one thread, little
memory, a time limit and a row limit. What is not copied in cannot leak, and what never ends is ended.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, ParameterError
from engine.store.names import Fragment, score_column, sql
from engine.store.plants import PlantTable, PlantTables
from engine.store.sandbox import Sandboxes

if TYPE_CHECKING:
    import pyarrow as pa

STUDENT_VIEWS = ("readings", "scores", "alarms", "window_stats", "minutes")
INSTRUCTOR_VIEWS = (*STUDENT_VIEWS, "journal", "runs")
MOST_COPIED = 500_000  # rows of a view: the newest
MOST_ROWS, MOST_SECONDS, LONGEST_QUERY = 10_000, 30.0, 20_000
MOST_AT_ONCE = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Answer:
    """The result of a query: column names and types, rows, whether the row limit cut it, and the time it took."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool
    seconds: float


class Explorer(PlantTables):
    """Questions in SQL over named views."""

    sandboxes: Sandboxes

    def explore(
        self,
        query: str,
        views: Sequence[str] = STUDENT_VIEWS,
        limit: int = 1000,
        timeout_s: float = 5.0,
        plant: str | None = None,
    ) -> Answer:
        """Return the answer to one SELECT over the allowed views of a plant (None = the plant of the newest run).

        Raises
        ------
        LabError
            When it is no single SELECT, names something that is not there, or takes too long or too much memory.
        """
        if not 1 <= limit <= MOST_ROWS or not 0.0 < timeout_s <= MOST_SECONDS:
            raise ParameterError(f"limit must be from 1 to {MOST_ROWS} and timeout_s from 0 to {MOST_SECONDS:g}.")
        if len(query) > LONGEST_QUERY:
            raise LabError(f"The query must be at most {LONGEST_QUERY:,} characters, got {len(query):,}.")
        if not MOST_AT_ONCE.acquire(timeout=timeout_s):
            raise LabError("Other questions are still being answered; ask again in a moment.")
        try:
            return self._answered(query, views, limit, timeout_s, plant)
        finally:
            MOST_AT_ONCE.release()

    def _answered(self, query: str, views: Sequence[str], limit: int, timeout_s: float, plant: str | None) -> Answer:
        began = time.monotonic()
        table = self._explored(plant)
        named = [name for name in views if re.search(rf"\b{name}\b", query, re.I)]
        found = self.sandboxes.ask(query, named, lambda name: self._copied(name, table), limit, timeout_s)
        rows = [tuple(row) for row in found["rows"]]
        seconds = round(time.monotonic() - began, 4)
        return Answer(tuple(found["columns"]), tuple(found["types"]), tuple(rows[:limit]), len(rows) > limit, seconds)

    def view_columns(self, views: Sequence[str] = STUDENT_VIEWS, plant: str | None = None) -> dict[str, list[str]]:
        """Return the columns of each view, to show beside the query."""
        table = self._explored(plant)
        cursor = self.database.read()
        found = {}
        for name in views:
            text, bound = VIEWS[name](table)
            cursor.execute(sql("select * from ({q}) limit 0", q=text), bound).fetchall()
            found[name] = [column[0] for column in cursor.description or ()]
        return found

    def _explored(self, plant: str | None) -> PlantTable:
        if plant is not None:
            return self.plant_table(plant)
        rows = self.database.read().execute("select plant from runs order by run desc limit 1").fetchall()
        known = self.known_plants()
        if not rows or rows[0][0] not in known:
            raise LabError("There are no readings in the store yet; start the plant and ask again.")
        return known[rows[0][0]]

    def _copied(self, name: str, table: PlantTable) -> pa.Table:
        """Return the newest rows of a view."""
        text, bound = VIEWS[name](table)
        limited = sql("select * from ({q}) limit ?", q=text)
        return self.database.read().sql(limited, params=[*bound, MOST_COPIED]).to_arrow_table()


def _readings(table: PlantTable) -> tuple[Fragment, list[Any]]:
    text = sql(
        "select make_timestamp(time_us) as time, (?::varchar[])[machine + 1] as machine, "
        "case status when 0 then 'operational' else 'maintenance' end as status, {c} from {t} order by time_us desc",
        c=table.sensors,
        t=table.readings,
    )
    return text, [list(table.machines)]


def _scores(table: PlantTable) -> tuple[Fragment, list[Any]]:
    picked = [sql("{c} as {n}", c=score_column(name), n=name) for name in table.detectors]
    text = sql(
        "select make_timestamp(time_us) as time, (?::varchar[])[machine + 1] as machine{c} from {t} "
        "order by time_us desc",
        c=Fragment("".join(f", {piece}" for piece in picked)),
        t=table.readings,
    )
    return text, [list(table.machines)]


def _minutes(table: PlantTable) -> tuple[Fragment, list[Any]]:
    text = sql(
        "select make_timestamp(minute_us) as minute, (?::varchar[])[machine + 1] as machine, "
        "* exclude (run, minute_us, machine) from {t} order by minute_us desc",
        t=table.rollups,
    )
    return text, [list(table.machines)]


def _of_run(text: str) -> Callable[[PlantTable], tuple[Fragment, list[Any]]]:
    """Return a view over the runs of a plant."""
    return lambda table: (Fragment(text), [table.name])


VIEWS: dict[str, Callable[[PlantTable], tuple[Fragment, list[Any]]]] = {
    "readings": _readings,
    "scores": _scores,
    "minutes": _minutes,
    "alarms": _of_run(
        "select alarm, machine, detector, state, priority, make_timestamp(start_us) as start, "
        "make_timestamp(end_us) as \"end\", cast(json_extract(record, '$.peak_score') as double) as peak "
        "from alarms where run in (select run from runs where plant = ?) order by start_us desc"
    ),
    "window_stats": _of_run(
        'select machine, sensor, make_timestamp(start_us) as start, make_timestamp(end_us) as "end", ticks, mean, '
        "std, min, max, trend, outliers from window_stats where run in (select run from runs where plant = ?) "
        "order by start_us desc"
    ),
    "journal": _of_run(
        "select run, version, make_timestamp(at_us) as at, action, entries from journal "
        "where run in (select run from runs where plant = ?) order by run, version"
    ),
    "runs": _of_run("select run, plant, make_timestamp(start_us) as start, created from runs where plant = ?"),
}
