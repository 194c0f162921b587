"""Batch generation: a span of a plant as CSV, Parquet or JSON lines; never any truth in the data.

The truth goes to a file of its own and only when asked for. Graded data is safe because its seed is secret.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import FileProblemError, LabError, ParameterError, UnknownNameError
from engine.plant.features import guide_features
from engine.plant.prefetch import rows
from engine.records import HOUR_US, SECOND_US, STATUS_WORDS, Block, TruthEvent, iso_time, iso_times

if TYPE_CHECKING:
    from engine.plant.simulator import Plant

FORMATS = ("csv", "parquet", "jsonl")
TRUTH_COLUMNS = ("machine_id", "fault", "sensors", "severity", "onset", "detectable_from", "end")
_ROWS_AT_ONCE = 200_000
_MOST_ROWS = 500_000_000

Progress = Callable[[int, int], None]


def generate(plant: Plant, start_us: int, hours: float, rate: float) -> Iterator[Block]:
    """Yield the readings of start ≤ t < start + hours at `rate` readings a second, in blocks of about 200,000 rows.

    Raises
    ------
    LabError
        When hours or rate are out of range.
    """
    step, count = _steps(hours, rate)
    if count * len(plant.machines) > _MOST_ROWS:
        raise LabError(f"That makes {count * len(plant.machines):,} rows; ask for fewer hours or a lower rate.")
    at_once = max(1, _ROWS_AT_ONCE // len(plant.machines))
    return (
        plant.block(start_us + _offsets(first, min(first + at_once, count), step)) for first in range(0, count, at_once)
    )


def _steps(hours: float, rate: float) -> tuple[float, int]:
    """Return microseconds between ticks (exact, maybe with a fraction) and the number of ticks."""
    if not 0.0001 <= rate <= 1000.0:
        raise ParameterError(f"rate must be from 0.0001 to 1000 readings a second, got {rate!r}.")
    if not 0.0 < hours <= 24 * 366:
        raise ParameterError(f"hours must be above 0 and at most {24 * 366}, got {hours!r}.")
    step = SECOND_US / rate
    return step, max(1, round(hours * HOUR_US / step))


def _offsets(first: int, last: int, step: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return tick numbers first ≤ i < last as microseconds from the start."""
    return np.rint(np.arange(first, last, dtype=np.float64) * step).astype(np.int64)


def write_dataset(
    plant: Plant,
    path: str | Path,
    *,
    start_us: int,
    hours: float,
    rate: float,
    file_format: str = "csv",
    features: bool = True,
    progress: Progress | None = None,
) -> int:
    """Write the readings with the documented columns and return the number of rows.

    Parameters
    ----------
    progress
        Called with rows written and rows in all after each block.

    Raises
    ------
    LabError
        When the format is unknown, a number is out of range or the file cannot be written.
    """
    if file_format not in FORMATS:
        raise UnknownNameError("format", file_format, FORMATS)
    blocks = generate(plant, start_us, hours, rate)
    total = _steps(hours, rate)[1] * len(plant.machines)
    write = {"csv": _write_csv, "parquet": _write_parquet, "jsonl": _write_jsonl}[file_format]
    try:
        return write(Path(path), _counted(blocks, total, progress), features)
    except OSError as problem:
        reason = problem.strerror or "writing failed"
        raise FileProblemError(path, "", reason.lower(), "choose a folder that exists, with enough room") from None


def _counted(blocks: Iterator[Block], total: int, progress: Progress | None) -> Iterator[Block]:
    done = 0
    for block in blocks:
        yield block
        done += len(block) * block.n_machines
        if progress is not None:
            progress(done, total)


def _write_csv(path: Path, blocks: Iterator[Block], features: bool) -> int:
    import pyarrow.csv as arrow_csv

    count = 0
    with path.open("wb") as file:
        options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
        for block in blocks:
            table = arrow_table(block, features)
            if count == 0:  # written here, because Arrow puts quotes around every name
                file.write((",".join(table.column_names) + "\n").encode())
            arrow_csv.write_csv(table, file, options)
            count += table.num_rows
    return count


def _write_parquet(path: Path, blocks: Iterator[Block], features: bool) -> int:
    import pyarrow.parquet as parquet

    count, writer = 0, None
    with path.open("wb") as file:
        for block in blocks:
            table = arrow_table(block, features)
            writer = writer or parquet.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
            count += table.num_rows
        if writer is not None:
            writer.close()
    return count


def _write_jsonl(path: Path, blocks: Iterator[Block], features: bool) -> int:
    import orjson

    count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for block in blocks:
            for row in rows(block, features):
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    return count


def arrow_table(block: Block, features: bool = True) -> Any:
    """Return the documented columns as an Arrow table, tick by tick; missing readings are null."""
    import pyarrow as arrow

    n_ticks, n_machines = block.values.shape[:2]

    def repeated(words: list[str], at: np.ndarray[Any, Any]) -> Any:
        return arrow.array(words).take(arrow.array(at))

    columns = {
        "timestamp": repeated(iso_times(block.times_us), np.repeat(np.arange(n_ticks), n_machines)),
        "machine_id": repeated(list(block.machines), np.tile(np.arange(n_machines), n_ticks)),
        "maintenance_status": repeated(list(STATUS_WORDS), block.status.ravel()),
    }
    for k, sensor in enumerate(block.sensors):
        columns[sensor] = arrow.array(np.ascontiguousarray(block.values[..., k]).ravel(), from_pandas=True)
    if features:
        for name, values in guide_features(block).items():
            columns[name] = arrow.array(np.ascontiguousarray(values).ravel(), from_pandas=True)
    return arrow.table(columns)


def write_truth(events: tuple[TruthEvent, ...], path: str | Path, *, benign: bool = False) -> int:
    """Write the truth to a file of its own (instructors only) and return the number of events.

    Parameters
    ----------
    benign
        Write benign changes too; they are normal and usually left out.
    """
    kept = [event for event in events if benign or not event.benign]
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(TRUTH_COLUMNS)
            writer.writerows(_truth_row(event) for event in kept)
    except OSError as problem:
        reason = (problem.strerror or "writing failed").lower()
        raise FileProblemError(path, "", reason, "choose a folder that exists, with enough room") from None
    return len(kept)


def _truth_row(event: TruthEvent) -> tuple[object, ...]:
    known = event.detectable_from_us
    return (
        event.machine,
        event.fault,
        " ".join(event.sensors),
        event.severity,
        iso_time(event.onset_us),
        "" if known is None else iso_time(known),
        iso_time(event.end_us),
    )
