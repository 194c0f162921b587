"""What was understood of a file, in one paragraph that a person reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.rates import duration
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.reading.profile import Profile
    from engine.reading.series import Table

MOST_NAMES = 4


def summary_of(profile: Profile, table: Table) -> str:
    """Return such as "240 rows every 10 s from 5 January 2026, 3 sensors of 1 machine.

    `attack` looks like an answer …".
    """
    parts = [
        f"{table.n_rows:,} rows{_when(profile, table)}, {_count(len(table.sensors), 'sensor')} of {_count(len(table.machines), 'machine')}"  # noqa: E501
    ]
    names = profile.of_role("name")
    if names:
        parts.append(f"`{names[0].name}` says of which sensor each line is")
    for column in profile.of_role("quality"):
        marked = [p.text for p in table.problems if p.text.startswith(f"Column {column.name} marks")]
        n = sum(int(text.split(" marks ")[1].split(" ")[0].replace(",", "")) for text in marked)
        parts.append(f"column `{column.name}` marks {n:,} readings as bad")
    labels = profile.of_role("label")
    if labels:
        said = ", ".join(f"`{column.name}`" for column in labels[:MOST_NAMES]) + (
            " …" if len(labels) > MOST_NAMES else ""
        )
        verb = "looks like an answer and is" if len(labels) == 1 else "look like answers and are"
        parts.append(f"{said} {verb} kept out")
    if table.left_out:
        parts.append("left out: " + ", ".join(f"`{name}`" for name in list(table.left_out)[:MOST_NAMES]))
    dropped = profile.ledger.n_dropped
    if dropped:
        parts.append(f"{_count(dropped, 'line')} of the file {'is' if dropped == 1 else 'are'} no reading")
    return "; ".join(parts) + "."


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _when(profile: Profile, table: Table) -> str:
    steps = np.concatenate([np.diff(block.times_us) for block in table.blocks])
    steps = steps[steps > 0]
    if len(steps) == 0:
        return ""
    usual = duration(float(np.median(steps)) / SECOND_US)
    even = float((np.abs(steps - np.median(steps)) <= 0.05 * np.median(steps)).mean()) >= 0.9
    every = (
        f" every {usual}"
        if even
        else f", mostly {usual} apart ({duration(steps.min() / SECOND_US)} to {duration(steps.max() / SECOND_US)})"
    )
    first = min(int(block.times_us[0]) for block in table.blocks)
    if profile.clock is None or profile.clock.kind in ("count", "time of day"):
        return every
    day = datetime.fromtimestamp(first / SECOND_US, UTC)
    return f"{every} from {day.day} {day:%B} {day.year}"
