"""Grades: pure, the same bytes everywhere, and never kind to a lazy answer."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.classroom.grade import Grade, Work, grade, skill
from engine.classroom.key import AnswerKey
from engine.classroom.robots import LAZY_LIMIT, prove_rubric
from engine.classroom.rubric import Rubric, as_yaml, load_rubric, parse_rubric, rubric_names
from engine.errors import LabError
from engine.metrics.intervals import Zone
from engine.records import DAY_US, HOUR_US, MINUTE_US, Label, TruthEvent
from tests.engine.classroom.room import MACHINES, START, honest, key_of, perfect

ROOT = Path(__file__).resolve().parents[3]

PLAYED = [name for name in rubric_names() if load_rubric(name).submit in ("labels", "alarms", "params")]


def labels(*marks: Label) -> Work:
    return Work("labels", marks)


def line(graded: Grade, name: str) -> float:
    found = next(x.points for x in graded.lines if x.id == name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", PLAYED)
def test_no_lazy_robot_earns_more_than_17_points_and_perfect_earns_all(name: str):
    proof = prove_rubric(load_rubric(name), runs=40)

    assert proof.passed, proof.table()
    assert sum(row.lazy for row in proof.rows) >= 7
    assert [row for row in proof.rows if row.lazy and row.p95 > LAZY_LIMIT] == []


def test_the_good_student_stays_far_above_every_lazy_robot():
    """The table of the course notes: gates cost honest students nothing."""
    rows = {row.name: row for row in prove_rubric(load_rubric("interval-v1"), runs=40).rows}

    assert 70 <= rows["good student (10 found, 2 false)"].mean <= 80
    assert 46 <= rows["fair student (7 found, 6 false)"].mean <= 60
    assert 84 <= rows["all events, edges 15 min late"].mean <= 88


@pytest.mark.parametrize("name", PLAYED)
def test_a_rubric_without_gates_is_refused_by_its_robot_table(name: str):
    """A plain weighted sum pays 35 points for silence, or half of all for tiling the time axis."""
    rubric = load_rubric(name)
    lines = tuple(line if line.manual else line.model_copy(update={"times": line.times[:1]}) for line in rubric.lines)

    assert not prove_rubric(rubric.model_copy(update={"lines": lines}), runs=10).passed


def test_perfect_labels_earn_90_automatic_points_and_10_wait_for_a_person():
    key, rubric = key_of(1), load_rubric("interval-v1")

    graded = grade(labels(*perfect(key)), key, rubric)

    assert graded.points == 90.0
    assert [x.points for x in graded.lines if x.manual] == [None]
    assert graded.out_of == 100.0


def test_the_same_submission_is_graded_to_the_same_bytes_in_a_new_process(tmp_path: Path):
    key, rubric = key_of(5), load_rubric("interval-v1")
    work = labels(*honest(key, 3))
    here = grade(work, key, rubric).to_json()
    code = (
        "import sys; from engine.classroom.grade import Work, grade\n"
        "from engine.classroom.key import AnswerKey\n"
        "from engine.classroom.rubric import load_rubric\n"
        "work, key = (open(p, encoding='utf-8').read() for p in sys.argv[1:])\n"
        "out = grade(Work.from_json(work), AnswerKey.from_json(key), load_rubric('interval-v1')).to_json()\n"
        "import hashlib; print(hashlib.sha256(out.encode()).hexdigest())"
    )

    paths = [tmp_path / name for name in ("work", "key")]
    for path, text in zip(paths, (work.to_json(), key.to_json()), strict=True):
        path.write_text(text, "utf-8")
    command = [sys.executable, "-c", code, *map(str, paths)]
    there = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()

    assert here == grade(work, key, rubric).to_json()
    assert hashlib.sha256(here.encode()).hexdigest() == there
    assert Grade.from_json(here).to_json() == here


def test_one_interval_earns_credit_for_one_event_only():
    """Painting a day finds one event."""
    key, rubric = key_of(1, machines=("M",)), load_rubric("interval-v1")

    graded = grade(labels(Label("M", key.start_us, key.end_us)), key, rubric)

    assert len(graded.matches) == 1
    assert line(graded, "clean") == 0.0
    assert graded.points < LAZY_LIMIT


def test_ramp_in_before_detectable_is_neither_owed_nor_punished():
    event = TruthEvent("M", "drift", (), 1.0, 0, HOUR_US, 2 * HOUR_US)
    key = AnswerKey(0, DAY_US, ("M",), (event,))
    rubric = load_rubric("interval-v1")

    early = grade(labels(Label("M", 0, 2 * HOUR_US, "drift")), key, rubric)
    exact = grade(labels(Label("M", HOUR_US, 2 * HOUR_US, "drift")), key, rubric)
    ramp_only = grade(labels(Label("M", 0, 30 * MINUTE_US)), key, rubric)

    assert 90.0 == early.points == exact.points
    assert ramp_only.fates == ("ignored",)


def test_a_label_mostly_in_a_dont_care_zone_is_no_false_interval():
    """An event that became ambiguous must not turn the labels of those who saw it into errors."""
    key = replace(key_of(1), zones=(Zone(MACHINES[0], START, START + HOUR_US, "ambiguous"),), events=())
    rubric = load_rubric("interval-v1")

    graded = grade(labels(Label(MACHINES[0], START, START + HOUR_US + 10 * MINUTE_US)), key, rubric)

    assert graded.fates == ("ignored",)


def test_benign_changes_owe_nothing_and_marking_one_is_false():
    event = TruthEvent("M", "recipe_step", (), 1.0, HOUR_US, HOUR_US, 2 * HOUR_US, benign=True)
    key = AnswerKey(0, DAY_US, ("M",), (event,))

    graded = grade(labels(Label("M", HOUR_US, 2 * HOUR_US)), key, load_rubric("interval-v1"))

    assert key.owed == ()
    assert graded.fates == ("false",)
    assert graded.points == 0.0


def test_the_right_family_is_worth_half_of_the_name():
    event = TruthEvent("M", "overheating", (), 1.0, 0, 0, HOUR_US)
    key = AnswerKey(0, DAY_US, ("M",), (event,), families=(("overheating", "machine"), ("bearing_failure", "machine")))
    rubric = load_rubric("interval-v1")

    def named(fault: str) -> float:
        return line(grade(labels(Label("M", 0, HOUR_US, fault)), key, rubric), "named")

    assert (named("overheating"), named("bearing_failure"), named("drift"), named("")) == (10.0, 5.0, 0.0, 0.0)


def test_a_latched_alarm_earns_nothing():
    key, rubric = key_of(2), load_rubric("alarms-v1")

    graded = grade(Work("alarms", tuple(Label(m, key.start_us, key.end_us) for m in MACHINES)), key, rubric)

    assert graded.points == 0.0


def test_an_alarm_two_minutes_early_counts_and_three_minutes_early_does_not():
    event = TruthEvent("M", "drift", (), 1.0, HOUR_US, HOUR_US, 2 * HOUR_US)
    key, rubric = AnswerKey(0, DAY_US, ("M",), (event,)), load_rubric("alarms-v1")

    def found(minutes: float) -> int:
        start = HOUR_US - round(minutes * MINUTE_US)
        return len(grade(Work("alarms", (Label("M", start, start + MINUTE_US),)), key, rubric).matches)

    assert (found(2), found(3)) == (1, 0)


def test_severe_events_weigh_more():
    small = TruthEvent("M", "drift", (), 0.2, 0, 0, HOUR_US)
    large = TruthEvent("M", "drift", (), 0.8, 5 * HOUR_US, 5 * HOUR_US, 6 * HOUR_US)
    key, rubric = AnswerKey(0, DAY_US, ("M",), (small, large)), load_rubric("interval-v1")

    graded = grade(labels(Label("M", 5 * HOUR_US, 6 * HOUR_US)), key, rubric)

    assert pytest.approx(graded.measure["recall"]) == 0.8


def test_quiz_answers_are_compared_by_kind():
    right = (("a", "B"), ("b", ["x", "y"]), ("c", {"value": 9.2, "tolerance": 0.1}), ("d", 233))
    key = AnswerKey(0, 1, (), (), answers=right)
    rubric = Rubric.model_validate(
        {
            "name": "quiz",
            "version": 1,
            "submit": "answers",
            "lines": [{"id": "q", "title": "Quiz", "points": 8, "times": ["right_answers"]}],
        }
    )

    work = Work("answers", answers=(("a", "B"), ("b", ["y", "x"]), ("c", "9.25"), ("d", "4")))

    assert grade(work, key, rubric).points == 6.0


def test_skill_is_zero_for_chance_and_one_for_perfect():
    assert (skill(5, 5, 100), skill(100, 5, 100)) == (0.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 12), st.integers(0, 8))
def test_points_stay_within_bounds_and_order_of_labels_does_not_matter(seed: int, found: int, false: int):
    key, rubric = key_of(seed), load_rubric("interval-v1")
    marks = honest(key, seed, found, false)

    forward = grade(labels(*marks), key, rubric)
    backward = grade(labels(*marks[::-1]), key, rubric)

    assert 0.0 <= forward.points <= 90.0
    assert forward.points == backward.points


def test_rubric_errors_name_line_and_nearest_word():
    text = (ROOT / "data/rubrics/interval-v1.yaml").read_text("utf-8")

    with pytest.raises(LabError, match=r"line \d+.*did you mean 'recall_gate'"):
        parse_rubric(text.replace("recall_gate,", "recal_gate,"))
    with pytest.raises(LabError, match=r"unknown key 'titel'; did you mean 'title'"):
        parse_rubric(text.replace("title: Labelled intervals", "titel: Labelled intervals"))


def test_a_rubric_survives_writing_and_reading():
    for name in rubric_names():
        assert load_rubric(name) == parse_rubric(as_yaml(load_rubric(name)))
