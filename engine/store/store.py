"""The lab's memory: one DuckDB file, asked through named methods only; no other code writes SQL.

Each topic has a file of its own (readings, runs, alarms, lines, …); this class joins them.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from engine.store.alarm_records import Alarms
from engine.store.commits import GroupCommit
from engine.store.database import Database
from engine.store.explore import Explorer
from engine.store.export import Exports
from engine.store.history import HistoryQueries
from engine.store.line_records import Lines
from engine.store.pending import PendingRows
from engine.store.readings import Readings
from engine.store.retention import Keeping
from engine.store.run_records import Runs
from engine.store.sandbox import Sandboxes
from engine.store.window_records import WindowStats

FILE_NAME = "faultlab.duckdb"
SCHEMA = Path(__file__).with_name("schema.sql")


class Store(Readings, HistoryQueries, Keeping, Exports, Explorer, Runs, Alarms, Lines, WindowStats):
    """Everything the lab keeps, except truth, which lies in the vault.

    Parameters
    ----------
    place
        A folder (the file in it is faultlab.duckdb), a file ending in .duckdb, or ":memory:".
    most_pending_rows
        Rows kept in memory at most while the disk cannot take them.

    Raises
    ------
    StoreError
        When the file is in use by another process or cannot be opened.
    """

    def __init__(self, place: Path | str, most_pending_rows: int = 400_000) -> None:
        self.path = _file(place)
        self.database = Database(self.path)
        self.pending = PendingRows(most_pending_rows)
        self.commits = GroupCommit(self.database, self._write_parts)
        self.plants_lock = threading.RLock()
        self.sandboxes = Sandboxes()
        self.write_problem: str | None = None
        self._plants = None
        self._drafts = {}
        self.database.write(lambda cursor: cursor.execute(SCHEMA.read_text(encoding="utf-8")).fetchall())

    def close(self) -> None:
        """Write what waits, then close the file. May be called twice."""
        if self.pending.waiting and not self.database.closed:
            self.flush(wait=False)
        self.database.close()
        self.sandboxes.close()

    def compact(self) -> int:
        """Rewrite the file so that deleted rows give their space back; returns the bytes gained."""
        return self.database.compact()

    def figures(self) -> dict[str, Any]:
        """Return rows accepted, stored, waiting and lost, the file's size in bytes, and the write problem if any."""
        size = Path(self.path).stat().st_size if str(self.path) != ":memory:" and Path(self.path).exists() else 0
        wal = Path(f"{self.path}.wal")
        return {
            "rows_accepted": self.pending.accepted,
            "rows_stored": self.pending.stored,
            "rows_waiting": self.pending.waiting,
            "rows_lost": self.pending.lost,
            "writes_waiting": self.database.waiting,
            "bytes": size + (wal.stat().st_size if wal.exists() else 0),
            "path": str(self.path),
            "problem": self.write_problem or self.database.problem or None,
        }


def _file(place: Path | str) -> Path | str:
    if str(place) == ":memory:":
        return ":memory:"
    return Path(place) if str(place).endswith(".duckdb") else Path(place) / FILE_NAME
