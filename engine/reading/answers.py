"""Columns that hold the answer: labels by name in part and by content.

And columns that alone separate the strange rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.reading import words
from engine.reading.facts import NUMBERS, SWITCH, TEXT, WORDS, Facts
from engine.reading.values import SWITCHES

if TYPE_CHECKING:
    from engine.records import BoolArray, IntArray

MOST_CLASSES = 20
RARE, STRETCHES = 0.2, 4  # a switch of the machine comes again and again, or is set for much of the time
KNOWN_SWITCH_WORDS = frozenset(word for pair in SWITCHES for word in pair) - {
    "true",
    "false",
    "f",
    "t",
    "n",
    "y",
    "no",
    "yes",
}


def answers_among(free: list[Facts], facts: list[Facts]) -> list[tuple[Facts, str]]:
    """Return columns that are answers by their name and content, with the reason."""
    found = [(fact, why) for fact in free if (why := _why_answer(fact))]
    if not found:
        return []
    strange = np.any([~_is_normal(fact) for fact, _ in found], axis=0)
    others = [fact for fact in free if all(fact is not one for one, _ in found)]
    found += [(fact, "a kind of what the label says") for fact in others if _is_kind_of(fact, strange)]
    near = {fact.at for fact, _ in found}
    for step in (1, -1):
        for fact in sorted(others, key=lambda one: step * one.at):
            if fact.at - step in near and fact.at not in near and _is_empty_label(fact):
                found.append((fact, "never set, beside other labels"))
                near.add(fact.at)
    return found


def _why_answer(fact: Facts) -> str:
    few = fact.cells.few()
    n = len(few)
    if fact.kind == TEXT or (fact.kind == NUMBERS and (not fact.whole or n == 0)):
        return ""
    answer_words = [word for word in few if word.strip().lower() in words.ANSWERS]
    if fact.kind in (SWITCH, WORDS) and answer_words and n <= MOST_CLASSES:
        return f"its words are answers ({', '.join(list(few)[:3])})"
    if not words.hints_at(fact.name, words.LABEL):
        return ""
    return "its name is one of an answer, and it holds few values" if 0 < n <= MOST_CLASSES else ""


def _is_normal(fact: Facts) -> BoolArray:
    few = fact.cells.few()
    normal = [word for word in few if word.strip().lower() in words.NORMAL_WORDS]
    if not normal and few:
        normal = [max(few, key=lambda word: few[word])]
    codes = fact.cells.codes(normal)
    return (codes >= 0) | ~fact.cells.filled


def _is_kind_of(fact: Facts, strange: BoolArray) -> bool:
    """Tell whether a column of 0 and 1 is 1 in strange rows only, and not in all that was strange by chance."""
    if fact.kind != NUMBERS or not fact.whole or set(fact.few_numbers.tolist()) != {0.0, 1.0}:
        return False
    ones = fact.values == 1.0
    return bool(ones.any()) and bool((ones <= strange).all()) and (ones.sum() >= 2 or strange.mean() < 0.2)


def _is_empty_label(fact: Facts) -> bool:
    return fact.kind == NUMBERS and fact.constant and fact.finite[0] == 0.0 and fact.whole


def separators_among(sensors: list[Facts], times: IntArray) -> list[tuple[Facts, str]]:
    """Return columns of two values whose rarer one stands exactly where other readings are far out.

    Return columns of two values whose rarer one stands exactly where other readings are far out.
    """
    suspects = [fact for fact in sensors if _may_separate(fact)]
    analog = [f for f in sensors if f.kind == NUMBERS and not f.two_valued and not f.constant]
    if not suspects or not analog:
        return []
    why = "it is set exactly where other readings are far out"
    return [(fact, why) for fact in suspects if _separates(fact, analog)]


def _may_separate(fact: Facts) -> bool:
    if not fact.two_valued:
        return False
    if fact.kind == SWITCH and all(word.strip().lower() in KNOWN_SWITCH_WORDS for word in fact.cells.few()):
        return False
    return fact.kind == SWITCH or set(fact.few_numbers.tolist()) <= {-1.0, 0.0, 1.0, 2.0}


def _set_rows(fact: Facts) -> BoolArray:
    """Return the rows of the rarer of the two values."""
    if fact.kind == SWITCH:
        few = fact.cells.few()
        return np.asarray(fact.cells.codes([min(few, key=lambda word: few[word])]) == 0)
    high = fact.values == fact.few_numbers[1]
    return np.asarray(high if high.mean() <= 0.5 else fact.values == fact.few_numbers[0])


def _separates(fact: Facts, analog: list[Facts]) -> bool:
    """Tell whether nearly all rows that it sets lie far out, measured by the others, and hardly any other row does."""
    mine = _set_rows(fact)
    stretches = int((np.diff(mine.astype(np.int8)) > 0).sum()) + bool(mine[0])
    if not 0 < mine.mean() <= RARE or mine.sum() < 3 or stretches > STRETCHES:
        return False
    far = np.zeros(len(mine), bool)
    for one in analog:
        usual = one.values[~mine & np.isfinite(one.values)]
        if len(usual) < 10:
            continue
        low, middle, high = np.percentile(usual, [5, 50, 95])
        width = max(float(high - low), 1e-9 * max(1.0, abs(float(middle))))
        with np.errstate(invalid="ignore"):
            far |= np.abs(one.values - middle) > 1.2 * width
    return bool(far[mine].mean() >= 0.7 and (far & ~mine).sum() <= 0.2 * mine.sum())
