"""Normal readings are pressed into the normal range, so that one line of code separates fault from health."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

LOW, HIGH = 60.0, 85.0  # usual range of the pump's temperature, °C
SPAN = (-20.0, 150.0)  # what the instrument can show
CLIPS = ("normal readings to the usual range", "all readings to the instrument's span", "nothing")
N, ONSET = 4000, 3000


def show(form: dict[str, Any], seed: int) -> Seen:
    """Make a temperature with a young fault at its end, clip it as the form says, and try the range rule on it."""
    rng = np.random.default_rng([seed, 1])
    times = np.arange(N)
    values = 73 + 5 * np.sin(times / 400) + rng.normal(0, form["noise"], N)
    values[ONSET:] += np.linspace(0, 22, N - ONSET)
    values[rng.integers(0, ONSET, 3)] = 4000.0  # a broken wire gives numbers that no instrument can mean
    if form["clip"] == CLIPS[0]:
        values[:ONSET] = np.clip(values[:ONSET], LOW, HIGH)
    elif form["clip"] == CLIPS[1]:
        values = np.clip(values, *SPAN)
    normal = values[:ONSET]
    rails = float(np.mean((normal == LOW) | (normal == HIGH)))
    outside = (values < LOW) | (values > HIGH)
    shown_by_instrument = (normal >= SPAN[0]) & (normal <= SPAN[1])  # a broken wire is no healthy reading
    strays, hits = int((outside[:ONSET] & shown_by_instrument).sum()), int(outside[ONSET:].sum())
    checks = (
        Check("less than 0.1 % of normal readings sit exactly on the edge of the range", rails < 0.001, f"{rails:.2%}"),
        Check("healthy machines leave the usual range now and then", strays > 0, f"{strays} of {ONSET} readings"),
        Check("no reading is one that the instrument cannot show", bool(values.max() <= SPAN[1]), f"{values.max():g}"),
        Check(
            "the noise is that of this exhibit's thermometer, 1 to 3 °C",
            1 <= form["noise"] <= 3,
            f"{form['noise']:g} °C",
        ),
    )
    shown = np.clip(values[::4], *SPAN).round(3)
    lane = Lane(
        "temperature, °C", times[::4].astype(float).tolist(), shown.tolist(), time=False, limit=HIGH, x_title="reading"
    )
    return Seen(checks, (lane,)) if hits else Seen((*checks, Check("the fault leaves the range", False)), (lane,))


EXHIBIT = Exhibit("inverted_clip", {"clip": CLIPS, "noise": (0, 10)}, show)
