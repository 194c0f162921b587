"""A file of 1,000,000 rows × 12 columns, read, recognised and scored: seconds and peak memory.

Beside DuckDB and Polars.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
N_ROWS, N_SENSORS = 1_000_000, 11
REPORT = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([read, time.perf_counter() - began, peak, time.process_time() - cpu]))
"""
OURS = """
import json, resource, sys, time
from pathlib import Path
from engine.reading.profile import profile_of
from engine.reading.series import table_of
from engine.scoring.recommended import DETECTOR
from engine.scoring.score import score_table
began, cpu = time.perf_counter(), time.process_time()
table = table_of(profile_of(Path(sys.argv[1])))
read = time.perf_counter() - began
score_table(table, sys.argv[2] if len(sys.argv) > 2 else DETECTOR)
"""
DUCKDB = """
import json, resource, sys, time
import duckdb
began, cpu = time.perf_counter(), time.process_time()
duckdb.sql("SELECT * FROM read_csv(?)", params=[sys.argv[1]]).fetchnumpy()
read = time.perf_counter() - began
"""
POLARS = """
import json, resource, sys, time
import polars
began, cpu = time.perf_counter(), time.process_time()
polars.read_csv(sys.argv[1], try_parse_dates=True)
read = time.perf_counter() - began
"""


def upload() -> list[dict[str, Any]]:
    """Read and score the file with several detectors, and read it with the peers, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        _write(path)
        found = [_run(f"upload 1,000,000 x 12, {name}", OURS, path, name, "3 s, 700 MB") for name in ("", "ewma")]
        return [
            *found,
            _run("the same file, DuckDB reads it", DUCKDB, path, "", "peer"),
            _run("the same file, Polars reads it", POLARS, path, "", "peer"),
        ]


def _run(name: str, program: str, path: Path, detector: str, target: str) -> dict[str, Any]:
    command = [sys.executable, "-c", program + REPORT, str(path), *([detector] if detector else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    read, total, peak, cpu = json.loads(done.stdout)
    parts = f"read {read:.1f}, score {total - read:.1f}, CPU {cpu:.1f}" if total - read > 0.01 else f"CPU {cpu:.1f}"
    ours = f"{total:.1f} s ({parts}), peak {peak:.0f} MB"
    return {"name": name.rstrip(", "), "ours": ours, "target": target, "seconds": total}


def _write(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    rng = np.random.default_rng(1)
    values = rng.normal(50.0, 5.0, (N_ROWS, N_SENSORS)).round(2)
    start = np.datetime64("2026-01-05T00:00:00")
    stamps = np.datetime_as_string(start + np.arange(N_ROWS).astype("timedelta64[s]"))
    columns = {"timestamp": pa.array(stamps.tolist())} | {f"s{at}": pa.array(values[:, at]) for at in range(N_SENSORS)}
    pacsv.write_csv(pa.table(columns), path)


ROWS = {"upload": upload}
