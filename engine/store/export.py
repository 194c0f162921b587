"""Readings as files: CSV, Parquet or JSON lines, with the column names of the course material."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, StoreError
from engine.records import STATUS_WORDS
from engine.store.names import Fragment, score_column, sql
from engine.store.plants import PlantTable, PlantTables

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = {
    "csv": "format csv, header",
    "parquet": "format parquet, compression zstd",
    "jsonl": "format json",
}
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%f+00:00"


class Exports(PlantTables):
    """Write readings to files."""

    def export(
        self,
        plant: str,
        path: Path | str,
        file_format: str = "csv",
        start_us: int | None = None,
        end_us: int | None = None,
        machines: Sequence[str] | None = None,
        run: int | None = None,
        scores: bool = True,
    ) -> int:
        """Write the stored readings with start ≤ time < end to a file, the oldest first; returns the rows written.

        Columns: timestamp (ISO 8601, UTC), machine_id, maintenance_status, the sensors, then score_<detector>.

        Raises
        ------
        LabError
            When the format is unknown or the file cannot be written.
        """
        if file_format not in FORMATS:
            raise LabError(f"file_format must be one of: {', '.join(FORMATS)}, got {file_format!r}.")
        table = self.plant_table(plant)
        numbers = [table.machine_number(name) for name in machines] if machines is not None else None
        bound = [list(table.machines), run, run, start_us, start_us, end_us, end_us, numbers, numbers]
        try:
            answer = self.database.read().execute(_copy(table, Path(path), file_format, scores), bound).fetchall()
        except Exception as problem:
            raise _refused(path, problem) from None
        return int(answer[0][0])


def _copy(table: PlantTable, path: Path, file_format: str, scores: bool) -> Fragment:
    columns = [*table.sensors, *(score_column(name) for name in table.detectors if scores)]
    target = str(path).replace("'", "''")
    return sql(
        "copy (select {time} as timestamp, (?::varchar[])[machine + 1] as machine_id, {status} as maintenance_status, "
        "{columns} from {t} where (? is null or run = ?) and (? is null or time_us >= ?) "
        "and (? is null or time_us < ?) and (? is null or list_contains(?::usmallint[], machine)) "
        "order by time_us, machine) to {target} ({options})",
        time=Fragment(f"strftime(make_timestamp(time_us), '{TIME_FORMAT}')"),
        status=Fragment(f"case status when 0 then '{STATUS_WORDS[0]}' else '{STATUS_WORDS[1]}' end"),
        columns=columns,
        t=table.readings,
        target=Fragment(f"'{target}'"),
        options=Fragment(FORMATS[file_format]),
    )


def _refused(path: Path | str, problem: Exception) -> Any:
    import duckdb

    if not isinstance(problem, duckdb.Error):
        return problem
    return StoreError(
        f"{path} cannot be written ({str(problem).splitlines()[0]}); choose another folder or free space."
    )
