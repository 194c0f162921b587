"""Agreement between people: events at a tolerance, kappa on slices, alpha."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.agreement import (
    agreement_curve,
    cohen_kappa,
    consensus,
    event_agreement,
    krippendorff_alpha,
    slices,
)
from engine.records import MINUTE_US, Label


def label(start: int, end: int, machine: str = "M1") -> Label:
    return Label(machine, start * MINUTE_US, end * MINUTE_US)


def test_agreement_grows_with_the_tolerance():
    first, second = [label(10, 20), label(100, 110)], [label(12, 18), label(130, 140)]

    assert agreement_curve(first, second, [0, 600, 1200, 3600]) == [0.5, 0.5, 1.0, 1.0]


def test_labels_of_other_machines_never_agree():
    assert event_agreement([label(0, 5)], [label(0, 5, "M2")])["event_f1"] == 0.0


def test_nobody_marked_anything_is_undefined():
    assert event_agreement([], [])["event_f1"] is None
    assert event_agreement([], []).reasons["event_f1"] == "nobody marked anything"


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 12), max_size=5), st.sets(st.integers(0, 12), max_size=5), st.integers(0, 4))
def test_no_other_pairing_finds_more_matches(first, second, tolerance):
    """Slow oracle: every pairing of instants."""
    a, b = ([label(at, at) for at in sorted(side)] for side in (first, second))
    small, large = sorted((sorted(first), sorted(second)), key=len)
    best = max(
        (
            sum(abs(x - y) <= tolerance for x, y in zip(small, p, strict=True))
            for p in itertools.permutations(large, len(small))
        ),
        default=0,
    )

    assert event_agreement(a, b, tolerance * 60.0)["matches"] == best


def test_slices_are_marked_when_any_part_is_covered():
    assert slices([label(1, 2), label(4, 7)], "M1", 0, 10 * MINUTE_US, 120.0).tolist() == [1, 0, 1, 1, 0]


def test_kappa_of_a_known_table():
    """Cohen's classic: 20 both yes, 15 both no, 5 and 10 apart; observed 0.7, chance 0.5."""
    first = [1] * 20 + [1] * 5 + [0] * 10 + [0] * 15
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15

    found = cohen_kappa(first, second)

    assert (found["observed"], found["chance"]) == pytest.approx((0.7, 0.5))
    assert found["kappa"] == pytest.approx(0.4)


def test_kappa_is_undefined_when_everybody_always_says_the_same():
    assert cohen_kappa([0, 0, 0], [0, 0, 0])["kappa"] is None


def test_alpha_of_krippendorffs_own_example():
    """Four observers, twelve units, nominal: 0.743 (Krippendorff 2011, section C)."""
    x = np.nan
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, x, x, x],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, x, 3],
        [x, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, x],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, x],
    ]

    assert krippendorff_alpha(ratings)["alpha"] == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_one_for_full_agreement_and_undefined_without_variety():
    assert krippendorff_alpha([[0, 1, 1], [0, 1, 1]])["alpha"] == 1.0
    assert krippendorff_alpha([[0, 0], [0, 0]])["alpha"] is None
    assert krippendorff_alpha([[0, np.nan], [np.nan, 1]])["alpha"] is None


def test_consensus_is_the_share_of_those_who_judged():
    assert consensus([[1, 0, np.nan], [1, 1, 0]]).tolist() == [1.0, 0.5, 0.0]
