"""Readings with their scores: appended in batches, asked for by time, machine and sensor."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.alarming.records import Alarm
from engine.errors import StoreError
from engine.records import STATUS_WORDS, Block, iso_times
from engine.store.alarm_records import replace_alarms
from engine.store.names import SCORE_PREFIX, Fragment, score_column, sql
from engine.store.pending import Chunk, present_chunks
from engine.store.plants import PlantTable, PlantTables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    import duckdb

    from engine.records import FloatArray
    from engine.store.commits import GroupCommit
    from engine.store.reader import Reader

    Columns = dict[str, npt.NDArray[Any]]

AlarmRows = tuple[int, tuple[Alarm, ...]]  # run and alarms
SCORE_DECIMALS = 3  # stored scores; decisions are made on the full numbers before
MOST_ROWS = 1_000_000  # of one answer
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DurablePart:
    """Readings whose sender waits, and the alarms that they caused."""

    chunks: tuple[Chunk, ...]
    alarms: AlarmRows | None

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


class Readings(PlantTables):
    """Append readings and ask for them."""

    commits: GroupCommit[DurablePart]

    def append(self, run: int, plant: str, block: Block, scores: dict[str, FloatArray] | None = None) -> None:
        """Accept readings; they wait in memory for the next `flush`. Never blocks and never fails for a full disk."""
        if len(block):
            self.pending.add(Chunk(run, plant, block, dict(scores or {})))

    def append_present(self, run: int, plant: str, block: Block, scores: dict[str, FloatArray] | None = None) -> None:
        """Accept what was said in a block as `append` does; machines that said nothing give no rows."""
        for chunk in present_chunks(run, plant, block, dict(scores or {})):
            self.pending.add(chunk)

    def append_durably(self, chunks: Sequence[Chunk], alarms: AlarmRows | None = None) -> Future[None]:
        """Write readings, and the alarms that they caused, with the next group commit.

        The future ends when they are on disk; when they cannot be written none of them is, now or later.
        """
        part = DurablePart(tuple(chunks), alarms)
        self.pending.accept(part.rows)
        try:
            future = self.commits.add(part)
        except BaseException:
            self.pending.settle_accepted(part.rows, written=False)
            raise
        future.add_done_callback(lambda done: self._settle_part(part, done))
        return future

    def _settle_part(self, part: DurablePart, done: Future[None]) -> None:
        problem = None if done.cancelled() else done.exception()
        self.pending.settle_accepted(part.rows, written=not done.cancelled() and problem is None)
        if done.cancelled():
            return
        self.write_problem = None if problem is None else str(problem)
        if problem is not None:
            self.forget_plants()  # as in `_settle`
            log.error("posted readings could not be stored; their sender is told: %s", problem)

    def _write_parts(self, cursor: duckdb.DuckDBPyConnection, parts: list[DurablePart]) -> None:
        self._insert(cursor, [chunk for part in parts for chunk in part.chunks])
        for part in parts:
            if part.alarms is not None:
                replace_alarms(cursor, *part.alarms)

    def flush(self, wait: bool = True) -> Future[int] | None:
        """Write what waits in one transaction; with `wait`, return when it is on disk (or raise StoreError)."""
        chunks = self.pending.take()
        future = self.database.write_soon(lambda cursor: self._insert(cursor, chunks)) if chunks else None
        if future is not None:
            future.add_done_callback(lambda done: self._settle(chunks, done))
        if wait:
            if future is not None:
                self.database.outcome(future, 60)
            self.database.write(lambda _: None)  # what was on its way before is settled now, too
        return future

    def newest_readings(
        self,
        plant: str,
        limit: int = 100,
        machine: str | None = None,
        run: int | None = None,
        before_us: int | None = None,
    ) -> Columns:
        """Return stored readings, the newest first; `before_us` pages on from the last answer's oldest time."""
        return self._select(plant, run, machine, None, before_us, limit, "desc")

    def readings_between(
        self,
        plant: str,
        start_us: int,
        end_us: int,
        machine: str | None = None,
        run: int | None = None,
        limit: int = MOST_ROWS,
    ) -> Columns:
        """Return stored readings with start ≤ time < end, the oldest first."""
        return self._select(plant, run, machine, start_us, end_us, limit, "asc")

    def block_between(
        self, plant: str, start_us: int, end_us: int, machines: Sequence[str] | None = None, run: int | None = None
    ) -> Block:
        """Return stored readings with start ≤ time < end as a block; what was not stored is NaN."""
        table = self.plant_table(plant)
        wanted = tuple(machines or table.machines)
        rows = self._select(plant, run, None, start_us, end_us, MOST_ROWS, "asc")
        times, tick = np.unique(rows["time_us"], return_inverse=True)
        place = {name: i for i, name in enumerate(wanted)}
        machine = np.array([place.get(name, -1) for name in rows["machine"]], dtype=np.int64)
        keep = machine >= 0
        values = np.full((len(times), len(wanted), len(table.sensors)), np.nan)
        status = np.zeros((len(times), len(wanted)), np.uint8)
        values[tick[keep], machine[keep]] = np.stack([rows[s][keep] for s in table.sensors], axis=-1)
        status[tick[keep], machine[keep]] = rows["status"][keep]
        return Block(times.astype(np.int64), values, status, wanted, table.sensors)

    def count_readings(self, plant: str, run: int | None = None) -> int:
        """Return how many rows (one tick of one machine) are stored, roll-ups not counted."""
        table = self.plant_table(plant)
        where, values = _conditions(run, None, None, None)
        found = self.database.read().execute(
            sql("select count(*) from {t} where {w}", t=table.readings, w=where), values
        )
        return int(found.fetchall()[0][0])

    def span_us(self, plant: str, run: int | None = None) -> tuple[int, int] | None:
        """Return the oldest and the newest stored time, or None when nothing is stored."""
        table = self.plant_table(plant)
        where, values = _conditions(run, None, None, None)
        query = sql("select min(time_us), max(time_us) from {t} where {w}", t=table.readings, w=where)
        first, last = self.database.read().execute(query, values).fetchall()[0]
        return None if first is None else (int(first), int(last))

    def _select(
        self,
        plant: str,
        run: int | None,
        machine: str | None,
        start_us: int | None,
        end_us: int | None,
        limit: int,
        order: str,
    ) -> Columns:
        table = self.plant_table(plant)
        number = None if machine is None else table.machine_number(machine)
        where, values = _conditions(run, number, start_us, end_us)
        query = sql(
            "select {c} from {t} where {w} order by time_us {o}, run {o}, machine limit ?",
            c=("run", "time_us", "machine", "status", *table.value_columns()),
            t=table.readings,
            w=where,
            o=Fragment(order),
        )
        return columns_of(table, self.database.read().execute(query, [*values, min(int(limit), MOST_ROWS)]))

    def _insert(self, cursor: duckdb.DuckDBPyConnection, chunks: list[Chunk]) -> int:
        groups: dict[tuple[Any, ...], list[Chunk]] = {}
        for chunk in chunks:
            groups.setdefault((chunk.plant, chunk.block.sensors, tuple(chunk.scores)), []).append(chunk)
        for (plant, _, scored), mine in groups.items():
            self.widen_for_scores(cursor, plant, scored)
            _insert_chunks(cursor, self.plant_table(plant), mine, scored)
        return sum(chunk.rows for chunk in chunks)

    def _settle(self, chunks: list[Chunk], done: Future[int]) -> None:
        problem = StoreError("The store is busy.") if done.cancelled() else done.exception()
        self.pending.settle(chunks, written=problem is None)
        self.write_problem = None if problem is None else str(problem)
        if problem is not None:
            self.forget_plants()  # columns added in the failed transaction are not there
            log.error("readings could not be stored and wait in memory: %s", problem)


