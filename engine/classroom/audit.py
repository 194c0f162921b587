"""The audit log: append-only, each entry holds the hash of the one before, so that no entry can be changed unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.classroom.key import canonical
from engine.records import iso_time

if TYPE_CHECKING:
    import duckdb

    from engine.store.class_records import ClassRecords

FIRST = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the log in plain words; never a seed, a pass phrase or an answer."""

    seq: int
    at_us: int
    actor: str
    action: str
    object: str
    before: str
    after: str
    hash: str

    def __str__(self) -> str:
        change = f": {self.before} -> {self.after}" if self.before else (f": {self.after}" if self.after else "")
        return f"{iso_time(self.at_us, seconds_only=True)} {self.actor} {self.action} {self.object}{change}"


class Audit:
    """The log of one class.

    Parameters
    ----------
    records
        The class tables.
    now_us
        The server's clock in microseconds.
    """

    def __init__(self, records: ClassRecords, now_us: Callable[[], int]) -> None:
        self._records, self._now_us = records, now_us

    def note(self, actor: str, action: str, about: str, before: str = "", after: str = "") -> None:
        """Append an entry; it is on disk when this returns."""
        entry: dict[str, Any] = {
            "at_us": self._now_us(),
            "actor": actor,
            "action": action,
            "object": about,
            "before": before,
            "after": after,
        }
        self._records.database.write(lambda cursor: self._append(cursor, entry))

    def entries(self, about: str | None = None, actor: str | None = None) -> list[Entry]:
        """Return the entries in order, of one object or actor when named."""
        where = {name: value for name, value in (("object", about), ("actor", actor)) if value is not None}
        rows = self._records.audit.find("seq", **where)
        return [Entry(**{name: value for name, value in row.items() if name != "previous"}) for row in rows]

    def broken_at(self) -> int | None:
        """Return the number of the first entry that does not fit the chain, or None when all do."""
        previous = FIRST
        for expected, row in enumerate(self._records.audit.find("seq"), start=1):
            if row["seq"] != expected or row["previous"] != previous or row["hash"] != chained(previous, row):
                return expected
            previous = row["hash"]
        return None

    def head(self) -> tuple[int, str]:
        """Return number and hash of the newest entry: written down elsewhere, it also proves that none was cut off."""
        entries = self._records.audit.find("seq")
        return (entries[-1]["seq"], entries[-1]["hash"]) if entries else (0, FIRST)

    def _append(self, cursor: duckdb.DuckDBPyConnection, entry: dict[str, Any]) -> None:
        audit = self._records.audit
        seq = audit.last(cursor, "seq", 0)
        previous = audit.hash_of(cursor, seq) or FIRST
        row = {"seq": seq + 1, **entry}
        audit.insert(cursor, {**row, "previous": previous, "hash": chained(previous, row)})


def chained(previous: str, row: dict[str, Any]) -> str:
    """Return the hash of an entry: SHA-256 of the hash before it and of its own columns."""
    own = {name: value for name, value in row.items() if name not in ("previous", "hash")}
    return hashlib.sha256((previous + canonical(own)).encode()).hexdigest()
