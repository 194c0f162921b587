"""Truth in a file of its own. Only instructors' code paths may import this module; a test watches over the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import LabError
from engine.records import TruthEvent
from engine.store.database import Database

FILE_NAME = "vault.duckdb"
SCHEMA = """
create table if not exists truth_versions (
    subject varchar not null, version uinteger not null, digest varchar not null, made varchar not null,
    reason varchar not null, events varchar not null
);
"""


@dataclass(frozen=True)
class TruthVersion:
    """One version of the truth about a subject (a run, an assignment's variant).

    Parameters
    ----------
    digest
        SHA-256 of the events as canonical JSON.
    """

    subject: str
    version: int
    digest: str
    made: str
    reason: str
    events: tuple[TruthEvent, ...]


class Vault:
    """Truth events by subject, every version kept.

    Parameters
    ----------
    place
        A folder (the file in it is vault.duckdb), a file ending in .duckdb, or ":memory:".

    Raises
    ------
    StoreError
        When the file is in use by another process or cannot be opened.
    """

    def __init__(self, place: Path | str) -> None:
        named = str(place) == ":memory:" or str(place).endswith(".duckdb")
        self.database = Database(place if named else Path(place) / FILE_NAME)
        self.database.write(lambda cursor: cursor.execute(SCHEMA).fetchall())

    def put(self, subject: str, events: Sequence[TruthEvent], reason: str = "") -> TruthVersion:
        """Store truth; the same truth again keeps its version. It is on disk when this returns."""
        last = self.newest(subject)
        digest = digest_of(events)
        if last is not None and last.digest == digest:
            return last
        version = 1 if last is None else last.version + 1
        made = datetime.now(UTC).isoformat(timespec="seconds")
        row = [subject, version, digest, made, reason, json.dumps([event.plain() for event in events])]

        def insert(cursor: Any) -> None:
            cursor.execute("insert into truth_versions values (?, ?, ?, ?, ?, ?)", row)

        self.database.write(insert)
        return TruthVersion(subject, version, digest, made, reason, tuple(events))

    def newest(self, subject: str) -> TruthVersion | None:
        """Return the newest truth about a subject, or None."""
        return next(iter(self.versions(subject)), None)

    def version(self, subject: str, version: int) -> TruthVersion:
        """Return one version of the truth.

        Raises
        ------
        LabError
            When there is no such version.
        """
        found = next((truth for truth in self.versions(subject) if truth.version == version), None)
        if found is None:
            raise LabError(f"The vault has no version {version} of the truth about {subject!r}.")
        return found

    def versions(self, subject: str) -> tuple[TruthVersion, ...]:
        """Return all versions about a subject, the newest first."""
        rows = self.database.read().execute(
            "select subject, version, digest, made, reason, events from truth_versions where subject = ? "
            "order by version desc",
            [subject],
        )
        return tuple(
            TruthVersion(name, version, digest, made, reason, _events(events))
            for name, version, digest, made, reason, events in rows.fetchall()
        )

    def subjects(self) -> tuple[str, ...]:
        """Return what the vault knows the truth about."""
        rows = self.database.read().execute("select distinct subject from truth_versions order by subject")
        return tuple(subject for (subject,) in rows.fetchall())

    def close(self) -> None:
        """Close the file. May be called twice."""
        self.database.close()


def digest_of(events: Sequence[TruthEvent]) -> str:
    """Return the SHA-256 of events, whatever order they come in."""
    lines = sorted(json.dumps(event.plain(), sort_keys=True) for event in events)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _events(text: str) -> tuple[TruthEvent, ...]:
    return tuple(TruthEvent(**{**event, "sensors": tuple(event["sensors"])}) for event in json.loads(text))
