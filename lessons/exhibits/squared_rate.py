"""A rate that is asked for twice: two dice must agree before a fault begins, so the rate r becomes r²."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

UNITS = ("chance per tick", "events per machine-hour")
DICE = ("once", "twice: whether, and then which machine")
RATE, HOURS, MACHINES = 0.5, 2000, 5  # asked for: events per machine-hour


def show(form: dict[str, Any], seed: int) -> Seen:
    """Let 2,000 hours pass with ticks of one and of ten minutes and count the faults that begin."""
    slow, fast = counted(form, seed, 10.0), counted(form, seed, 1.0)
    wanted = RATE * HOURS * MACHINES
    spread = 4 * np.sqrt(wanted)
    half = counted(form | {"rate": form["rate"] / 2}, seed + 1, 10.0)
    checks = (
        Check("the events are as many as were asked for, within chance", abs(slow - wanted) < spread,
              f"{slow:,} of about {wanted:,.0f}"),
        Check("a tick ten times as short gives as many events", abs(fast - slow) < spread,
              f"{fast:,} against {slow:,}"),
        Check("half the rate gives half the events", abs(2 * half - slow) < 3 * spread, f"{half:,} against {slow:,}"),
        Check("the rate is the one that the lesson asks for, 0.5", form["rate"] == RATE, f"{form['rate']:g}"),
    )  # fmt: skip
    lane = Lane(
        "events",
        [1.0, 2.0],
        [float(fast), float(slow)],
        "bars",
        time=False,
        x_title="1: ticks of one minute · 2: ticks of ten",
    )
    return Seen(checks, (lane,))


def counted(form: dict[str, Any], seed: int, tick_minutes: float) -> int:
    """Return how many events begin on all machines."""
    rng = np.random.default_rng([seed, 7, round(tick_minutes)])
    ticks = round(HOURS * 60 / tick_minutes) * MACHINES
    chance = form["rate"] if form["unit"] == UNITS[0] else 1 - np.exp(-form["rate"] * tick_minutes / 60)
    if form["unit"] == UNITS[1] and form["dice"] == DICE[0]:  # several may begin within one long tick
        return int(rng.poisson(form["rate"] * tick_minutes / 60, ticks).sum())
    begun = rng.random(ticks) < chance
    if form["dice"] == DICE[1]:
        begun &= rng.random(ticks) < chance
    return int(begun.sum())


EXHIBIT = Exhibit("squared_rate", {"rate": (0.01, 5), "unit": UNITS, "dice": DICE}, show)
