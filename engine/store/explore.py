"""Read-only SQL for students, in a sandbox: a second DuckDB in memory that holds copies of the allowed views only.

The lab's own database is never reachable from it: no files, no attach, no extensions, no settings, one thread, little
memory, a time limit and a row limit. What is not copied in cannot leak.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from engine.errors import LabError, ParameterError
from engine.store.names import Fragment, score_column, sql
from engine.store.plants import PlantTable, PlantTables

STUDENT_VIEWS = ("readings", "scores", "alarms", "window_stats", "minutes")
INSTRUCTOR_VIEWS = (*STUDENT_VIEWS, "labels", "journal", "runs")
MOST_COPIED = 500_000  # rows of a view: the newest
MOST_ROWS, MOST_SECONDS, LONGEST_QUERY = 10_000, 30.0, 20_000
MOST_AT_ONCE = threading.BoundedSemaphore(2)
NESTED = re.compile(r"\[|STRUCT|MAP|UNION|BLOB|BIT\b", re.I)
# One call of these runs for minutes and hears no interrupt; query() would hide them in a text.
ENDLESS = re.compile(r"\b(repeat|lpad|rpad|query)\b", re.I)
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
        if (endless := ENDLESS.search(query)) is not None:
            raise LabError(f"{endless.group().lower()} may run without end; write the question without that word.")
        if not MOST_AT_ONCE.acquire(timeout=timeout_s):
            raise LabError("Other questions are still being answered; ask again in a moment.")
        try:
            return self._answered(query, views, limit, timeout_s, plant)
        finally:
            MOST_AT_ONCE.release()

    def _answered(self, query: str, views: Sequence[str], limit: int, timeout_s: float, plant: str | None) -> Answer:
        with duckdb.connect(":memory:", config=dict(SANDBOX)) as sandbox:
            _check_statement(sandbox, query)
            began = time.monotonic()
            self._copy_views(sandbox, query, views, self._explored(plant))
            sandbox.execute("set lock_configuration = true")
            return _answer(sandbox, query, limit, timeout_s, began)

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

    def _copy_views(
        self, sandbox: duckdb.DuckDBPyConnection, query: str, views: Sequence[str], table: PlantTable
    ) -> None:
        """Copy the views that the query names into the sandbox."""
        for name in views:
            if not re.search(rf"\b{name}\b", query, re.I):
                continue
            text, bound = VIEWS[name](table)
            limited = sql("select * from ({q}) limit ?", q=text)
            content = self.database.read().sql(limited, params=[*bound, MOST_COPIED]).to_arrow_table()
            sandbox.register(name, content)


def _check_statement(sandbox: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        statements = sandbox.extract_statements(query)
    except duckdb.Error as problem:
        raise LabError(_sentence(problem)) from None
    if len(statements) != 1:
        raise LabError(f"Write one SELECT at a time, got {len(statements)} statements.")
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise LabError("Only SELECT is allowed here: the data can be asked, not changed.")


def _answer(sandbox: duckdb.DuckDBPyConnection, query: str, limit: int, timeout_s: float, began: float) -> Answer:
    timer = threading.Timer(timeout_s, sandbox.interrupt)
    timer.start()
    try:
        sandbox.execute(query)
        described = sandbox.description or []
        types = tuple(str(column[1]) for column in described)
        _refuse_nested(described)
        rows = sandbox.fetchmany(limit + 1)
    except duckdb.InterruptException:
        raise LabError(f"The query took longer than {timeout_s:g} s and was stopped; ask for less.") from None
    except duckdb.Error as problem:
        raise LabError(_sentence(problem)) from None
    finally:
        timer.cancel()
    columns = tuple(column[0] for column in described)
    return Answer(columns, types, tuple(rows[:limit]), len(rows) > limit, round(time.monotonic() - began, 4))


def _refuse_nested(described: Sequence[Any]) -> None:
    """Refuse columns that become large Python objects whatever the row limit says."""
    for column in described:
        if NESTED.search(str(column[1])):
            raise LabError(f"Column {column[0]!r} is a {column[1]}; write cast({column[0]} as varchar) or unnest it.")


def _sentence(problem: duckdb.Error) -> str:
    """Return what DuckDB says as one line without its error class."""
    first = str(problem).strip().splitlines()[0]
    return re.sub(r"^(\w+ )*Error: ", "", first).rstrip(".") + "."


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
    "labels": _of_run(
        'select label, run, author, machine, make_timestamp(start_us) as start, make_timestamp(end_us) as "end", '
        "fault, confidence, note from labels where not deleted and run in (select run from runs where plant = ?)"
    ),
    "journal": _of_run(
        "select run, version, make_timestamp(at_us) as at, action, entries from journal "
        "where run in (select run from runs where plant = ?) order by run, version"
    ),
    "runs": _of_run("select run, plant, make_timestamp(start_us) as start, created from runs where plant = ?"),
}
