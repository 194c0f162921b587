"""Model versions: what was fitted on what, where its file lies, and which version is in use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.errors import LabError
from engine.store.topic import Topic

COLUMNS = (
    "name, version, detector, parameters, span_start_us, span_end_us, digest, path, created, active, note"  # of models
)


@dataclass(frozen=True)
class ModelRecord:
    """One version of a model.

    Parameters
    ----------
    parameters
        The detector's parameters, JSON-ready.
    span_us
        First and last time of the data that it was fitted on, or None.
    digest
        SHA-256 of the model's file.
    """

    name: str
    version: int
    detector: str
    parameters: dict[str, Any]
    span_us: tuple[int, int] | None
    digest: str
    path: str
    created: str
    active: bool
    note: str = ""


class Models(Topic):
    """Queries about model versions."""

    def add_model(
        self,
        name: str,
        detector: str,
        parameters: dict[str, Any],
        span_us: tuple[int, int] | None,
        digest: str,
        path: str,
        note: str = "",
    ) -> ModelRecord:
        """Write the next version of a model, make it the one in use, and return it."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        first, last = span_us or (None, None)
        row = [detector, json.dumps(parameters), first, last, digest, path, created, note]

        def insert(cursor: Any) -> int:
            found = cursor.execute("select coalesce(max(version), 0) + 1 from models where name = ?", [name])
            version = int(found.fetchall()[0][0])
            cursor.execute("update models set active = false where name = ?", [name])
            cursor.execute("insert into models values (?, ?, ?, ?, ?, ?, ?, ?, ?, true, ?)", [name, version, *row])
            return version

        version = self.database.write(insert)
        return ModelRecord(name, version, detector, parameters, span_us, digest, path, created, True, note)

    def models(self, name: str | None = None) -> tuple[ModelRecord, ...]:
        """Return model versions, the newest first."""
        rows = self.database.read().execute(
            "select " + COLUMNS + " from models where ? is null or name = ? order by created desc, version desc",
            [name, name],
        )
        return tuple(_record(*row) for row in rows.fetchall())

    def active_model(self, name: str) -> ModelRecord | None:
        """Return the version in use, or None."""
        return next((model for model in self.models(name) if model.active), None)

    def use_model(self, name: str, version: int) -> None:
        """Put a version in use (roll back or forward).

        Raises
        ------
        LabError
            When there is no such version.
        """
        versions = [model.version for model in self.models(name)]
        if version not in versions:
            raise LabError(
                f"Model {name!r} has no version {version}; it has: {', '.join(map(str, versions)) or 'none'}."
            )

        def mark(cursor: Any) -> None:
            cursor.execute("update models set active = (version = ?) where name = ?", [version, name])

        self.database.write(mark)


def _record(name: str, version: int, detector: str, parameters: str, *rest: Any) -> ModelRecord:
    first, last, digest, path, created, active, note = rest
    span = None if first is None else (first, last)
    return ModelRecord(name, version, detector, json.loads(parameters), span, digest, path, created, active, note)
