"""What was scored: rows, and readings of each sensor, and why not others.

So that no alarm never means nothing was looked at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.reading.series import Table
    from engine.records import BoolArray


@dataclass(frozen=True)
class SensorCoverage:
    """How many readings of a sensor were scored, of how many ticks, and why not the others."""

    sensor: str
    scored: int
    of: int
    why_not: str = ""


@dataclass(frozen=True)
class Coverage:
    """Ticks scored of all, and the same for each sensor; `text` says it in one sentence."""

    scored: int
    of: int
    first: int
    sensors: tuple[SensorCoverage, ...]
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def coverage_of(table: Table, scored: tuple[BoolArray, ...], detector: str, warm_up: int | None) -> Coverage:
    """Return what was scored, given for each block which ticks were."""
    total, n = sum(len(block) for block in table.blocks), sum(int(mask.sum()) for mask in scored)
    first = max((int(mask.argmax()) if mask.any() else len(mask) for mask in scored), default=0)
    sensors = [_of_sensor(table, scored, at) for at in range(len(table.sensors))]
    sensors += [SensorCoverage(name, 0, total, why) for name, why in table.left_out.items()]
    return Coverage(n, total, first, tuple(sensors), _text(n, total, first, len(table.blocks), detector, warm_up))


def _of_sensor(table: Table, scored: tuple[BoolArray, ...], at: int) -> SensorCoverage:
    there = [np.isfinite(block.values[:, 0, at]) for block in table.blocks]
    n = sum(int((mask & seen).sum()) for mask, seen in zip(scored, there, strict=True))
    total, filled = sum(len(seen) for seen in there), sum(int(seen.sum()) for seen in there)
    kind = table.kinds[at] if table.kinds else ""
    why = []
    if filled < total:
        why.append(f"{total - filled:,} readings are missing")
    if filled > n:
        why.append(f"{filled - n:,} came while the detector learned")
    if kind == "constant":
        why.append("it never changes, so it can say nothing")
    return SensorCoverage(table.sensors[at], n, total, "; ".join(why))


def _text(n: int, total: int, first: int, n_blocks: int, detector: str, warm_up: int | None) -> str:
    each = " of each machine" if n_blocks > 1 else ""
    if n == 0:
        longest = f"its warm-up of {warm_up} readings" if warm_up is not None else "its warm-up"
        return (
            f"Nothing was scored, so no alarm means nothing: {longest} is longer than these {total:,} rows; choose another "  # noqa: E501
            f"detector, or a shorter warm-up (--set warm_up={max(8, total // 20)})."
        )
    if first == 0:
        return f"All {total:,} rows were scored." if n == total else f"{n:,} of {total:,} rows were scored."
    return f"{n:,} of {total:,} rows were scored: the first {first:,}{each} taught {detector} what is usual."
