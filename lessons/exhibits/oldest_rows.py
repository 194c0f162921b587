"""A history that is cut to its first rows in the order in which they arrived: the newest are never shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

BY = ("arrival time", "event time")
DIRECTIONS = ("oldest first", "newest first")
THEN = ("as they are", "turned round")
ROWS, LATE = 1000, 0.1


def show(form: dict[str, Any], seed: int) -> Seen:
    """Ask a table of a thousand rows, a tenth of them late, for the newest ones in order of event time."""
    rng = np.random.default_rng([seed, 3])
    event = np.arange(ROWS)
    late = rng.random(ROWS) < LATE
    late[-1] = True
    arrival = event + np.where(late, rng.uniform(20, 200, ROWS), 0.0)
    order = np.argsort(arrival if form["by"] == BY[0] else event, kind="stable")
    order = order if form["direction"] == DIRECTIONS[0] else order[::-1]
    found = event[order[: round(form["rows"])]]
    found = found[::-1] if form["then"] == THEN[1] else found
    newest = np.arange(ROWS - len(found), ROWS)
    checks = (
        Check("the newest reading is there", bool(ROWS - 1 in found), f"newest shown: {found.max()}"),
        Check("no newer reading is left out for an older one", bool(np.array_equal(np.sort(found), newest))),
        Check("the rows come in the order of event time", bool(np.all(np.diff(found) > 0))),
        Check("at least two and at most 200 rows, whatever the table holds", 2 <= len(found) <= 200, f"{len(found)}"),
    )
    y = [float(value) for value in found]
    lane = Lane(
        "event time of the rows shown",
        [float(k) for k in range(len(y))],
        y,
        "points",
        time=False,
        x_title="row of the answer",
    )
    return Seen(checks, (lane,))


EXHIBIT = Exhibit("oldest_rows", {"by": BY, "direction": DIRECTIONS, "then": THEN, "rows": (1, 1000)}, show)
