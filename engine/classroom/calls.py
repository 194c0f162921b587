"""Labelling with the future hidden: a call counts only at the moment of the stream at which the server took it.

Calls are append-only and chained by hash; the client sends no time at all, so a wrong clock or a late click cannot
move one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.classroom.audit import FIRST, chained
from engine.errors import LabError
from engine.records import MINUTE_US, Label

if TYPE_CHECKING:
    import duckdb

    from engine.store.class_records import ClassRecords

ACTIONS = ("raise", "clear", "run", "hold")  # run and hold let the person's stream go on and stand still
MOST_SPEED = 10_000.0  # seconds of data in a second: a week in a minute
OPEN_SPAN_US = 10 * MINUTE_US  # what a call that was never cleared is taken to mean


class Calls:
    """The calls of everybody in the assignments whose future is hidden."""

    def __init__(self, records: ClassRecords, now_us: Callable[[], int]) -> None:
        self._records, self._now_us = records, now_us
        self._shown: dict[tuple[str, str], int] = {}  # how far, whatever the clock does

    def call(self, person: str, assignment: str, machine: str, action: str, stream_us: int, fault: str = "") -> int:
        """Append a call at the stream's own time and return its number; it is on disk when this returns.

        Parameters
        ----------
        stream_us
            Event time of the newest reading that the server has shown, read on the server.
        """
        if action not in ACTIONS:
            raise LabError(f"action must be one of: {', '.join(ACTIONS)}, got {action!r}.")
        call = {"person": person, "assignment": assignment, "machine": machine, "action": action, "fault": fault[:60]}
        stamped = {**call, "stream_us": stream_us, "at_us": self._now_us()}
        return self._records.database.write(lambda cursor: self._append(cursor, stamped))

    def run(self, person: str, assignment: str, span: tuple[int, int], speed: float) -> None:
        """Let a person's stream go on (or begin) at so many seconds of the data in a second of the server's clock."""
        if not 0 < speed <= MOST_SPEED:
            raise LabError(f"speed must be above 0 and at most {MOST_SPEED:g}, got {speed:g}.")
        self.call(person, assignment, "", "run", self.stream(person, assignment, span)[0], f"{speed:g}")

    def hold(self, person: str, assignment: str, span: tuple[int, int]) -> None:
        """Let a person's stream stand still; what comes next stays hidden meanwhile."""
        self.call(person, assignment, "", "hold", self.stream(person, assignment, span)[0])

    def stream(self, person: str, assignment: str, span: tuple[int, int]) -> tuple[int, float]:
        """Return up to which event time a person has been shown the data, and the speed now (0.0 = stands still).

        It follows from the chained calls and the server's clock; it never goes back, whatever that clock does.
        """
        at_us, speed, since_us = float(span[0]), 0.0, 0
        for row in self._rows(person, assignment):
            at_us = min(float(span[1]), max(at_us + speed * max(0, row["at_us"] - since_us), float(row["stream_us"])))
            since_us = row["at_us"]
            if row["action"] in ("run", "hold"):
                speed = float(row["fault"]) if row["action"] == "run" else 0.0
        at_us = min(float(span[1]), at_us + speed * max(0, self._now_us() - since_us))
        shown = self._shown[person, assignment] = max(round(at_us), self._shown.get((person, assignment), span[0]))
        return shown, speed if shown < span[1] else 0.0

    def standing(self, person: str, assignment: str) -> set[str]:
        """Return the machines whose alarm was raised and not cleared yet."""
        last = {row["machine"]: row["action"] for row in self._rows(person, assignment) if row["machine"]}
        return {machine for machine, action in last.items() if action == "raise"}

    def labels(self, person: str, assignment: str) -> tuple[Label, ...]:
        """Return the calls of a person as labels: from each raise to its clear on the same machine."""
        found: list[Label] = []
        raised: dict[str, dict[str, Any]] = {}
        for row in self._rows(person, assignment):
            if row["action"] == "raise" and row["machine"] not in raised:
                raised[row["machine"]] = row
            elif row["action"] == "clear" and (begun := raised.pop(row["machine"], None)):
                found.append(_label(begun, row["stream_us"]))
        found += [_label(row, row["stream_us"] + OPEN_SPAN_US) for row in raised.values()]
        return tuple(sorted(found, key=lambda x: (x.machine, x.start_us)))

    def broken_at(self) -> int | None:
        """Return the first call that does not fit the chain, or None."""
        previous = FIRST
        for expected, row in enumerate(self._records.calls.find("seq"), start=1):
            if row["seq"] != expected or row["previous"] != previous or row["hash"] != chained(previous, row):
                return expected
            previous = row["hash"]
        return None

    def _rows(self, person: str, assignment: str) -> list[dict[str, Any]]:
        return self._records.calls.find("seq", person=person, assignment=assignment)

    def _append(self, cursor: duckdb.DuckDBPyConnection, call: dict[str, Any]) -> int:
        calls = self._records.calls
        seq = int(calls.last(cursor, "seq", 0))
        previous = calls.hash_of(cursor, seq) or FIRST
        row = {"seq": seq + 1, **call}
        calls.insert(cursor, {**row, "previous": previous, "hash": chained(previous, row)})
        return seq + 1


def _label(raised: dict[str, Any], end_us: int) -> Label:
    return Label(raised["machine"], raised["stream_us"], max(end_us, raised["stream_us"] + 1), raised["fault"])
