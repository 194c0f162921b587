"""Runs and their journals: with the plant's name and seed they are all that is needed to play a run again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.store.topic import Topic

EXTERNAL = "external"  # `source` in the settings of a run whose readings others bring


@dataclass(frozen=True)
class RunRecord:
    """One playing of a plant.

    Parameters
    ----------
    settings
        JSON-ready: machines, tick length, rates of automatic events.
    start_us
        Plant time of the first tick.
    created
        Wall time, ISO 8601.
    """

    run: int
    plant: str
    seed: int
    settings: dict[str, Any]
    start_us: int
    created: str


class Runs(Topic):
    """Queries about runs and journals."""

    def begin_run(
        self, plant: str, seed: int, settings: dict[str, Any], start_us: int, number: int | None = None
    ) -> RunRecord:
        """Write a new run and return it; it is on disk when this returns.

        Its number is above all that were ever given, unless it is given: a run of a home from before runs of plants
        that others feed were written down.
        """
        created, given = datetime.now(UTC).isoformat(timespec="seconds"), number

        def insert(cursor: Any) -> int:
            number = given
            if number is None:
                number = int(cursor.execute("select coalesce(max(run), 0) + 1 from runs").fetchall()[0][0])
            row = [number, plant, str(seed), json.dumps(settings), start_us, created]
            cursor.execute("insert into runs values (?, ?, ?, ?, ?, ?)", row)
            return number

        return RunRecord(self.database.write(insert), plant, seed, settings, start_us, created)

    def runs(self, plant: str | None = None) -> tuple[RunRecord, ...]:
        """Return the runs, the newest first."""
        rows = self.database.read().execute(
            "select run, plant, seed, settings, start_us, created from runs where ? is null or plant = ? "
            "order by run desc",
            [plant, plant],
        )
        return tuple(
            RunRecord(run, name, int(seed), json.loads(settings), start_us, created)
            for run, name, seed, settings, start_us, created in rows.fetchall()
        )

    def newest_run(self, plant: str | None = None) -> RunRecord | None:
        """Return the newest run of a plant, or of all that run in the lab (no one feeds them); None = there is none."""
        found = self.runs(plant)
        return next((run for run in found if plant is not None or run.settings.get("source") != EXTERNAL), None)

    def save_journal(self, run: int, entries: list[dict[str, Any]], at_us: int, action: str) -> None:
        """Write the journal as it is after an action; it is on disk when this returns."""

        def insert(cursor: Any) -> None:
            cursor.execute(
                "insert into journal select ?, coalesce(max(version), 0) + 1, ?, ?, ? from journal where run = ?",
                [run, at_us, action, json.dumps(entries), run],
            )

        self.database.write(insert)

    def journal(self, run: int) -> list[dict[str, Any]]:
        """Return the journal's entries as they are now."""
        rows = self.database.read().execute(
            "select entries from journal where run = ? order by version desc limit 1", [run]
        )
        return next((json.loads(entries) for (entries,) in rows.fetchall()), [])