def _insert_chunks(
    cursor: duckdb.DuckDBPyConnection, table: PlantTable, chunks: list[Chunk], scored: tuple[str, ...]
) -> None:
    batch = _batch(table, chunks, scored)
    plain = ("run", "time_us", "machine", "status")
    values = [name for name in batch if name not in plain]
    picked = [sql("case when isnan({c}) then null else {c} end", c=name) for name in values]
    query = sql(
        "insert into {t} ({c}) select {p} from batch", t=table.readings, c=[*plain, *values], p=[*plain, *picked]
    )
    cursor.execute(query)


def _batch(table: PlantTable, chunks: list[Chunk], scored: tuple[str, ...]) -> Columns:
    """Return the rows of the chunks as columns in tick order: a machine of every tick beside the next."""
    batch: Columns = {
        "run": np.concatenate([np.full(chunk.rows, chunk.run, np.uint32) for chunk in chunks]),
        "time_us": np.concatenate([np.repeat(chunk.block.times_us, chunk.block.n_machines) for chunk in chunks]),
        "machine": np.concatenate(
            [np.tile(_numbers(table.machines, chunk.block.machines), len(chunk.block)) for chunk in chunks]
        ),
        "status": np.concatenate([chunk.block.status.reshape(-1) for chunk in chunks]),
    }
    for at, sensor in enumerate(chunks[0].block.sensors):
        step = table.resolutions[table.sensors.index(sensor)]
        batch[sensor] = rounded(np.concatenate([chunk.block.values[:, :, at].reshape(-1) for chunk in chunks]), step)
    for name in scored:
        scores = np.concatenate([chunk.scores[name].reshape(-1) for chunk in chunks])
        batch[score_column(name)] = np.round(scores, SCORE_DECIMALS)
    return batch


