"""Columns that say how good a reading is, and which readings they call bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.reading import words
from engine.reading.facts import EMPTY, MOMENTS, NUMBERS, TEXT, Facts

if TYPE_CHECKING:
    from engine.records import BoolArray

OPC_GOOD, OPC_UNCERTAIN = 192, 64  # OPC Foundation, Data Access 3.0, section 6.8: the two highest of eight bits
MOST_CODES = 12
PLAIN_HINTS = words.QUALITY - {"flag", "flags", "status", "statuscode", "q", "good", "bad"}  # these may mean else


def is_quality(fact: Facts, numbers: list[Facts]) -> bool:
    """Tell whether a column says how good readings are: by its words, by OPC's codes, or by its name and content."""
    if fact.kind in (EMPTY, MOMENTS, TEXT):
        return False
    few = fact.cells.few()
    if not few or len(few) > MOST_CODES:
        return False
    share = max(few.values()) / sum(few.values())
    hinted = words.hints_at(fact.name, words.QUALITY)
    if fact.kind == NUMBERS:
        codes = set(fact.few_numbers.tolist())
        opc = codes <= set(range(256)) and float((fact.finite == OPC_GOOD).mean()) >= 0.5
        if opc and (len(codes) > 1 or hinted or _belongs(fact, numbers) is not None):
            return not (len(codes) > 1 and len(codes) > 6)
        if not hinted or share < 0.5 or not fact.whole or words.hints_at(fact.name, words.LABEL):
            return False
        return words.hints_at(fact.name, PLAIN_HINTS) or _marks_nothing(fact, numbers)
    said = [word.strip().lower() for word in few]
    plain = {"true", "false", "ok", "b", "g", "u", "normal", "error", "good", "bad"}
    known = sum(_is_known(word) for word in said)
    if known == len(said) and any(word not in plain or word in ("good", "bad") for word in said):
        return any(_is_good(word) for word in said)
    if hinted and known >= 1:
        return share >= 0.5
    return (hinted or known == len(said)) and share >= 0.5 and _belongs(fact, numbers) is not None


def _marks_nothing(fact: Facts, numbers: list[Facts]) -> bool:
    """Tell whether the readings that a flag marks are none: missing or all the same; else it may be an answer."""
    counts = [int((fact.values == code).sum()) for code in fact.few_numbers]
    marked = np.isfinite(fact.values) & (fact.values != fact.few_numbers[int(np.argmax(counts))])
    if not marked.any():
        return True
    for one in owner_of(fact, [n for n in numbers if not n.constant and len(n.few_numbers) != 2], 1):
        values = one.values[marked]
        finite = values[np.isfinite(values)]
        if len(finite) > 0.2 * len(values) and not bool((finite == finite[0]).all()):
            return False
    return True


def _is_good(word: str) -> bool:
    return word in words.GOOD_WORDS or word.split(",")[0].split(" ")[0] in words.GOOD_WORDS


def _is_known(word: str) -> bool:
    return _is_good(word) or word in words.BAD_WORDS or word.split(",")[0].split(" ")[0] in words.BAD_WORDS


def _belongs(fact: Facts, numbers: list[Facts]) -> Facts | None:
    """Return the reading whose name this one's name begins with, the longest of them."""
    name = fact.name.lower()
    fits = [
        one
        for one in numbers
        if one is not fact and len(one.name) >= 2 and name.startswith(one.name.lower()) and len(name) > len(one.name)
    ]
    return max(fits, key=lambda one: len(one.name), default=None)


def owner_of(quality: Facts, sensors: list[Facts], n_qualities: int) -> list[Facts]:
    """Return the readings that a quality column speaks of: by name, else all where it is the only one.

    Else the one before it.
    """
    named = _belongs(quality, sensors)
    if named is not None:
        return [named]
    tokens = [token for token in words.tokens_of(quality.name) if token not in words.QUALITY]
    stem = "".join(tokens)
    same = [one for one in sensors if stem and "".join(words.tokens_of(one.name)) == stem]
    if same:
        return same[:1]
    if n_qualities == 1:
        return sensors
    before = [one for one in sensors if one.at < quality.at]
    return before[-1:]


def bad_rows(quality: Facts) -> BoolArray:
    """Return the rows that the column calls bad; what is merely uncertain stays a reading."""
    few = quality.cells.few()
    usual = max(few, key=lambda code: few[code])
    if quality.kind == NUMBERS:
        values, codes = quality.values, quality.few_numbers
        counts = [int((values == code).sum()) for code in codes]
        if OPC_GOOD in codes:
            return np.asarray(values < OPC_UNCERTAIN)
        return np.asarray(np.isfinite(values) & (values != codes[int(np.argmax(counts))]))
    lower = {word: word.strip().lower() for word in few}
    if any(_is_good(text) for text in lower.values()):
        kept = {
            word for word, text in lower.items() if _is_good(text) or text.startswith(("uncertain", "questionable"))
        }
    else:
        kept = {usual}
    codes = quality.cells.codes([word for word in few if word not in kept])
    return codes >= 0
