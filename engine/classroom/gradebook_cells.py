"""One cell of a gradebook: numbers as every LMS reads them, and titles that none of them drops."""

from __future__ import annotations

import re
from typing import Literal

from engine.classroom.grading import Result
from engine.errors import LabError

System = Literal["canvas", "moodle", "moodle worksheet", "brightspace"]
Missing = Literal["blank", "zero", "leave out"]
CANVAS_DROPPED = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)", re.IGNORECASE)


def check_title(title: str, system: str) -> None:
    """Refuse a title that the LMS would drop without a word."""
    if not title.strip():
        raise LabError("The column needs a title.")
    if system == "canvas" and (trap := CANVAS_DROPPED.search(title)):
        raise LabError(
            f"Canvas silently drops every column whose title contains {trap[0]!r}; give this one another title."
        )


def number(value: float | None) -> str:
    """Return points with at most two decimals and no thousands separator ("1,000" would be read as 1)."""
    if value is None:
        return ""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def summary(result: Result) -> str:
    """Return one sentence about a result for a feedback column; counts only, never where an event is."""
    if result.grade is None:
        return ""
    found, measure = len(result.grade.matches), result.grade.measure
    recall = f"; recall {measure['recall']:.2f}" if "recall" in measure else ""
    late = f"; late credit {result.percent:g} %" if result.percent != 100 else ""
    return f"{found} events found{recall}{late}"


def cell_of(result: Result, missing: Missing, system: str) -> tuple[str | None, str]:
    """Return what goes into the cell (None = leave it as it is) and why it was left out."""
    if result.status == "excused":
        return ("EX", "") if system == "canvas" else (None, "excused")
    if result.status == "held":
        return None, "held"
    if result.points is None:
        return ("0", "") if missing == "zero" else (None, "missing")
    return number(result.points), ""
