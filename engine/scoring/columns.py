"""Says what each column of a stranger's table is: time, machine, sensor, label, or of no use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.plant.features import GUIDE_FEATURES

ROLES = ("time", "machine", "status", "sensor", "label", "ignore")
TIME_WORDS = r"^(time|timestamp|date_?time|date|ts|zeit|datum|event_?time|time_?stamp|epoch|unix_?time)$"
MACHINE_WORDS = r"^(machine|machine_?id|asset|asset_?id|device|device_?id|equipment|unit|unit_?id|line|line_?id|tag)$"
STATUS_WORDS = r"^(maintenance_?status|status|state|mode)$"
LABEL_WORDS = (
    r"^(anomaly|anomaly_?label|anomaly_?type|is_?anomaly|is_?anomalous|anomalies|outlier|is_?outlier|label|labels|"
    r"fault|fault_?type|is_?fault|failure|change_?point|ground_?truth|truth|target|class|attack|machine_?failure)$"
)
# Columns that the guide derives from the others: a calendar is no sensor.
DERIVED = frozenset(GUIDE_FEATURES)
NAME_WITH_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]{1,12})[\])]$")


@dataclass(frozen=True)
class Column:
    """One column of the file: its place (0-based), name, unit where one was seen, and role."""

    at: int
    name: str
    unit: str
    role: str


@dataclass(frozen=True)
class ColumnFigures:
    """What a scan of the whole column found."""

    filled: int  # cells that are not missing
    numbers: int  # of these, cells that are numbers
    finite: int  # of these, cells that are not infinite
    times: int  # filled cells that are times; 0 where most are numbers: then nobody asks
    distinct: int  # distinct cells, counted over the first rows


def guess_role(name: str, figures: ColumnFigures, *, n_rows: int) -> str:
    """Return the likeliest role of a column from its name and what is in it."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    if figures.filled == 0:
        return "ignore"
    mostly_numbers = figures.numbers >= 0.5 * figures.filled
    if re.match(TIME_WORDS, plain) and (figures.times >= 0.5 * figures.filled or mostly_numbers):
        return "time"
    if re.match(LABEL_WORDS, plain):
        return "label"
    if re.match(MACHINE_WORDS, plain) and not (mostly_numbers and figures.distinct > 0.2 * n_rows):
        return "machine"
    if re.match(STATUS_WORDS, plain) and not mostly_numbers:
        return "status"
    if plain in DERIVED:
        return "ignore"
    if mostly_numbers:
        return "sensor"
    return "time" if figures.times >= 0.9 * figures.filled else "ignore"


def split_unit(name: str, unit: str) -> tuple[str, str]:
    """Return name and unit: `Temperature [°C]` says both; a unit row below the header wins."""
    seen = NAME_WITH_UNIT.match(name)
    if seen is None or unit:
        return name, unit
    return seen[1].strip() or name, seen[2].strip()


def one_of_each(columns: list[Column]) -> list[Column]:
    """Keep the first time, machine and status column; the others of that role are ignored."""
    taken: set[str] = set()
    kept = []
    for column in columns:
        role = column.role
        if role in ("time", "machine", "status"):
            role = "ignore" if role in taken else role
            taken.add(column.role)
        kept.append(Column(column.at, column.name, column.unit, role))
    return kept
