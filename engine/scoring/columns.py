"""Says what each column of a stranger's table is: time, machine, sensor, label, or of no use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.plant.features import GUIDE_FEATURES

ROLES = ("time", "machine", "status", "sensor", "label", "ignore")
TIME_WORDS = (
    r"^(time|timestamp|date_?time|date|ts|zeit|datum|event_?time|time_?stamp|epoch|unix_?time|uhrzeit|zeitstempel|"
    r"elapsed(_?time)?(_?(s|ms|sec|seconds))?|seconds|time_?(s|ms|sec|seconds|utc))$"
)
COUNTER_WORDS = r"^(|index|idx|row|row_?(id|nr|no|number)|id|nr|no|unnamed:?_?0|record|sample|lfd_?nr|column_?1)$"
# Where each line holds one reading, one of these columns says of which sensor.
LONG_FORM_WORDS = r"^(sensor|sensor_?(id|name)|signal|channel|variable|parameter|metric|quantity|measurement)$"
MACHINE_WORDS = r"^(machine|machine_?id|asset|asset_?id|device|device_?id|equipment|unit|unit_?id|line|line_?id|tag)$"
STATUS_WORDS = r"^(maintenance_?status|status|state|mode)$"
LABEL_WORDS = (
    r"^(anomaly|anomaly_?label|anomaly_?type|is_?anomaly|is_?anomalous|anomalies|outlier|is_?outlier|label|labels|"
    r"fault|fault_?type|is_?fault|failure|change_?point|ground_?truth|truth|target|class|attack|normal/attack|machine_?failure)$"
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
    plain = _plain(name)
    if figures.filled == 0:
        return "ignore"
    mostly_numbers = figures.numbers >= 0.5 * figures.filled
    if re.match(TIME_WORDS, plain) and (figures.times >= 0.5 * figures.filled or mostly_numbers):
        return "time"
    if is_long_form_name(name) and not mostly_numbers:
        return "machine"
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


def is_time_name(name: str) -> bool:
    """Tell whether a column of this name should hold times."""
    return re.match(TIME_WORDS, _plain(name)) is not None


def is_counter_name(name: str) -> bool:
    """Tell whether a column of this name may only number the rows."""
    return re.match(COUNTER_WORDS, _plain(name)) is not None


def is_long_form_name(name: str) -> bool:
    """Tell whether a column of this name says whose reading its line holds."""
    return re.match(LONG_FORM_WORDS, _plain(name)) is not None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


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
