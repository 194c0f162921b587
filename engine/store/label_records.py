"""Labels: intervals that people marked by hand on a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.errors import LabError
from engine.records import Label
from engine.store.topic import Topic


@dataclass(frozen=True)
class StoredLabel:
    """A label with its number, run and author."""

    number: int
    run: int
    author: str
    label: Label
    created: str


class Labels(Topic):
    """Queries about labels."""

    def add_label(self, run: int, author: str, label: Label) -> StoredLabel:
        """Write a label and return it with its number; it is on disk when this returns.

        Raises
        ------
        LabError
            When the label ends before it starts.
        """
        if label.end_us <= label.start_us:
            raise LabError("A label must end after it starts; mark a span of time, not a moment.")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        row = [run, author, label.machine, label.start_us, label.end_us, label.fault, label.confidence]
        row += [json.dumps(label.sensors), label.note, created]

        def insert(cursor: Any) -> int:
            number = int(cursor.execute("select nextval('label_number')").fetchall()[0][0])
            cursor.execute("insert into labels values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)", [number, *row])
            return number

        return StoredLabel(self.database.write(insert), run, author, label, created)

    def remove_label(self, number: int, author: str | None = None) -> bool:
        """Take a label away (only the author's own when `author` is given); returns whether there was one."""

        def mark(cursor: Any) -> bool:
            found = cursor.execute(
                "update labels set deleted = true where label = ? and not deleted and (? is null or author = ?)",
                [number, author, author],
            ).fetchall()
            return bool(found[0][0])

        return self.database.write(mark)

    def labels(
        self, run: int | None = None, author: str | None = None, machine: str | None = None
    ) -> tuple[StoredLabel, ...]:
        """Return labels in the order of their start."""
        rows = self.database.read().execute(
            "select label, run, author, machine, start_us, end_us, fault, confidence, sensors, note, created "
            "from labels where not deleted and (? is null or run = ?) and (? is null or author = ?) "
            "and (? is null or machine = ?) order by start_us, label",
            [run, run, author, author, machine, machine],
        )
        return tuple(_stored(*row) for row in rows.fetchall())


def _stored(number: int, run: int, author: str, *fields: Any) -> StoredLabel:
    machine, start_us, end_us, fault, confidence, sensors, note, created = fields
    label = Label(machine, start_us, end_us, fault, confidence, tuple(json.loads(sensors)), note)
    return StoredLabel(number, run, author, label, created)
