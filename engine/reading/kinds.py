"""What one cell is, looked at by itself: nothing, a number, a moment, a word."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.reading.cells import MISSING

MISS, NUMBER, MOMENT, MEASURE, WORD = "missing", "number", "moment", "number with a unit", "word"
DATA = (NUMBER, MOMENT, MEASURE)
PLAIN = r"[+\-−]?(?:\d{1,3}(?:[.'’ \u00a0\u202f,]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+\-]?\d+)?"
IS_NUMBER = re.compile(rf"^(?:{PLAIN}|[+-]?inf)$")
IS_MEASURE = re.compile(rf"^[<>~≈]?\s?{PLAIN}\s?[°%‰µμΩ/\w²³·^⁻¹*()]{{1,10}}$")
# Enough to tell a moment from a number in the head of a file; engine.reading.moments reads them.
TIME_OF_DAY = r"\d{1,2}\s?[:h時시]\s?\d{2}"
DATE = (
    r"(?:\d{4}\s?[-/.年년]\s?\d{1,2}|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?'?\d{2,4}|\d{1,2}[.]?[-/ ]+(?:de )?[^\W\d]{3,12}[.,]?[-/ ]+(?:de )?'?\d{2,4}|"  # noqa: E501
    r"[^\W\d]{3,12}\.? \d{1,2},? |\d{8}[T_ ]\d{4,6})"
)
IS_MOMENT = re.compile(
    rf"^(?:[^\W\d]{{2,12}}[.,]{{0,2}} )?(?:{DATE}[^;|\t]{{0,40}}|(?:\S{{0,4}}\s?){TIME_OF_DAY}.{{0,20}})$"
)


@lru_cache(maxsize=50_000)
def kind_of(cell: str) -> str:
    """Return what a trimmed cell is."""
    text = cell.strip().strip("'")
    if text.lower() in MISSING:
        return MISS
    if not any(letter.isdigit() for letter in text):
        return NUMBER if IS_NUMBER.match(text.lower()) else WORD
    if IS_NUMBER.match(text):
        return NUMBER
    if "," not in text.replace(", ", "") and IS_MOMENT.match(text):
        return MOMENT
    if re.match(rf"^{DATE}[T ,]*{TIME_OF_DAY}.{{0,20}}$", text) and text.count(",") < 2:
        return MOMENT
    return MEASURE if IS_MEASURE.match(text) else WORD
