"""Columns that part the rows: by machine, or by sensor where each line holds one reading; found by repeated times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.reading import words
from engine.reading.facts import NUMBERS, SWITCH, TEXT, WORDS, Facts

if TYPE_CHECKING:
    from engine.reading.choices import Choices
    from engine.records import FloatArray, IntArray

MOST_KEYS = 1000
REPEATED = 0.02  # share of rows that share their time with another, from which on something must part them


@dataclass
class Keys:
    """Which columns part the rows, why, and which only describe a key."""

    name: Facts | None = None
    machine: Facts | None = None
    why: str = ""
    sure: float = 0.9
    others: tuple[str, ...] = ()
    attributes: list[Facts] = field(default_factory=list)
    n_names: int = 0


def codes_of(fact: Facts) -> tuple[list[str], IntArray]:
    """Return the names in a key column in order of appearance, and for each row the place of its name (−1 = none)."""
    few = list(fact.cells.few())
    return few, fact.cells.codes(few)


def keys_among(free: list[Facts], times: IntArray, has_clock: bool, choices: Choices) -> Keys:
    """Return the keys among columns without a role."""
    candidates = [fact for fact in free if _may_part(fact)]
    long_wanted, machine_wanted = choices.long is None, choices.machine is None
    values = [f for f in free if f.kind == NUMBERS and f not in candidates and not f.constant] or [
        f for f in free if f.kind == NUMBERS and not f.constant
    ]
    best = _parting(candidates, times) if has_clock else []
    if not best:
        best = [f for f in candidates if f.kind != NUMBERS and (_by_name(f) or _by_level(f, values))][:1]
        why = "its name says so" if best and _by_name(best[0]) else "the readings of each lie on a level of their own"
    else:
        why = "times repeat once for each of its values"
    keys = Keys(why=why, sure=0.9)
    for fact in best:
        is_name = len(values) <= 1 and _names_sensors(fact, [v for v in values if v not in best], len(best) == 1)
        if is_name and keys.name is None and long_wanted:
            keys.name, keys.n_names = fact, len(fact.cells.few())
        elif keys.machine is None and machine_wanted:
            keys.machine = fact
    _find_second(keys, best, values)
    keys.attributes = [f for f in free if f not in (keys.name, keys.machine) and _describes(f, keys)]
    keys.others = tuple(f.name for f in candidates if f not in (keys.name, keys.machine))
    return keys


def _find_second(keys: Keys, best: list[Facts], values: list[Facts]) -> None:
    """Of two keys, the one whose values lie on levels of their own names the sensors."""
    if len(best) == 2 and keys.name is None and keys.machine is not None and len(values) == 1:
        levels = [(_level(f, values[0].values), f) for f in best]
        (_, name), (_, machine) = sorted(levels, key=lambda one: -one[0])
        keys.name, keys.machine, keys.n_names = name, machine, len(name.cells.few())


def _may_part(fact: Facts) -> bool:
    if fact.kind == NUMBERS:
        if not fact.whole or not 1 < len(fact.few_numbers) <= 200 or len(fact.finite) < len(fact.values):
            return False
        return bool(fact.finite.min() >= 0) and len(fact.few_numbers) <= 0.34 * len(fact.values)
    if fact.kind not in (WORDS, SWITCH, TEXT):
        return False
    n = len(fact.cells.few())
    return 1 < n <= MOST_KEYS and n <= max(2, 0.5 * fact.n_filled)


def _parting(candidates: list[Facts], times: IntArray) -> list[Facts]:
    """Return the one or two columns with which no two rows share their time; [] = times hardly repeat, or none does."""
    n = len(times)
    if bool((np.diff(times) > 0).all()):
        return []
    if n < 4:
        return [f for f in candidates if f.kind != NUMBERS and _by_name(f)][:1] if len(np.unique(times)) < n else []
    repeated = 1.0 - len(np.unique(times)) / n
    if repeated < REPEATED:
        return []
    _, t = np.unique(times, return_inverse=True)
    scored = []
    for fact in candidates:
        left = _left(t, [codes_of(fact)[1]])
        hint = 0.3 * _by_name(fact) + 0.1 * (fact.kind != NUMBERS)
        limit = 0.05 if fact.kind != NUMBERS or _by_name(fact) else 0.0
        if left <= limit * repeated + (0.001 if limit else 0):
            scored.append((hint - 0.001 * len(fact.cells.few()), fact))
    if scored:
        return [max(scored, key=lambda one: one[0])[1]]
    texts = [f for f in candidates if f.kind != NUMBERS or _by_name(f)]
    for i, one in enumerate(texts):
        for other in texts[i + 1 :]:
            if _left(t, [codes_of(one)[1], codes_of(other)[1]]) <= 0.05 * repeated:
                return [one, other]
    named = [f for f in candidates if f.kind != NUMBERS and _by_name(f)]
    return named[:1]


def _left(t: IntArray, codes: list[IntArray]) -> float:
    """Return the share of rows that still share time and key with another."""
    key = t.astype(np.int64)
    for code in codes:
        key = key * (int(code.max()) + 2) + code + 1
    return 1.0 - len(np.unique(key)) / len(key)


def _by_name(fact: Facts) -> bool:
    return words.is_named(fact.name, words.MACHINE) or words.is_named(fact.name, words.NAME)


def _by_level(fact: Facts, values: list[Facts]) -> bool:
    return (
        len(values) == 1
        and fact.kind in (WORDS, SWITCH)
        and fact.n_filled >= 20
        and _level(fact, values[0].values) > 0.9
        and _mixes(fact)
    )


def _mixes(fact: Facts) -> bool:
    """Tell whether the names come in turn, not in two or three stretches as the states of a machine do."""
    codes = codes_of(fact)[1]
    return float((np.diff(codes) != 0).mean()) > 0.3


def _names_sensors(fact: Facts, values: list[Facts], alone: bool) -> bool:
    if len(values) == 0:
        return True
    if words.is_named(fact.name, words.NAME) and not words.is_named(fact.name, words.MACHINE):
        return True
    level = _level(fact, values[0].values)
    if words.is_named(fact.name, words.MACHINE):
        return alone and level > 0.98 and words.is_named(values[0].name, words.VALUE)
    return level > 0.5 or words.is_named(values[0].name, words.VALUE)


def _level(fact: Facts, values: FloatArray) -> float:
    """Return the share of the spread that lies between the groups (eta squared.

    On ranks so that one group is not all).
    """
    codes = codes_of(fact)[1]
    good = (codes >= 0) & np.isfinite(values)
    if good.sum() < 4:
        return 0.0
    ranks = np.argsort(np.argsort(values[good])).astype(np.float64)
    groups = codes[good]
    counts = np.bincount(groups)
    means = np.bincount(groups, ranks) / np.maximum(counts, 1)
    between = float((counts * (means - ranks.mean()) ** 2).sum())
    total = float(((ranks - ranks.mean()) ** 2).sum())
    # Ranks of k groups of equal size on levels of their own reach 1 − 1/k²: measured against that.
    k = max(2, int((counts > 0).sum()))
    return between / total / (1.0 - 1.0 / k**2) if total else 0.0


def _describes(fact: Facts, keys: Keys) -> bool:
    """Tell whether a column says the same in all rows of each key, such as a unit."""
    found = [key for key in (keys.name, keys.machine) if key is not None]
    few = fact.cells.few()
    if not found or not few:
        return False
    mine = codes_of(fact)[1]
    for key in found:
        codes = codes_of(key)[1]
        pairs = np.unique(np.stack([codes, mine]), axis=1)
        if pairs.shape[1] == len(np.unique(codes)) and len(few) > 1:
            return True
    return False


def runs_of_counter(free: list[Facts]) -> tuple[Facts, Facts] | None:
    """Return a machine and a counter that begins again with each machine, in a file without a clock."""
    whole = [f for f in free if f.whole and not f.constant and len(f.finite) == len(f.values)]
    for machine in whole[:30]:
        steps = np.diff(machine.values)
        if not 1 < len(machine.few_numbers) <= MOST_KEYS or (steps != 0).sum() != len(machine.few_numbers) - 1:
            continue
        inside = steps == 0
        for counter in whole[:30]:
            if counter is machine or inside.sum() < 3:
                continue
            rise = np.diff(counter.values)
            if (
                bool((rise[inside] == rise[inside][0]).all())
                and rise[inside][0] > 0
                and bool((rise[~inside] < 0).any())
            ):
                return machine, counter
    return None
