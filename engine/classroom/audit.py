"""The audit log: append-only, each entry holds the hash of the one before, so that no entry can be changed unseen.

The newest hash is also kept in the vault, another file, so that a tail that is cut off is noticed. Whoever can write
both files can rewrite both: only a head that was written down elsewhere proves more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.classroom.key import canonical
from engine.records import iso_time

if TYPE_CHECKING:
    import duckdb

    from engine.store.class_records import ClassRecords, ClassVault

FIRST = "0" * 64
ROLES = ("instructor", "class")  # words for an actor that a caller does not know
HEAD = "audit_head"

_acting: ContextVar[str] = ContextVar("acting", default="")


def acts(who: str) -> None:
    """Say who acts from here on in this thread or task; doors of pages, routes and commands call it."""
    _acting.set(who)


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
    vault
        Keeps the newest hash in another file; None = it is kept nowhere else.
    """

    def __init__(self, records: ClassRecords, now_us: Callable[[], int], vault: ClassVault | None = None) -> None:
        self._records, self._now_us, self._vault = records, now_us, vault

    def note(self, actor: str, action: str, about: str, before: str = "", after: str = "") -> None:
        """Append an entry; it is on disk when this returns. "instructor" and "class" stand for whoever acts now."""
        if actor in ROLES and _acting.get():
            actor = _acting.get()
        entry: dict[str, Any] = {
            "at_us": self._now_us(),
            "actor": actor,
            "action": action,
            "object": about,
            "before": before,
            "after": after,
        }
        head = self._records.database.write(lambda cursor: self._append(cursor, entry))
        if self._vault is not None:
            self._vault.settings.put_soon(name=HEAD, value=head)

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

    def cut_off(self) -> int | None:
        """Return the number of the newest entry that the vault knows of when the log no longer has it, else None."""
        row = None if self._vault is None else self._vault.settings.one(name=HEAD)
        if row is None:
            return None
        number, digest = str(row["value"]).split(" ")
        kept = self._records.audit.one(seq=int(number))
        return int(number) if kept is None or kept["hash"] != digest else None

    def _append(self, cursor: duckdb.DuckDBPyConnection, entry: dict[str, Any]) -> str:
        audit = self._records.audit
        seq = audit.last(cursor, "seq", 0)
        previous = audit.hash_of(cursor, seq) or FIRST
        row = {"seq": seq + 1, **entry}
        digest = chained(previous, row)
        audit.insert(cursor, {**row, "previous": previous, "hash": digest})
        return f"{row['seq']} {digest}"


def chained(previous: str, row: dict[str, Any]) -> str:
    """Return the hash of an entry: SHA-256 of the hash before it and of its own columns."""
    own = {name: value for name, value in row.items() if name not in ("previous", "hash")}
    return hashlib.sha256((previous + canonical(own)).encode()).hexdigest()
