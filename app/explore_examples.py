"""Example questions of the explore page, in SQL, for the plant at hand; a person runs them through the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.i18n import t

if TYPE_CHECKING:
    from collections.abc import Sequence


FAR = """WITH known AS (
  SELECT *, avg(SENSOR) OVER (PARTITION BY machine) AS mean, stddev(SENSOR) OVER (PARTITION BY machine) AS spread
  FROM readings
)
SELECT time, machine, SENSOR, round((SENSOR - mean) / spread, 2) AS z
FROM known WHERE abs(SENSOR - mean) > 3 * spread
ORDER BY time DESC LIMIT 200"""


@dataclass(frozen=True)
class Example:
    """A question with its query; `chart` says how the answer is drawn first: line, bar, points or none."""

    title: str
    query: str
    chart: str = "none"


def examples(sensors: Sequence[str], machines: Sequence[str], detectors: Sequence[str]) -> tuple[Example, ...]:
    """Return the examples; names of the plant's own sensors and machines are filled in."""
    first, last, machine = sensors[0], sensors[-1], machines[0]
    score = next((name for name in ("ewma", "z_score", *detectors) if name in detectors), None)
    scored = () if score is None else (Example(t("When did a detector score highest?"), _highest(score)),)
    return (
        Example(t("The newest readings"), "SELECT * FROM readings ORDER BY time DESC LIMIT 50"),
        Example(t("Mean and spread of each machine"), _spread(first), "bar"),
        Example(t("One sensor, minute by minute"), _minutes(first, machine), "line"),
        Example(t("Do two sensors move together?"), _together(first, last, machine), "points"),
        Example(t("Correlation on each machine"), _correlation(first, last), "bar"),
        Example(t("Readings far from their machine's mean"), _far(first)),
        Example(t("Alarms by machine and detector"), _alarms(), "bar"),
        Example(t("How long alarms stood"), _stood()),
        *scored,
        Example(t("Share of time in maintenance"), _maintenance(), "bar"),
    )


def _spread(sensor: str) -> str:
    return (
        f"SELECT machine, count(*) AS readings, round(avg({sensor}), 2) AS mean,\n"
        f"       round(stddev({sensor}), 3) AS spread, min({sensor}) AS lowest, max({sensor}) AS highest\n"
        "FROM readings WHERE status = 'operational'\nGROUP BY machine ORDER BY machine"
    )


def _minutes(sensor: str, machine: str) -> str:
    return (
        f"SELECT date_trunc('minute', time) AS minute, round(avg({sensor}), 3) AS {sensor}\n"
        f"FROM readings WHERE machine = '{machine}'\nGROUP BY minute ORDER BY minute"
    )


def _together(first: str, last: str, machine: str) -> str:
    return f"SELECT {first}, {last}\nFROM readings WHERE machine = '{machine}'\nORDER BY time DESC LIMIT 1000"


def _correlation(first: str, last: str) -> str:
    return (
        f"SELECT machine, round(corr({first}, {last}), 3) AS r, count(*) AS readings\n"
        "FROM readings GROUP BY machine ORDER BY machine"
    )


def _far(sensor: str) -> str:
    return FAR.replace("SENSOR", sensor)


def _alarms() -> str:
    return (
        "SELECT machine || ' · ' || detector AS who, count(*) AS alarms, round(max(peak), 2) AS highest_peak\n"
        "FROM alarms GROUP BY who ORDER BY alarms DESC"
    )


def _stood() -> str:
    return (
        "SELECT alarm, machine, detector, priority, start, date_diff('second', start, \"end\") AS seconds\n"
        'FROM alarms WHERE "end" IS NOT NULL\nORDER BY seconds DESC LIMIT 50'
    )


def _highest(detector: str) -> str:
    return f'SELECT time, machine, "{detector}" AS score\nFROM scores ORDER BY score DESC NULLS LAST LIMIT 50'


def _maintenance() -> str:
    return (
        "SELECT machine, round(100.0 * avg(CASE WHEN status = 'maintenance' THEN 1 ELSE 0 END), 2) AS percent\n"
        "FROM readings GROUP BY machine ORDER BY machine"
    )
