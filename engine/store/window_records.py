"""Window statistics: one row per window, machine and sensor, written once when the window closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError
from engine.store.topic import Topic

if TYPE_CHECKING:
    import numpy.typing as npt

    Columns = dict[str, npt.NDArray[Any]]

WINDOW_COLUMNS = (
    "run", "machine", "sensor", "start_us", "end_us", "ticks", "mean", "std", "min", "max", "trend", "outliers",
)  # fmt: skip


class WindowStats(Topic):
    """Queries about window statistics."""

    def add_window_stats(self, rows: Columns) -> int:
        """Write rows given as columns (all of WINDOW_COLUMNS, equal lengths); returns how many.

        Raises
        ------
        LabError
            When a column is missing.
        """
        missing = [name for name in WINDOW_COLUMNS if name not in rows]
        if missing:
            raise LabError(f"Window statistics lack the columns: {', '.join(missing)}.")
        batch = {name: np.asarray(rows[name]) for name in WINDOW_COLUMNS}

        def insert(cursor: Any) -> int:
            cursor.execute("insert into window_stats select * from batch")
            return len(batch["run"])

        return self.database.write(insert)

    def window_stats(
        self,
        machine: str | None = None,
        sensor: str | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        run: int | None = None,
        limit: int = 10_000,
    ) -> Columns:
        """Return window statistics, the newest window first; the window's start decides whether it is in the span."""
        answer = self.database.read().execute(
            "select * from window_stats where (? is null or machine = ?) and (? is null or sensor = ?) "
            "and (? is null or start_us >= ?) and (? is null or start_us < ?) and (? is null or run = ?) "
            "order by start_us desc, machine, sensor limit ?",
            [machine, machine, sensor, sensor, start_us, start_us, end_us, end_us, run, run, limit],
        )
        return dict(answer.fetchnumpy())
