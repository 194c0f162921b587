"""The tables of each plant: one wide table of readings and one of minute roll-ups, made from checked names.

A machine is stored as its place in the plant's list of machines (2 bytes, and no join while writing); the list only
ever grows at its end, so old rows keep their meaning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import LabError, UnknownNameError
from engine.store.names import SCORE_PREFIX, Fragment, column_names, plant_name, score_column, sql
from engine.store.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from engine.store.reader import Reader

MOST_MACHINES = 65_535


@dataclass(frozen=True)
class PlantTable:
    """What the store knows of one plant.

    Parameters
    ----------
    resolutions
        Step to which each sensor's readings are rounded before they are stored, in its unit; 0.0 = as they are.
    detectors
        Detectors that have a column of scores.
    """

    name: str
    sensors: tuple[str, ...]
    resolutions: tuple[float, ...]
    machines: tuple[str, ...]
    detectors: tuple[str, ...] = ()
    source: str = "simulated"

    @property
    def readings(self) -> str:
        return f"readings_{self.name}"

    @property
    def rollups(self) -> str:
        return f"rollup_{self.name}"

    def machine_number(self, machine: str) -> int:
        """Return the machine's place in the list, or raise UnknownNameError."""
        if machine not in self.machines:
            raise UnknownNameError("machine", machine, self.machines)
        return self.machines.index(machine)

    def require_sensor(self, sensor: str) -> str:
        """Return the name when it is a sensor of the plant, or raise UnknownNameError."""
        if sensor not in self.sensors:
            raise UnknownNameError("sensor", sensor, self.sensors)
        return sensor

    def value_columns(self) -> tuple[str, ...]:
        """Return the columns of sensors, then those of scores."""
        return (*self.sensors, *(score_column(name) for name in self.detectors))


class PlantTables(Topic):
    """Queries about the plants themselves."""

    def register_plant(
        self,
        name: str,
        sensors: Sequence[str],
        machines: Sequence[str],
        resolutions: Sequence[float] | None = None,
        source: str = "simulated",
    ) -> PlantTable:
        """Make the plant's tables, or widen them when sensors or machines were added; returns what the store knows.

        Raises
        ------
        LabError
            When a name cannot be stored.
        """
        steps = tuple(float(step) for step in (resolutions or [0.0] * len(sensors)))
        if len(machines) > MOST_MACHINES:
            raise LabError(f"A plant may have at most {MOST_MACHINES:,} machines, got {len(machines):,}.")
        wanted = PlantTable(plant_name(name), column_names(sensors), steps, tuple(machines), source=source)

        def save(cursor: duckdb.DuckDBPyConnection) -> PlantTable:
            with self.plants_lock:
                known = self.known_plants().get(name)
                table = wanted if known is None else _widened(known, wanted)
                if table != known:
                    self._draft(cursor, table)
                return table

        # On the writer thread: whoever held the lock while waiting for it would wait for `widen_for_scores`, which
        # waits for the lock.
        try:
            return self.database.write(save)
        except BaseException:
            self.forget_plants()
            raise

    def widen_for_scores(self, cursor: duckdb.DuckDBPyConnection, name: str, detectors: Sequence[str]) -> None:
        """Give detectors columns of scores where they have none yet, inside the writer's transaction."""
        with self.plants_lock:
            table = self.plant_table(name)
            new = [detector for detector in detectors if detector not in table.detectors]
            if new:
                self._draft(cursor, replace(table, detectors=(*table.detectors, *new)))

    def _draft(self, cursor: duckdb.DuckDBPyConnection, table: PlantTable) -> None:
        """Save the table; readers learn of it when the transaction is committed, since they cannot see it before."""
        _save(cursor, table)
        if not self._drafts:
            self.database.at_end(self._end_drafts)
        self._drafts[table.name] = table

    def _end_drafts(self, committed: bool) -> None:
        with self.plants_lock:
            if committed and self._plants is not None:
                self._plants = {**self._plants, **self._drafts}
            self._drafts = {}

    def forget_plants(self) -> None:
        """Read the plants from the file again when they are next asked for."""
        with self.plants_lock:
            self._plants = None

    def plant_table(self, name: str) -> PlantTable:
        """Return what the store knows of a plant, or raise UnknownNameError."""
        known = self.known_plants()
        if name not in known:
            raise UnknownNameError("plant in the store", name, known)
        return known[name]

    def known_plants(self) -> dict[str, PlantTable]:
        """Return the plants that have tables, by name."""
        with self.plants_lock:
            if self._plants is None:
                self._plants = _load(self.database.read())
            return {**self._plants, **self._drafts} if self.database.writing else self._plants


def _widened(known: PlantTable, wanted: PlantTable) -> PlantTable:
    steps = dict(zip(known.sensors, known.resolutions, strict=True))
    steps.update(zip(wanted.sensors, wanted.resolutions, strict=True))
    more = tuple(machine for machine in wanted.machines if machine not in known.machines)
    sensors = column_names(tuple(steps))
    return replace(known, sensors=sensors, resolutions=tuple(steps.values()), machines=known.machines + more)


def _load(cursor: Reader) -> dict[str, PlantTable]:
    rows = cursor.execute("select plant, sensors, resolutions, machines, source from plants").fetchall()
    columns = cursor.execute(
        "select table_name, column_name from duckdb_columns() "
        "where starts_with(table_name, 'readings_') order by column_index"
    ).fetchall()
    found = {}
    for name, sensors, resolutions, machines, source in rows:
        detectors = tuple(
            c[len(SCORE_PREFIX) :] for t, c in columns if t == f"readings_{name}" and c.startswith(SCORE_PREFIX)
        )
        names, steps, units = tuple(json.loads(sensors)), tuple(json.loads(resolutions)), tuple(json.loads(machines))
        found[name] = PlantTable(name, names, steps, units, detectors, source)
    return found


def _save(cursor: duckdb.DuckDBPyConnection, table: PlantTable) -> None:
    row = [json.dumps(part, ensure_ascii=False) for part in (table.sensors, table.resolutions, table.machines)]
    cursor.execute("delete from plants where plant = ?", [table.name])
    cursor.execute("insert into plants values (?, ?, ?, ?, ?)", [table.name, *row, table.source])
    cursor.execute(_create_readings(table))
    cursor.execute(_create_rollups(table))
    for column in table.value_columns():
        cursor.execute(sql("alter table {t} add column if not exists {c} double", t=table.readings, c=column))
        for part in rollup_columns(table, column):
            cursor.execute(sql("alter table {t} add column if not exists {c} double", t=table.rollups, c=part))


def _create_readings(table: PlantTable) -> Fragment:
    return sql(
        "create table if not exists {t} (run uinteger, time_us bigint, machine usmallint, status utinyint)",
        t=table.readings,
    )


def _create_rollups(table: PlantTable) -> Fragment:
    return sql(
        "create table if not exists {t} "
        "(run uinteger, minute_us bigint, machine usmallint, ticks uinteger, maintenance_ticks uinteger)",
        t=table.rollups,
    )


def rollup_columns(table: PlantTable, column: str) -> tuple[str, ...]:
    """Return the roll-up's columns of one column: mean, min and max of a sensor, the maximum of a score."""
    if column in table.sensors:
        return tuple(f"{column} {figure}" for figure in ("mean", "min", "max"))
    return (f"{column} max",)