@functools.lru_cache(maxsize=16)
def _numbers(known: tuple[str, ...], machines: tuple[str, ...]) -> npt.NDArray[np.uint16]:
    place = {name: i for i, name in enumerate(known)}
    return np.array([place[name] for name in machines], np.uint16)


def rounded(values: FloatArray, step: float) -> FloatArray:
    """Return values rounded to the step, as numbers that print short (72.5, not 72.50000000000001); 0.0 = as is."""
    if step <= 0.0:
        return values
    per_unit = 1.0 / step
    return np.round(values * round(per_unit)) / round(per_unit) if per_unit >= 1 else np.round(values / step) * step


def _conditions(
    run: int | None, machine: int | None, start_us: int | None, end_us: int | None
) -> tuple[Fragment, list[Any]]:
    """Return the WHERE text for what is not None, and the values to bind."""
    wanted = {"run = ?": run, "machine = ?": machine, "time_us >= ?": start_us, "time_us < ?": end_us}
    given = {text: value for text, value in wanted.items() if value is not None}
    return Fragment(" and ".join(given) or "true"), list(given.values())


def columns_of(table: PlantTable, answer: Reader) -> Columns:
    """Return a query's answer as arrays: machines by name, NULL as NaN."""
    columns: Columns = {}
    for name, found in answer.fetchnumpy().items():
        columns[name] = found.filled(np.nan) if isinstance(found, np.ma.MaskedArray) else found
    if "machine" in columns:
        columns["machine"] = np.array(table.machines, dtype=object)[columns["machine"].astype(np.int64)]
    return columns


def rows_of(columns: Columns) -> list[dict[str, Any]]:
    """Return columns as JSON-ready rows: ISO time first, NaN as None, scores in a dict of their own."""
    names = [name for name in columns if name not in ("time_us", "machine", "run", "status")]
    lists = {name: [None if value != value else value for value in columns[name].tolist()] for name in names}
    rows = []
    for i, stamp in enumerate(iso_times(columns["time_us"])):
        row = {"time": stamp, "machine": columns["machine"][i], "status": STATUS_WORDS[columns["status"][i]]}
        row.update({name: lists[name][i] for name in names if not name.startswith(SCORE_PREFIX)})
        row["scores"] = {name[len(SCORE_PREFIX) :]: lists[name][i] for name in names if name.startswith(SCORE_PREFIX)}
        rows.append(row)
    return rows
