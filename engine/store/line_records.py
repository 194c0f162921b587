"""Marks of single lines that differ from the plant's data sheet, as an instructor set them."""

from __future__ import annotations

from typing import Any

from engine.store.topic import Topic

LineMarks = dict[tuple[str, str], tuple[float | None, float | None]]  # (line, sensor) to (warning, critical)


class Lines(Topic):
    """Queries about lines."""

    def line_marks(self, plant: str) -> LineMarks:
        """Return the marks that differ, by line and sensor; None = no mark."""
        rows = self.database.read().execute(
            "select line, sensor, warning, critical from line_marks where plant = ? order by line, sensor", [plant]
        )
        return {(line, sensor): (warning, critical) for line, sensor, warning, critical in rows.fetchall()}

    def save_line_marks(self, plant: str, line: str, marks: dict[str, tuple[float | None, float | None]]) -> None:
        """Replace the marks of a line; {} = the data sheet's hold again. On disk when this returns."""

        def replace(cursor: Any) -> None:
            cursor.execute("delete from line_marks where plant = ? and line = ?", [plant, line])
            for sensor, (warning, critical) in marks.items():
                cursor.execute(
                    "insert into line_marks values (?, ?, ?, ?, ?)", [plant, line, sensor, warning, critical]
                )

        self.database.write(replace)
