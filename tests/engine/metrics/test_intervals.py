"""Matching of labels with truth: one-to-one, machine-aware, don't-care zones cut out."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.intervals import Zone, match_intervals, tiou, type_accuracy
from engine.records import MINUTE_US, Label, TruthEvent


def event(
    start: int, end: int, machine: str = "M1", detectable: int | None = -1, benign: bool = False, fault: str = "leak"
):
    """An event in minutes; detectable at once unless said otherwise."""
    seen = start if detectable == -1 else detectable
    seen_us = None if seen is None else seen * MINUTE_US
    return TruthEvent(machine, fault, (), 1.0, start * MINUTE_US, seen_us, end * MINUTE_US, benign)


def label(start: int, end: int, machine: str = "M1", fault: str = "") -> Label:
    return Label(machine, start * MINUTE_US, end * MINUTE_US, fault)


def test_tiou_is_intersection_over_union():
    assert tiou(Zone("M1", 0, 20), Zone("M1", 10, 30)) == 1 / 3
    assert tiou(Zone("M1", 0, 10), Zone("M1", 10, 20)) == 0.0


def test_a_label_on_another_machine_finds_nothing():
    matching = match_intervals([event(10, 20)], [label(10, 20, machine="M2")])

    assert matching.missed == (0,)
    assert matching.false == (0,)


def test_one_long_label_finds_one_event_only():
    """Painting the whole day must not earn every event."""
    truth = [event(10, 20), event(40, 60), event(80, 90)]

    matching = match_intervals(truth, [label(0, 100)])

    assert [pair.truth for pair in matching.pairs] == [1]
    assert matching.missed == (0, 2)


def test_a_second_label_in_a_found_event_is_a_duplicate_and_lowers_precision():
    matching = match_intervals([event(0, 60)], [label(0, 30), label(40, 50)])

    assert matching.duplicates == (1,)
    assert matching.false == ()
    assert matching.event_precision == 0.5


def test_the_ramp_in_before_detectability_is_not_judged():
    """Slow ramps would punish honest students otherwise: both starts are equally tight."""
    truth = [event(0, 60, detectable=30)]

    early = match_intervals(truth, [label(0, 60)]).pairs[0]
    late = match_intervals(truth, [label(30, 60)]).pairs[0]

    assert 1.0 == early.tiou == late.tiou
    assert 0.0 == early.delay_s == late.delay_s
    assert early.edge_delay_s is None


def test_delay_counts_from_detectability():
    pair = match_intervals([event(0, 60, detectable=30)], [label(35, 60)]).pairs[0]

    assert 300.0 == pair.delay_s == pair.edge_delay_s


def test_a_label_wholly_inside_maintenance_is_ignored():
    matching = match_intervals([], [label(5, 8), label(20, 22)], zones=[Zone("", 0, 10 * MINUTE_US)])

    assert matching.ignored_labels == (0,)
    assert matching.false == (1,)


def test_benign_and_undetectable_truth_is_owed_no_alarm():
    truth = [event(0, 10, benign=True), event(20, 30, detectable=None)]

    matching = match_intervals(truth, [label(0, 10), label(20, 30)])

    assert matching.ignored_truth == (0, 1)
    assert matching.false == (0,)
    assert matching.ignored_labels == (1,)
    assert matching.event_recall is None


def test_a_label_shortly_before_counts_within_the_tolerance():
    truth = [event(10, 20)]

    assert len(match_intervals(truth, [label(8, 9)], tolerance_s=120).pairs) == 1
    assert len(match_intervals(truth, [label(8, 9)], tolerance_s=60).pairs) == 0


def test_nothing_against_nothing_is_undefined_everywhere():
    matching = match_intervals([], [])

    assert matching.event_recall is matching.event_precision is matching.tiou_mean is None


def test_type_accuracy_counts_found_events_only():
    truth = [event(0, 10, fault="leak"), event(20, 30, fault="stuck")]
    labels = [label(0, 10, fault="leak")]

    assert type_accuracy(truth, labels, match_intervals(truth, labels)) == 1.0


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(spans, spans)
def test_no_other_pairing_has_a_larger_sum_of_tiou(truth_spans, label_spans):
    """Slow oracle: every possible one-to-one pairing."""
    truth = [event(a, a + d) for a, d in truth_spans]
    labels = [label(a, a + d) for a, d in label_spans]
    # Overlapping truth would let one event's ramp-in cut another; keep the plain problem.

    matching = match_intervals(truth, labels)

    small, large = sorted((range(len(truth)), range(len(labels))), key=len)
    swap = len(truth) > len(labels)
    best = 0.0
    for chosen in itertools.permutations(large, len(small)):
        pairs = zip(small, chosen, strict=True)
        best = max(best, sum(tiou(truth[j if swap else i], labels[i if swap else j]) for i, j in pairs))
    np.testing.assert_allclose(sum(pair.tiou for pair in matching.pairs), best, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(spans, spans, st.integers(-(10**6), 10**6))
def test_every_event_and_label_lands_in_one_place_and_shifting_time_changes_nothing(truth_spans, label_spans, shift):
    def matched(by: int):
        truth = [event(a + by, a + d + by) for a, d in truth_spans]
        return match_intervals(truth, [label(a + by, a + d + by) for a, d in label_spans])

    matching = matched(0)

    assert sorted([*(p.truth for p in matching.pairs), *matching.missed]) == list(range(len(truth_spans)))
    used = [p.label for p in matching.pairs]
    assert sorted([*used, *matching.false, *matching.duplicates]) == list(range(len(label_spans)))
    assert matching == matched(shift)
