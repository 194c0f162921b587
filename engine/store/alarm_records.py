"""Alarms: the newest state of each, written in the same breath as the readings that caused it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.alarming.records import Alarm
from engine.store.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

STATES_STANDING = ("raised", "acknowledged", "shelved")


class Alarms(Topic):
    """Queries about alarms."""

    def save_alarms(self, run: int, alarms: Sequence[Alarm], wait: bool = True) -> Future[None] | None:
        """Write alarms in the state that they are in now; an alarm already stored is replaced."""
        if not alarms:
            return None
        kept = tuple(alarms)
        future = self.database.write_soon(lambda cursor: replace_alarms(cursor, run, kept))
        if wait:
            self.database.outcome(future)
        return future

    def alarms(
        self,
        run: int | None = None,
        machine: str | None = None,
        detector: str | None = None,
        state: str | None = None,
        since_us: int | None = None,
        limit: int = 1000,
    ) -> tuple[Alarm, ...]:
        """Return alarms, the newest first; `since_us` keeps those that began then or later."""
        rows = self.database.read().execute(
            "select record from alarms where (? is null or run = ?) and (? is null or machine = ?) "
            "and (? is null or detector = ?) and (? is null or state = ?) and (? is null or start_us >= ?) "
            "order by start_us desc, run desc, alarm desc limit ?",
            [run, run, machine, machine, detector, detector, state, state, since_us, since_us, limit],
        )
        return tuple(Alarm.from_json(json.loads(record)) for (record,) in rows.fetchall())

    def standing_alarms(self, run: int) -> tuple[Alarm, ...]:
        """Return the alarms of a run that have not ended, the oldest first."""
        rows = self.database.read().execute(
            "select record from alarms where run = ? and end_us is null order by alarm", [run]
        )
        return tuple(Alarm.from_json(json.loads(record)) for (record,) in rows.fetchall())

    def last_alarm_number(self, run: int) -> int:
        """Return the highest alarm number of a run, 0 when it has none."""
        found = self.database.read().execute("select coalesce(max(alarm), 0) from alarms where run = ?", [run])
        return int(found.fetchall()[0][0])


def _row(run: int, alarm: Alarm) -> list[Any]:
    record = json.dumps(alarm.to_json(), ensure_ascii=False)
    names = [alarm.machine, alarm.detector, alarm.state, alarm.priority]
    return [run, alarm.number, *names, alarm.start_us, alarm.end_us, record]


def replace_alarms(cursor: Any, run: int, alarms: Sequence[Alarm]) -> None:
    """Write alarms inside the writer's transaction, each in its last state."""
    for row in [_row(run, alarm) for alarm in {alarm.number: alarm for alarm in alarms}.values()]:
        cursor.execute("delete from alarms where run = ? and alarm = ?", row[:2])
        cursor.execute("insert into alarms values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
