"""The runner's health in figures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.records import SECOND_US, iso_time

if TYPE_CHECKING:
    from engine.running.core import Core

LITTLE_DISK = 500 << 20  # bytes free under which the disk counts as low
MUCH_LAG_S = 2.0


class Rates:
    """Ticks per second of wall time over the last seconds, from a few remembered moments."""

    def __init__(self, wall_s: float) -> None:
        self._marks = [(wall_s, 0)]

    def note(self, wall_s: float, ticks: int) -> None:
        """Remember how many ticks there were at a moment; at most one mark a second, ten seconds back."""
        if wall_s - self._marks[-1][0] >= 1.0:
            self._marks = [*self._marks[-9:], (wall_s, ticks)]

    def per_second(self, wall_s: float, ticks: int) -> float:
        """Return ticks per second since the oldest mark."""
        began, before = self._marks[0]
        return (ticks - before) / max(wall_s - began, 1e-3)


def figures(core: Core, rates: Rates) -> dict[str, Any]:
    """Return how the engine does, JSON-ready, and the reasons why it is not well."""
    store = {**core.store.figures(), "disk_free": disk_free(core.store.path)}
    wall = core.clock.wall()
    facts: dict[str, Any] = {
        "time_us": core.next_us - core.tick_us,
        "time": iso_time(max(0, core.next_us - core.tick_us)),
        "run": core.run.run,
        "speed": core.clock.speed,
        "paused": core.clock.paused,
        "tick_s": core.tick_us / SECOND_US,
        "ticks": core.ticks,
        "frames": core.frames,
        "ticks_per_s": round(rates.per_second(wall, core.ticks), 2),
        "ticks_per_s_wanted": 0.0 if core.clock.paused else round(core.clock.speed * SECOND_US / core.tick_us, 2),
        "lag_s": round(core.lag_s, 3),
        "slipped_s": round(core.slipped_us / SECOND_US, 3),
        "queue": core.queue.figures(),
        "detectors": core.bench.figures(),
        "ticks_in_memory": len(core.ring),
        "subscribers": len(core.subscribers),
        "alarms_standing": len(core.desk.standing),
        "store": store,
        "memory_bytes": memory_bytes(),
    }
    facts["reasons"] = reasons(facts)
    facts["notes"] = notes(facts)
    return facts


def reasons(facts: dict[str, Any]) -> list[str]:
    """Return why the engine is not well, one sentence each; empty = it is."""
    found = []
    if facts["lag_s"] > MUCH_LAG_S:
        found.append(f"The plant is {facts['lag_s']:.1f} s behind its clock; lower the speed.")
    if facts["store"]["problem"]:
        found.append(f"{facts['store']['problem']} {facts['store']['rows_waiting']:,} rows wait in memory.")
    if facts["store"]["rows_lost"]:
        found.append(f"{facts['store']['rows_lost']:,} rows could not be kept while the disk took nothing.")
    if facts["queue"]["dropped"]:
        found.append(f"{facts['queue']['dropped']:,} ticks were not scored because of overload.")
    for name, detector in facts["detectors"].items():
        if not detector["working"]:
            found.append(f"Detector {name} is disabled: {detector['reason']}")
    free = facts["store"]["disk_free"]
    if free is not None and free < LITTLE_DISK:
        found.append(f"Only {free >> 20} MB are free on the disk of the store; make room.")
    return found


def notes(facts: dict[str, Any]) -> list[str]:
    """Return what is worth knowing though nothing is wrong, one sentence each."""
    wanted, real = facts["ticks_per_s_wanted"], facts["ticks_per_s"]
    if facts["slipped_s"] > 0.0 and real < 0.8 * wanted:
        return [f"This computer manages {real:,.0f} of {wanted:,.0f} ticks a second; the plant's clock waits for it."]
    return []


def disk_free(path: Path | str) -> int | None:
    """Return bytes free where the store lies; None for a store in memory."""
    if str(path) == ":memory:":
        return None
    return shutil.disk_usage(Path(path).parent).free


def memory_bytes() -> int | None:
    """Return the memory of this process, or None where psutil is not installed."""
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)
