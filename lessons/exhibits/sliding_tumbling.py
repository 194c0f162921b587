"""Windows called tumbling that move on by one message: every message is summarised sixty times."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

MESSAGES, WANTED = 600, 60
ALARMS = ("for each window that holds a strange message", "once for each strange message")


def show(form: dict[str, Any], seed: int) -> Seen:
    """Send 600 messages, three of them strange, through windows of 60."""
    rng = np.random.default_rng([seed, 6])
    strange = np.sort(rng.choice(np.arange(WANTED, MESSAGES - WANTED), 3, replace=False))
    size, step = round(form["size"]), round(form["step"])
    starts = np.arange(0, MESSAGES - size + 1, step)
    inside = np.zeros(MESSAGES, np.int64)
    for start in starts:
        inside[start : start + size] += 1
    alarms = sum(int(((strange >= start) & (strange < start + size)).any()) for start in starts)
    alarms = len(strange) if form["alarm"] == ALARMS[1] else alarms
    expected = MESSAGES // WANTED
    checks = (
        Check("every message is in exactly one window", bool((inside == 1).all()), f"up to {inside.max()} windows"),
        Check("600 messages make ten windows", len(starts) == expected, f"{len(starts)} windows"),
        Check("a window holds sixty messages", size == WANTED, f"{size}"),
        Check("three strange messages make three alarms", alarms == len(strange), f"{alarms} alarms"),
    )
    x = [float(k) for k in range(0, MESSAGES, 2)]
    lane = Lane("windows that hold the message", x, inside[::2].astype(float).tolist(), time=False, x_title="message")
    return Seen(checks, (lane,))


EXHIBIT = Exhibit("sliding_tumbling", {"size": (1, 600), "step": (1, 600), "alarm": ALARMS}, show)
