"""Evidence of copying, for an instructor to weigh; never a penalty by itself.

Every submission is scored against every seed of the class. Honest labels fit their own seed and fit the others like
chance; labels copied from a neighbour fit the neighbour's seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.matching import match_intervals
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from engine.classroom.key import AnswerKey

SHIFTS = 199  # circular shifts of the labels in time: smallest p-value 1 / 200
SAME_EDGE_US = SECOND_US


@dataclass(frozen=True)
class SeedFit:
    """How a submission fits another student's seed: points-free recall × precision, and the chance of that by luck."""

    submission: str
    variant: str
    own_fit: float
    other_fit: float
    p_value: float


@dataclass(frozen=True)
class SharedErrors:
    """Two submissions with wrong intervals of the same edges to the second; p by shifting one of them in time."""

    first: str
    second: str
    same: int
    of: int
    p_value: float


def fit(key: AnswerKey, marks: Sequence[Label], tolerance_s: float = 120.0) -> float:
    """Return event recall × precision of the marks on a key, 0 to 1."""
    matching = match_intervals(key, marks, tolerance_s)
    wrong = matching.count("false") + matching.count("duplicate")
    found, owed = len(matching.matches), len(key.owed)
    return (found / owed) * (found / (found + wrong)) if found and owed else 0.0


def cross_fits(
    works: Mapping[str, tuple[str, Sequence[Label]]], keys: Mapping[str, AnswerKey], limit: float = 0.05
) -> list[SeedFit]:
    """Return the submissions that fit another variant better than chance, most suspicious first.

    Parameters
    ----------
    works
        submission -> (own variant, marks).
    keys
        variant -> truth.
    limit
        Family-wise p-value; divided by the number of comparisons of one submission (Bonferroni).
    """
    found = []
    for submission, (own, marks) in works.items():
        own_fit = fit(keys[own], marks)
        for variant, key in keys.items():
            if variant == own:
                continue
            moved = _renamed(marks, keys[own], key)
            other = fit(key, moved)
            # Only a fit that beats the own one is worth 200 permutations: honest labels rarely get here.
            if other > max(0.1, own_fit):
                p = permutation_p(key, moved, other)
                if p <= max(limit / max(1, len(keys) - 1), 1 / (SHIFTS + 1)):
                    found.append(SeedFit(submission, variant, own_fit, other, p))
    return sorted(found, key=lambda f: (f.p_value, -f.other_fit, f.submission))


def permutation_p(
    key: AnswerKey, marks: Sequence[Label], observed: float, shifts: int = SHIFTS, seed: int = 7
) -> float:
    """Return the share of circular time shifts of the marks that fit at least as well (the observed one included).

    Shifts shorter than the longest interval are left out: they are nearly the observed marks again.
    """
    rng = np.random.default_rng(seed)
    span = key.end_us - key.start_us
    lengths = [m.end_us - m.start_us for m in marks] + [e.end_us - e.onset_us for e in key.events]
    least = min(span // 4, 2 * max(lengths, default=1)) + 1
    offsets = rng.integers(least, span - least + 1, shifts)
    as_good = sum(fit(key, _shifted(marks, key, int(offset))) >= observed for offset in offsets)
    return (1 + as_good) / (1 + shifts)


def shared_errors(
    wrong: Mapping[str, Sequence[Label]], start_us: int, end_us: int, least: int = 2
) -> list[SharedErrors]:
    """Return pairs of submissions on the same data with at least so many identical wrong intervals."""
    found = []
    for (first, a), (second, b) in combinations(sorted(wrong.items()), 2):
        same = _same(a, b)
        if same >= least:
            p = _same_p(a, b, same, end_us - start_us)
            found.append(SharedErrors(first, second, same, min(len(a), len(b)), p))
    return sorted(found, key=lambda s: (s.p_value, -s.same))


def equal_payloads(hashes: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return groups of submissions (id -> hash) of different people with the very same content."""
    groups: dict[str, list[str]] = {}
    for submission, digest in hashes.items():
        groups.setdefault(digest, []).append(submission)
    return [tuple(sorted(group)) for group in groups.values() if len(group) > 1]


def _renamed(marks: Sequence[Label], own: AnswerKey, other: AnswerKey) -> list[Label]:
    """The marks on the other variant's machines and span, by position."""
    names = dict(zip(own.machines, other.machines, strict=False))
    move = other.start_us - own.start_us
    kept = [m for m in marks if m.machine in names]
    return [replace(m, machine=names[m.machine], start_us=m.start_us + move, end_us=m.end_us + move) for m in kept]


def _shifted(marks: Sequence[Label], key: AnswerKey, by_us: int) -> list[Label]:
    span = key.end_us - key.start_us
    starts = [key.start_us + (m.start_us - key.start_us + by_us) % span for m in marks]
    return [replace(m, start_us=s, end_us=s + m.end_us - m.start_us) for m, s in zip(marks, starts, strict=True)]


def _same(a: Sequence[Label], b: Sequence[Label]) -> int:
    def edges(marks: Sequence[Label]) -> set[tuple[str, int, int]]:
        return {(m.machine, m.start_us // SAME_EDGE_US, m.end_us // SAME_EDGE_US) for m in marks}

    return len(edges(a) & edges(b))


def _same_p(a: Sequence[Label], b: Sequence[Label], same: int, span_us: int) -> float:
    """The chance that moving every interval of one of them by up to ten minutes leaves as many identical."""
    rng = np.random.default_rng(7)
    reach = min(600, max(1, span_us // SECOND_US // 4))
    as_many = 0
    for _ in range(SHIFTS):
        moves = rng.integers(-reach, reach + 1, len(b)) * SECOND_US
        moved = [
            replace(m, start_us=m.start_us + int(d), end_us=m.end_us + int(d)) for m, d in zip(b, moves, strict=True)
        ]
        as_many += _same(a, moved) >= same
    return (1 + as_many) / (1 + SHIFTS)
