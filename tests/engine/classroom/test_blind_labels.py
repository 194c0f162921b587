"""Two people label blind, a third settles: the key that real data gets."""

from __future__ import annotations

import pytest

from engine.classroom.blind_labels import compared, key_from, settled
from engine.classroom.grade import Work, grade
from engine.classroom.rubric import load_rubric
from engine.records import HOUR_US, Label

FIRST = (
    Label("M", 0, 2 * HOUR_US, "drift"),
    Label("M", 10 * HOUR_US, 11 * HOUR_US),
    Label("M", 20 * HOUR_US, 21 * HOUR_US),
)
SECOND = (Label("M", HOUR_US, 3 * HOUR_US, "drift"), Label("M", 30 * HOUR_US, 31 * HOUR_US))


def test_what_both_saw_is_agreed_with_mean_edges_and_the_rest_is_open():
    judged = compared(FIRST, SECOND)

    assert [(one.status, one.by) for one in judged] == [
        ("agreed", ("first", "second")),
        ("open", ("first",)),
        ("open", ("first",)),
        ("open", ("second",)),
    ]
    assert judged[0].label == Label("M", HOUR_US // 2, 5 * HOUR_US // 2, "drift")


def test_the_third_person_settles_and_silence_means_ambiguous():
    judged = settled(compared(FIRST, SECOND), {1: "right", 2: "wrong"})

    assert [one.status for one in judged] == ["agreed", "adjudicated", "ambiguous"]


def test_ambiguous_intervals_neither_earn_nor_cost_anything():
    key = key_from(settled(compared(FIRST, SECOND), {1: "right"}), ("M",), 0, 100 * HOUR_US)
    rubric = load_rubric("interval-v1")
    right = tuple(Label(e.machine, e.onset_us, e.end_us, e.fault) for e in key.events)

    without = grade(Work("labels", right), key, rubric)
    with_it = grade(Work("labels", (*right, Label("M", 20 * HOUR_US, 21 * HOUR_US))), key, rubric)

    assert without.points == with_it.points
    assert with_it.fates[-1] == "ignored"


def test_an_open_interval_must_be_settled_first():
    with pytest.raises(ValueError, match="settled first"):
        key_from(compared(FIRST, SECOND), ("M",), 0, 100 * HOUR_US)
