"""History of a sensor or a score over any span: raw readings and minute roll-ups as one series, thinned for charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.errors import ParameterError, UnknownNameError
from engine.records import SECOND_US
from engine.store.names import Fragment, score_column, sql
from engine.store.plants import PlantTable, PlantTables

if TYPE_CHECKING:
    Columns = dict[str, npt.NDArray[Any]]

MOST_BUCKETS = 10_000


class HistoryQueries(PlantTables):
    """Series for charts."""

    def buckets(
        self,
        plant: str,
        machine: str,
        name: str,
        start_us: int,
        end_us: int,
        buckets: int = 500,
        run: int | None = None,
    ) -> Columns:
        """Return time_us (start), min, max, mean and ticks of each bucket that holds readings, in order.

        `name` is a sensor, or a detector for its scores (their mean is the mean of maxima where rolled up). Minimum
        and maximum are exact over roll-ups too, so no spike is thinned away. The span is start ≤ time < end.

        Raises
        ------
        LabError
            When there is no such plant, machine, sensor or detector, or the span is empty.
        """
        table = self.plant_table(plant)
        if end_us <= start_us or not 1 <= buckets <= MOST_BUCKETS:
            raise ParameterError(f"The span must not be empty and buckets must be from 1 to {MOST_BUCKETS}.")
        width = max(1, -(-(end_us - start_us) // buckets))
        bound = [table.machine_number(machine), run, run, start_us, end_us]
        query = _bucket_query(table, name)
        found = self.database.read().execute(query, [start_us, start_us, width, width, *bound, *bound]).fetchnumpy()
        return {column: _filled(values) for column, values in found.items()}

    def sensor_history(
        self, plant: str, machine: str, sensor: str, seconds: float, limit: int = 10_000, run: int | None = None
    ) -> Columns:
        """Return the raw readings of one sensor over the last seconds of stored time, the newest first."""
        table = self.plant_table(plant)
        number = table.machine_number(machine)
        newest = sql("select max(time_us) from {t} where ? is null or run = ?", t=table.readings)
        query = sql(
            "select time_us, {s} as value, status from {t} where machine = ? and (? is null or run = ?) "
            "and time_us > ({newest}) - ? order by time_us desc limit ?",
            s=table.require_sensor(sensor),
            t=table.readings,
            newest=newest,
        )
        bound = [number, run, run, run, run, round(seconds * SECOND_US), limit]
        return {name: _filled(v) for name, v in self.database.read().execute(query, bound).fetchnumpy().items()}

    def count_rollups(self, plant: str, run: int | None = None) -> int:
        """Return how many minute roll-ups are stored."""
        table = self.plant_table(plant)
        query = sql("select count(*) from {t} where ? is null or run = ?", t=table.rollups)
        return int(self.database.read().execute(query, [run, run]).fetchall()[0][0])


def _bucket_query(table: PlantTable, name: str) -> Fragment:
    where = Fragment("machine = ? and (? is null or run = ?)")
    if name in table.sensors:
        column, figures = name, (f"{name} min", f"{name} max", f"{name} mean")
    elif name in table.detectors:
        column = score_column(name)
        figures = (f"{column} max",) * 3
    else:
        raise UnknownNameError("sensor or detector", name, (*table.sensors, *table.detectors))
    return sql(
        "select ? + (at_us - ?) // ? * ? as time_us, min(low) as min, max(high) as max, "
        "sum(middle * n) / sum(n) as mean, sum(n)::bigint as ticks from ("
        "select time_us as at_us, {c} as low, {c} as high, {c} as middle, 1 as n from {raw} "
        "where {w} and time_us >= ? and time_us < ? union all "
        "select minute_us, {low}, {high}, {middle}, ticks from {rolled} "
        "where {w} and minute_us >= ? and minute_us < ?) where low is not null group by 1 order by 1",
        c=column,
        raw=table.readings,
        rolled=table.rollups,
        w=where,
        low=figures[0],
        high=figures[1],
        middle=figures[2],
    )


def _filled(values: Any) -> npt.NDArray[Any]:
    return values.filled(np.nan) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
