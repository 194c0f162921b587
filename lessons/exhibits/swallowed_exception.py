"""An exception is swallowed before the window is cleared: windows grow for ever and count rows again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

ON_ERROR = ("swallow it and go on", "stop the stream", "count the row and put it aside")
CLEARED = ("at the end of the summary, if it comes so far", "always, when the window ends")
SIZE, ROWS = 20, 400


def show(form: dict[str, Any], seed: int) -> Seen:
    """Run 400 rows, a few of them text instead of numbers, through windows of twenty."""
    rng = np.random.default_rng([seed, 4])
    rows: list[Any] = [float(value) for value in rng.normal(size=ROWS)]
    for place in rng.choice(np.arange(1, ROWS), 8, replace=False):
        rows[int(place)] = "n/a"
    held, sizes, seen, aside, read = [], [], [], 0, 0
    largest = 0
    for row in rows:
        read += 1
        if form["on_error"] == ON_ERROR[2] and isinstance(row, str):
            aside += 1
        else:
            held.append(row)
        largest = max(largest, len(held))
        sizes.append(float(len(held)))
        if read % SIZE:
            continue
        failed = any(isinstance(value, str) for value in held)
        if not failed:
            seen += held
        if failed and form["on_error"] == ON_ERROR[1]:
            break
        if form["cleared"] == CLEARED[1] or not failed:
            held = []
    good = sum(not isinstance(row, str) for row in rows)
    checks = (
        Check("no window holds more than its twenty rows", largest <= SIZE, f"largest {largest}"),
        Check("the stream reads to its end", read == ROWS, f"{read} of {ROWS} rows"),
        Check("every good row is in exactly one summary", len(seen) == good, f"{len(seen)} of {good}"),
        Check("bad rows are counted where somebody can see them", aside == ROWS - good, f"{aside} of {ROWS - good}"),
    )
    lane = Lane(
        "rows held in the window",
        [float(k) for k in range(len(sizes))],
        sizes,
        time=False,
        limit=float(SIZE),
        x_title="row",
    )
    return Seen(checks, (lane,))


EXHIBIT = Exhibit("swallowed_exception", {"on_error": ON_ERROR, "cleared": CLEARED}, show)
