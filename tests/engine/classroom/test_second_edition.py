"""The second edition of the rubrics: the truth earns all, nothing jumps, nothing falls, nothing can be farmed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.classroom.grade import Grade, Work, grade
from engine.classroom.interval_fit import fit_labels
from engine.classroom.key import OTHER_PART, AnswerKey, counted_from
from engine.classroom.key_robots import hand_in, truth_marks
from engine.classroom.rubric import load_rubric
from engine.metrics.intervals import Zone
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Label, TruthEvent

INTERVAL, ALARMS, PARAMS = (load_rubric(f"{name}-v2") for name in ("interval", "alarms", "params"))
FAMILIES = (("bearing_failure", "machine"), ("overheating", "machine"), ("drift", "sensor"))
LENGTHS_MIN = (1, 5, 20, 30, 60, 120, 180)
MANY = settings(max_examples=60, deadline=None)


def event(
    start_h: float, hours: float = 2.0, fault: str = "drift", ramp_min: float = 0.0, **more: object
) -> TruthEvent:
    onset = round(start_h * HOUR_US)
    return TruthEvent(
        "A", fault, (), 0.5, onset, onset + round(ramp_min * MINUTE_US), onset + round(hours * HOUR_US), **more
    )  # type: ignore[arg-type]


def key_of(*events: TruthEvent, days: int = 3, **more: object) -> AnswerKey:
    return AnswerKey(0, days * DAY_US, ("A", "B"), events, families=FAMILIES, **more)  # type: ignore[arg-type]


def graded(key: AnswerKey, *marks: Label, rubric=INTERVAL, part: str = "all") -> Grade:
    return grade(Work(rubric.submit, hand_in(marks, key, rubric.submit)), key, rubric, part)


def of(event: TruthEvent, before_min: float = 0.0, after_min: float = 0.0, fault: str | None = None) -> Label:
    start, end = event.onset_us - round(before_min * MINUTE_US), event.end_us + round(after_min * MINUTE_US)
    return Label(event.machine, start, end, event.fault if fault is None else fault)


@st.composite
def keys(draw: st.DrawFn, overlapping: bool = False) -> AnswerKey:
    """Keys with ramps, benign changes, zones, neighbours a minute away, and overlapping events if wanted."""
    events, at = [], {"A": HOUR_US, "B": HOUR_US}
    for _ in range(draw(st.integers(1, 6))):
        machine, length = draw(st.sampled_from("AB")), draw(st.sampled_from(LENGTHS_MIN)) * MINUTE_US
        onset = at[machine] + draw(st.sampled_from((1, 10, 60, 240))) * MINUTE_US
        if overlapping and draw(st.booleans()):
            onset = max(0, onset - draw(st.sampled_from((20, 90))) * MINUTE_US)
        ramp = min(length - 30 * SECOND_US, draw(st.sampled_from((0, 0, 1, 30))) * MINUTE_US)
        fault, benign = draw(st.sampled_from([name for name, _ in FAMILIES])), draw(st.integers(0, 9)) == 0
        severity = draw(st.sampled_from((0.1, 0.5, 1.0)))
        events.append(TruthEvent(machine, fault, (), severity, onset, onset + ramp, onset + length, benign=benign))
        at[machine] = max(at[machine], onset + length)
    end, zones = max(at.values()) + 6 * HOUR_US, ()
    if draw(st.integers(0, 4)) == 0:
        start = draw(st.integers(0, 20)) * HOUR_US
        zones = (Zone(draw(st.sampled_from("AB")), start, start + 2 * HOUR_US, "ambiguous"),)
    ordered = tuple(sorted(events, key=lambda e: (e.machine, e.onset_us)))
    key = AnswerKey(0, end, ("A", "B"), ordered, zones=zones, families=FAMILIES)
    assume(key.judged)
    return key


@st.composite
def works(draw: st.DrawFn, key: AnswerKey) -> list[Label]:
    """Labels of somebody: exact, loose, touching, duplicate and invented ones, as the counter takes them."""
    found = []
    for one in key.events:
        kind = draw(st.sampled_from(("none", "exact", "loose", "loose", "touch")))
        loose = st.integers(-40 * 60, 40 * 60)
        start, end = one.onset_us + draw(loose) * SECOND_US, one.end_us + draw(loose) * SECOND_US
        if kind == "exact":
            found.append(Label(one.machine, one.onset_us, one.end_us, one.fault))
        elif kind == "loose" and end > start:
            found.append(Label(one.machine, start, end, draw(st.sampled_from((one.fault, "", "drift")))))
        elif kind == "touch":
            found.append(Label(one.machine, one.end_us - SECOND_US, one.end_us))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, key.end_us // MINUTE_US - 60)) * MINUTE_US
        length = draw(st.sampled_from((1, 60, 2700))) * SECOND_US
        found.append(Label(draw(st.sampled_from("AB")), start, start + length))
    return list(hand_in(found, key, "labels"))


@MANY
@given(keys(overlapping=True), st.sampled_from((INTERVAL, ALARMS, PARAMS)), st.booleans())
def test_the_exact_truth_earns_every_point_however_it_is_read(key: AnswerKey, rubric, read: bool):
    """Events may overlap, be nested, be short, or lie in a zone: what the counter merges must not cost a point."""
    marks = truth_marks(key, rubric.submit)
    work = Work(rubric.submit, hand_in(marks, key, rubric.submit) if read else marks)

    assert grade(work, key, rubric).points == pytest.approx(rubric.automatic_points, abs=1e-4)


@MANY
@given(st.data(), keys())
def test_one_second_moves_at_most_half_a_point(data: st.DataObject, key: AnswerKey):
    marks = data.draw(works(key))
    assume(marks)
    at, edge = data.draw(st.integers(0, len(marks) - 1)), data.draw(st.sampled_from(("start_us", "end_us")))
    step = data.draw(st.sampled_from((-SECOND_US, SECOND_US)))
    moved = replace(marks[at], **{edge: getattr(marks[at], edge) + step})
    assume(moved.end_us > moved.start_us)
    others = [*marks[:at], moved, *marks[at + 1 :]]

    for rubric in (INTERVAL, ALARMS, PARAMS):
        before, after = (grade(Work(rubric.submit, tuple(x)), key, rubric).points for x in (marks, others))
        assert abs(before - after) <= 0.5


@MANY
@given(st.data(), keys())
def test_one_more_event_found_never_lowers_the_points(data: st.DataObject, key: AnswerKey):
    marks = data.draw(works(key))
    fit = fit_labels(key, marks, INTERVAL.setting_values()["short_s"])
    unmet = [e for row, e in enumerate(fit.events) if fit.fit[row].max(initial=0.0) <= 0.4]
    assume(unmet)
    one = key.events[data.draw(st.sampled_from(unmet))]
    more = (*marks, Label(one.machine, one.onset_us, one.end_us, one.fault))

    before, after = (grade(Work("labels", tuple(x)), key, INTERVAL).points for x in (marks, more))

    assert after >= before - 1e-6


@MANY
@given(st.data(), keys(), st.sampled_from((INTERVAL, ALARMS)))
def test_one_false_mark_less_never_lowers_the_points(data: st.DataObject, key: AnswerKey, rubric):
    marks = data.draw(works(key))
    first = grade(Work(rubric.submit, tuple(marks)), key, rubric)
    false = [at for at, fate in enumerate(first.fates) if fate == "false"]
    assume(false)
    at = data.draw(st.sampled_from(false))

    after = grade(Work(rubric.submit, tuple(marks[:at] + marks[at + 1 :])), key, rubric)

    # An alarm beside an event is false by more than half and met by less; both parts of it go.
    assert after.points >= first.points - (1e-6 if rubric is INTERVAL else 0.5 * rubric.points / len(key.judged))


@MANY
@given(st.data(), st.sampled_from((20, 60, 180)), st.sampled_from((0, 15)), st.integers(1, 8))
def test_closer_edges_never_lower_the_points(data: st.DataObject, minutes: int, ramp: int, count: int):
    """Towards the onset, or towards the first moment at which the event can be seen: both are closer."""
    events = tuple(event(5 * at + 1, minutes / 60, ramp_min=ramp) for at in range(count))
    key, one = key_of(*events), events[0]
    off = st.integers(-50, 50)
    a, b = one.onset_us + data.draw(off) * MINUTE_US, one.end_us + data.draw(off) * MINUTE_US
    assume(a < b and a < one.end_us and b > counted_from(one))
    share, goal = data.draw(st.floats(0, 1)), data.draw(st.sampled_from((one.onset_us, counted_from(one))))
    closer = Label("A", round(a + share * (goal - a)), round(b + share * (one.end_us - b)), "drift")
    rest = truth_marks(key)[1:]

    before, after = (graded(key, Label("A", a, b, "drift"), *rest).points, graded(key, closer, *rest).points)

    assert after >= before - 1e-6


# stated results


def test_one_label_over_two_events_is_worth_two_that_touch_between_them():
    """So it makes no difference whether the label reader joined them."""
    first, second = event(2), event(7)
    key = key_of(first, second, event(20), event(30))
    middle = (first.end_us + second.onset_us) // 2
    two = (Label("A", first.onset_us, middle, "drift"), Label("A", middle, second.end_us, "drift"))

    joined = graded(key, Label("A", first.onset_us, second.end_us, "drift"))

    assert joined.points == pytest.approx(graded(key, *two).points)
    assert 0 < joined.points < graded(key, of(first), of(second)).points


def test_labels_that_run_into_each_other_cost_their_edges_only():
    first, second = event(2), event(4 + 1 / 6)
    key = key_of(first, second, event(20), event(30))
    rest = (of(key.events[2]), of(key.events[3]))

    apart, merged = (
        graded(key, of(first, 4, 4), of(second, 4, 4), *rest),
        graded(key, of(first, 6, 6), of(second, 6, 6), *rest),
    )

    assert apart.points - merged.points < 0.5


def test_two_labels_for_one_event_find_it_once_and_the_second_is_wasted():
    key = key_of(event(2), event(10), event(20))
    one, middle = key.events[0], key.events[0].onset_us + HOUR_US
    halves = (Label("A", one.onset_us, middle - SECOND_US, "drift"), Label("A", middle, one.end_us, "drift"))

    got = graded(key, *halves, of(key.events[1]), of(key.events[2]))

    assert got.measure["precision"] < 0.9
    assert got.points < graded(key, of(one), of(key.events[1]), of(key.events[2])).points - 5


def test_a_touch_of_one_second_earns_next_to_nothing():
    events = tuple(event(4 * at + 1, 1.0) for at in range(12))
    touches = [Label("A", e.end_us - SECOND_US, e.end_us, e.fault) for e in events]
    beyond = [Label("A", e.end_us - SECOND_US, e.end_us + HOUR_US, e.fault) for e in events]

    assert graded(key_of(*events), *touches).points < 0.5
    assert graded(key_of(*events), *beyond).points < 0.5


def test_the_twelfth_touch_does_not_pay_beside_good_labels():
    """In the first edition an hour of nothing that touches the last event was worth 13.75 points."""
    events = tuple(event(12 * at + 1) for at in range(4))
    good = [of(e) for e in events[:3]]

    more = graded(key_of(*events), *good, Label("A", events[3].end_us - SECOND_US, events[3].end_us + HOUR_US))

    assert more.points <= graded(key_of(*events), *good).points


def test_no_share_of_the_time_is_a_cliff_and_the_truth_may_be_long():
    """One second above a fifth of the time cost 25 points."""
    events = tuple(event(6 * at, 3.0) for at in range(12))
    key = key_of(*events)

    assert graded(key, *truth_marks(key)).points == 90.0
    assert graded(key, *truth_marks(key)[:-1], of(events[-1], 0, 1 / 60)).points > 89.9


def test_a_label_of_a_benign_change_costs_as_a_false_one():
    calm, normal = event(40), event(40, fault="overheating", benign=True)
    key = key_of(event(2), event(10), event(20), normal)
    truth = truth_marks(key)

    benign = graded(key, *truth, of(normal))

    assert benign.points == graded(replace(key, events=key.events[:3]), *truth, of(calm)).points < 90.0
    assert "false" in benign.fates


def test_every_fault_weighs_the_same_unless_the_instructor_says_so():
    small, large = replace(event(2), severity=0.2), replace(event(20), severity=0.8)
    key, by_severity = key_of(small, large), INTERVAL.model_copy(update={"settings": {"severity_weight": 1.0}})

    assert graded(key, of(large)).measure["recall"] == 0.5
    assert graded(key, of(large), rubric=by_severity).measure["recall"] == pytest.approx(0.8)


def test_a_label_that_ends_before_the_event_can_be_seen_is_early_and_costs_nothing():
    key = key_of(event(2, 4.0, ramp_min=90), event(20), event(30))
    ramp = Label("A", 2 * HOUR_US, 3 * HOUR_US)

    got = graded(key, ramp, of(key.events[1]), of(key.events[2]))

    assert got.fates[0] == "early"
    assert got.points == graded(key, of(key.events[1]), of(key.events[2])).points


def test_an_event_in_a_zone_is_not_owed_and_one_in_anothers_ramp_can_be_found():
    key = key_of(event(2), event(10), zones=(Zone("A", 9 * HOUR_US, 13 * HOUR_US, "ambiguous"),))
    nested = key_of(event(2, 6.0, "overheating", ramp_min=240), event(3, 1.0))

    assert (key.judged, graded(key, of(key.events[0])).points) == ((0,), 90.0)
    assert graded(nested, *truth_marks(nested)).points == 90.0


def test_a_wide_label_of_a_public_event_is_not_false_in_the_private_part():
    """31 minutes on both sides of an hour cost 9 of 90 points."""
    key = key_of(*(event(8 * at + 1, 1.0) for at in range(6)), public_events=(0, 2, 4))
    wide = [of(e, 12, 12) if at % 2 == 0 else of(e) for at, e in enumerate(key.events)]

    assert graded(key, *wide, part="private").points == pytest.approx(90.0)
    assert any(zone.reason == OTHER_PART for zone in key.part("private").zones)


def test_an_event_that_runs_over_the_end_of_the_data_is_owed_as_far_as_it_is_there():
    key = key_of(event(2), event(71, 6.0), event(80))

    assert key.judged == (0, 1)
    assert graded(key, *truth_marks(key)).points == 90.0


def test_above_the_line_of_the_best_pipeline_the_truth_still_earns_everything():
    key = key_of(*(event(8 * at + 1) for at in range(8)))
    above = INTERVAL.model_copy(update={"settings": {**INTERVAL.settings, "above_points": 45.0}})
    half = [of(e) for e in key.events[:6]]
    plain = graded(key, *half).points

    assert graded(key, *truth_marks(key), rubric=above).points == 90.0
    assert graded(key, *half, rubric=above).points == pytest.approx((plain - 45.0) * 2, abs=1e-3)
    assert graded(key, of(key.events[0]), rubric=above).points == 0.0


# alarms


def alarm(at_us: float) -> Label:
    return Label("A", round(at_us), round(at_us) + MINUTE_US)


def test_an_alarm_between_onset_and_the_first_detectable_moment_is_early_not_false():
    """All onsets, marked exactly, earned 14 of 100."""
    key = key_of(*(event(8 * at + 1, 3.0, ramp_min=60) for at in range(8)))

    got = graded(key, *(replace(of(e), fault=e.fault) for e in key.events), rubric=ALARMS)

    assert got.points == 100.0
    assert all(match.delay_s == -3600 for match in got.matches)


def test_a_late_find_more_never_lowers_the_points():
    """Promptness was a median: a seventh event found after half an hour cost 3.75 points."""
    events = tuple(event(8 * at + 1) for at in range(8))
    prompt = [alarm(e.onset_us + (at % 2) * 30 * MINUTE_US) for at, e in enumerate(events[:6])]

    before = graded(key_of(*events), *prompt, rubric=ALARMS)
    after = graded(key_of(*events), *prompt, alarm(events[6].onset_us + 30 * MINUTE_US), rubric=ALARMS)

    assert after.points > before.points


def test_alarms_at_a_fixed_pace_are_taken_for_luck():
    key = key_of(*(event(7 * at + 1) for at in range(8)))
    pace = [alarm(hour * HOUR_US) for hour in range(0, 71, 3)]

    got = graded(key, *pace, rubric=ALARMS)

    assert got.measure["recall"] > 0.5
    assert got.points < 17


def test_one_alarm_too_many_in_ten_minutes_is_no_cliff():
    key = key_of(*(event(8 * at + 1) for at in range(8)))
    first = [alarm(e.onset_us) for e in key.events]
    ten, eleven = ([*first, *(alarm(HOUR_US + s * 30 * SECOND_US) for s in range(n))] for n in (9, 10))

    assert 0 < graded(key, *ten, rubric=ALARMS).points - graded(key, *eleven, rubric=ALARMS).points <= 0.5


def test_a_setting_can_earn_everything_though_a_detector_names_no_fault():
    key = key_of(*(event(8 * at + 1) for at in range(8)))

    assert graded(key, *(alarm(e.onset_us) for e in key.events), rubric=PARAMS).points == 100.0


def test_the_first_edition_stays_as_it_was():
    """Sealed variants keep their grades: these bytes were written before the second edition was."""
    key = key_of(event(2), event(10), event(20))
    got = grade(Work("labels", (of(key.events[0]), of(key.events[1], 30, 30))), key, load_rubric("interval-v1"))

    assert got.points == 68.333334
    assert sorted(got.measure) == [
        "edges", "labelled_share", "not_painted", "precision", "precision_gate", "recall", "recall_gate", "types",
    ]  # fmt: skip
