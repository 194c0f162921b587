"""What people did in the lessons: predictions, tries, quiz answers; one row per person, lesson and thing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.store.database import Database

TABLE = """
CREATE TABLE IF NOT EXISTS lesson_progress (
    person VARCHAR NOT NULL, lesson VARCHAR NOT NULL, thing VARCHAR NOT NULL, value VARCHAR NOT NULL,
    changed VARCHAR NOT NULL, PRIMARY KEY (person, lesson, thing))
"""


class LessonRecords:
    """Progress in the lessons, kept in the lab's own database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.write(lambda cursor: cursor.execute(TABLE).fetchall())

    def keep(self, person: str, lesson: str, thing: str, value: Any) -> None:
        """Write one thing (such as `predict.p1`) with its JSON-ready value; a later value replaces it."""
        row = [person, lesson, thing, json.dumps(value), datetime.now(UTC).isoformat(timespec="seconds")]
        self.database.write(
            lambda cursor: cursor.execute(
                "INSERT OR REPLACE INTO lesson_progress VALUES (?, ?, ?, ?, ?)", row
            ).fetchall()
        )

    def of(self, person: str, lesson: str) -> dict[str, Any]:
        """Return everything one person did in one lesson."""
        found = self.database.read().execute(
            "SELECT thing, value FROM lesson_progress WHERE person = ? AND lesson = ?", [person, lesson]
        )
        return {thing: json.loads(value) for thing, value in found.fetchall()}

    def of_person(self, person: str) -> dict[str, dict[str, Any]]:
        """Return everything one person did, by lesson."""
        found = self.database.read().execute(
            "SELECT lesson, thing, value FROM lesson_progress WHERE person = ?", [person]
        )
        kept: dict[str, dict[str, Any]] = {}
        for lesson, thing, value in found.fetchall():
            kept.setdefault(lesson, {})[thing] = json.loads(value)
        return kept

    def everybodys(self, lesson: str, thing: str) -> list[Any]:
        """Return the values of one thing for the whole room, without names."""
        found = self.database.read().execute(
            "SELECT value FROM lesson_progress WHERE lesson = ? AND thing = ? ORDER BY person", [lesson, thing]
        )
        return [json.loads(value) for (value,) in found.fetchall()]

    def forget(self, person: str, lesson: str | None = None) -> None:
        """Delete one person's progress, in one lesson or in all."""
        self.database.write(
            lambda cursor: cursor.execute(
                "DELETE FROM lesson_progress WHERE person = ? AND (? IS NULL OR lesson = ?)", [person, lesson, lesson]
            ).fetchall()
        )
