"""Read-only SQL for students, in a sandbox: another process, whose DuckDB in memory holds copies of the allowed views.

The lab's own database is never reachable from it: no files, no attach, no extensions, no settings, one thread, little
memory, limits of time, rows and bytes. What is not copied in cannot leak, and what never ends is ended.
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
from engine.store.run_records import EXTERNAL, Runs
from engine.store.sandbox import Sandboxes

if TYPE_CHECKING:
    import pyarrow as pa

STUDENT_VIEWS = ("readings", "scores", "alarms", "window_stats", "minutes")
INSTRUCTOR_VIEWS = (*STUDENT_VIEWS, "journal", "runs")
MOST_COPIED = 500_000  # rows of a view: the newest
MOST_COPIED_BYTES = 64 << 20  # of a view; one with many columns gives fewer rows
VALUE_BYTES = 8
MOST_ROWS, MOST_SECONDS, LONGEST_QUERY = 10_000, 30.0, 20_000
MOST_AT_ONCE = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Answer:
    """The result of a query: column names and types, rows, whether the row limit cut it, time taken, and its size."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool
    seconds: float
    bytes: int = 0


class Explorer(PlantTables, Runs):
    """Questions in SQL over named views."""

    sandboxes: Sandboxes

    def explore(
        self,
        query: str,
        views: Sequence[str] = STUDENT_VIEWS,
        limit: int = 1000,
        timeout_s: float = 5.0,
        plant: str | None = None,
        *,
        explain: bool = False,
    ) -> Answer:
        """Return the answer to one SELECT over the allowed views of a plant (None = the plant of the newest run).

        `explain` returns how DuckDB would answer it instead.

        Raises
        ------
        LabError
            When it is no single SELECT, names something that is not there, or takes too long, too much memory or too
            many bytes.
        """
        if not 1 <= limit <= MOST_ROWS or not 0.0 < timeout_s <= MOST_SECONDS:
            raise ParameterError(f"limit must be from 1 to {MOST_ROWS} and timeout_s from 0 to {MOST_SECONDS:g}.")
        if len(query) > LONGEST_QUERY:
            raise LabError(f"The query must be at most {LONGEST_QUERY:,} characters, got {len(query):,}.")
        if not MOST_AT_ONCE.acquire(timeout=timeout_s):
            raise LabError("Other questions are still being answered; ask again in a moment.")
        try:
            return self._answered(query, views, (limit, timeout_s), plant, explain=explain)
        finally:
            MOST_AT_ONCE.release()

    def _answered(
        self, query: str, views: Sequence[str], limits: tuple[int, float], plant: str | None, *, explain: bool
    ) -> Answer:
        began, (limit, timeout_s) = time.monotonic(), limits
        table = self._explored(plant)
        named = [name for name in views if re.search(rf"\b{name}\b", query, re.I)]

        def copy(name: str, seconds: float) -> pa.Table:
            return self._copied(name, table, seconds)

        found = self.sandboxes.ask(query, named, copy, limit, timeout_s, explain=explain)
        rows = [tuple(row) for row in found["rows"]]
        cut, seconds = len(rows) > limit, round(time.monotonic() - began, 4)
        return Answer(
            tuple(found["columns"]), tuple(found["types"]), tuple(rows[:limit]), cut, seconds, int(found["bytes"])
        )

    def view_columns(self, views: Sequence[str] = STUDENT_VIEWS, plant: str | None = None) -> dict[str, list[str]]:
        """Return the columns of each view, to show beside the query."""
        table = self._explored(plant)
        found = {}
        for name in views:
            text, bound = VIEWS[name](table)
            asked = self.database.read().execute(sql("select * from ({q}) limit 0", q=text), bound)
            found[name] = [column[0] for column in asked.description]
        return found

    def _explored(self, plant: str | None) -> PlantTable:
        if plant is not None:
            return self.plant_table(plant)
        newest, known = self.newest_run(), self.known_plants()
        if newest is None or newest.plant not in known:
            raise LabError("There are no readings in the store yet; start the plant and ask again.")
        return known[newest.plant]

    def _copied(self, name: str, table: PlantTable, seconds: float) -> pa.Table:
        """Return the newest rows of a view; TimeoutError when that takes longer than `seconds`."""
        import duckdb

        text, bound = VIEWS[name](table)
        width = len(self.database.read().execute(sql("select * from ({q}) limit 0", q=text), bound).description)
        most = max(1, min(MOST_COPIED, MOST_COPIED_BYTES // (VALUE_BYTES * width)))
        asked = self.database.read().execute(sql("select * from ({q}) limit ?", q=text), [*bound, most])
        stop = threading.Timer(max(0.0, seconds), asked.interrupt)
        stop.start()
        try:
            return asked.to_arrow_table()
        except duckdb.InterruptException:
            raise TimeoutError from None
        finally:
            stop.cancel()


def _shown(table: PlantTable) -> Fragment:
    """Return which rows are shown: of a plant that others feed its newest run, not that of one who had the name."""
    return Fragment("run = (select max(run) from runs where plant = ?)" if table.source == EXTERNAL else "? <> ''")


def _readings(table: PlantTable) -> tuple[Fragment, list[Any]]:
    text = sql(
        "select make_timestamp(time_us) as time, (?::varchar[])[machine + 1] as machine, "
        "case status when 0 then 'operational' else 'maintenance' end as status, {c} from {t} where {w} "
        "order by time_us desc",
        c=table.sensors,
        t=table.readings,
        w=_shown(table),
    )
    return text, [list(table.machines), table.name]


def _scores(table: PlantTable) -> tuple[Fragment, list[Any]]:
    picked = [sql("{c} as {n}", c=score_column(name), n=name) for name in table.detectors]
    text = sql(
        "select make_timestamp(time_us) as time, (?::varchar[])[machine + 1] as machine{c} from {t} where {w} "
        "order by time_us desc",
        c=Fragment("".join(f", {piece}" for piece in picked)),
        t=table.readings,
        w=_shown(table),
    )
    return text, [list(table.machines), table.name]


def _minutes(table: PlantTable) -> tuple[Fragment, list[Any]]:
    text = sql(
        "select make_timestamp(minute_us) as minute, (?::varchar[])[machine + 1] as machine, "
        "* exclude (run, minute_us, machine) from {t} where {w} order by minute_us desc",
        t=table.rollups,
        w=_shown(table),
    )
    return text, [list(table.machines), table.name]


def _of_run(text: str) -> Callable[[PlantTable], tuple[Fragment, list[Any]]]:
    """Return a view over the runs of a plant; of one that others feed over its newest."""

    def view(table: PlantTable) -> tuple[Fragment, list[Any]]:
        which = "max(run)" if table.source == EXTERNAL else "run"
        return Fragment(text.replace("{run}", which)), [table.name]

    return view


VIEWS: dict[str, Callable[[PlantTable], tuple[Fragment, list[Any]]]] = {
    "readings": _readings,
    "scores": _scores,
    "minutes": _minutes,
    "alarms": _of_run(
        "select alarm, machine, detector, state, priority, make_timestamp(start_us) as start, "
        "make_timestamp(end_us) as \"end\", cast(json_extract(record, '$.peak_score') as double) as peak "
        "from alarms where run in (select {run} from runs where plant = ?) order by start_us desc"
    ),
    "window_stats": _of_run(
        'select machine, sensor, make_timestamp(start_us) as start, make_timestamp(end_us) as "end", ticks, mean, '
        "std, min, max, trend, outliers from window_stats where run in (select {run} from runs where plant = ?) "
        "order by start_us desc"
    ),
    "journal": _of_run(
        "select run, version, make_timestamp(at_us) as at, action, entries from journal "
        "where run in (select {run} from runs where plant = ?) order by run, version"
    ),
    "runs": _of_run("select run, plant, make_timestamp(start_us) as start, created from runs where plant = ?"),
}
