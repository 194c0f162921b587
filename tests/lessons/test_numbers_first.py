"""The numbers in the prose of lessons 1 and 2, computed; lessons 3 to 16 have theirs in test_numbers_a and _b."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from engine.plant.spec import load_plant
from lessons.labs.base import lab_kind
from lessons.labs.clips import STEP_S, Settings, clips_of, features
from lessons.reader import COURSE, find_lesson, load_lesson, setup_of

DAY_S = 86_400


def beyond(limit: float) -> float:
    """Return the chance that a normal reading lies beyond ± limit."""
    return 2 * NormalDist().cdf(-limit)


def limit_for(alarms_per_day: float, readings_per_day: int) -> float:
    """Return the limit that promises so many false alarms a day."""
    return -NormalDist().inv_cdf(alarms_per_day / readings_per_day / 2)


def text_of(folder: str, file: str = "lesson.md") -> str:
    return " ".join((COURSE / folder / file).read_text(encoding="utf-8").split())


def test_lesson_one_lists_the_sensors_of_the_plant_with_their_ranges() -> None:
    words = text_of("01-meet-the-plant")

    for sensor in load_plant("pump_station").sensors:
        low, high = sensor.normal
        critical = f"{sensor.critical:g}" + (" (low)" if sensor.critical < low else "")
        row = f"| {sensor.name} | {sensor.unit} | {low:g}–{high:g} | {critical} |"
        assert row in words, row


def test_an_hour_of_pressure_has_720_readings_that_scatter_by_one_sigma_and_jump_by_four() -> None:
    healthy = [clips_of(Settings(order=("normal",)), seed)[0] for seed in range(20)]
    rough, jump, _ = np.median([features(clip) for clip in healthy], axis=0)

    assert 3600 / STEP_S == len(healthy[0].values) == 720
    assert rough == pytest.approx(1, abs=0.1)
    assert jump == pytest.approx(4, abs=0.6)
    assert np.mean([features(clip)[1] > 3 for clip in healthy]) >= 0.9, "three σ calls nearly every hour spiky"


def test_averaging_readings_shrinks_the_noise_of_trace_a() -> None:
    entry = find_lesson("sensors-noise").lab.experiments["traces"]
    plain, smooth = (lab_kind("clips").run(setup_of(entry, {"smooth": n}), 7).metrics["sd"] for n in (1, 30))

    assert plain is not None
    assert smooth is not None
    assert smooth < plain


def test_three_sigma_once_a_second_rings_233_times_a_day_and_8000_times_for_the_plant() -> None:
    words = text_of("02-thresholds")

    assert round(1 / beyond(3)) == 370
    assert round(DAY_S * beyond(3)) == 233
    assert DAY_S * beyond(3) * 7 * 5 == pytest.approx(8164, abs=1)
    assert all(number in words for number in ("one reading in 370", "about 233 alarms", "more than 8,000"))


def test_one_false_alarm_a_day_once_a_second_needs_a_limit_of_four_point_four() -> None:
    assert limit_for(1, DAY_S) == pytest.approx(4.4, abs=0.05)
    assert limit_for(1, DAY_S * 35) > limit_for(1, DAY_S), "the quiz: 35 channels need a higher one"


def test_the_answers_of_the_quiz_of_lesson_two() -> None:
    questions = {question.id: question for question in load_lesson(COURSE / "02-thresholds").quiz.questions}
    right = next(str(option.text) for option in questions["per-day"].options if option.right)

    assert right == f"about {DAY_S * beyond(3):.0f}"
    assert questions["bits"].answer == pytest.approx(100 * beyond(3), abs=0.005)
    assert pytest.approx(4, abs=0.2) == DAY_S / 60 * beyond(3), "one reading a minute"


def test_the_healthy_day_of_lesson_two_rings_as_often_as_its_readings_say() -> None:
    """17,280 readings at 0.27 % are about 47; alarms of neighbours run together and memory adds some."""
    entry = find_lesson("thresholds").lab.experiments["demo"]
    loud = lab_kind("detector").run(setup_of(entry, {"k": 3, "confirm": 1}), 7).metrics["false_alarms_per_day"]
    quiet = lab_kind("detector").run(setup_of(entry, {"k": 3, "confirm": 3}), 7).metrics["false_alarms_per_day"]

    assert loud == pytest.approx(DAY_S / 5 * beyond(3), rel=0.35)
    assert quiet is not None
    assert quiet <= 1


def chance_beyond(limit: float, shift: float) -> float:
    """Return the chance that a reading shifted by so many σ lies beyond ± limit."""
    return NormalDist().cdf(-limit - shift) + 1 - NormalDist().cdf(limit - shift)


def wait(limit: float, shift: float, in_a_row: int = 1) -> float:
    """Return the readings until so many in a row lie beyond the limit, on average (a run of successes)."""
    p = chance_beyond(limit, shift)
    return (1 - p**in_a_row) / ((1 - p) * p**in_a_row)


def test_the_table_of_waits_of_lesson_two() -> None:
    """Confirming at the same limit blinds; at the same promise it buys a lower limit."""
    rows = {1: (44, 86_500, 2814, 1068), 2: (6.3, 296, 117, 26), 3: (2.0, 14, 12, 5.2), 4: (1.2, 4.3, 2.9, 3.3)}

    for shift, waits in rows.items():
        found = (wait(3, shift), wait(3, shift, 3), wait(4.3855, shift), wait(2.2769, shift, 3))
        assert found == pytest.approx(waits, rel=0.035), shift
    assert DAY_S / wait(3, 0) == pytest.approx(233, abs=1)
    assert DAY_S / wait(3, 0, 3) == pytest.approx(0.002, abs=0.0005)
    assert DAY_S / wait(4.3855, 0) == pytest.approx(1, abs=0.01)
    assert DAY_S / wait(2.2769, 0, 3) == pytest.approx(1, abs=0.01)
    assert "| 2 σ | 6.3 | 296 | 117 | 26 |" in text_of("02-thresholds")
    assert "| 2 σ | 6,3 | 296 | 117 | 26 |" in (COURSE / "02-thresholds" / "lesson.de.md").read_text(encoding="utf-8")


def test_lesson_two_tells_how_often_its_sensor_is_read() -> None:
    words = text_of("02-thresholds")

    assert "17,280 times" in words
    assert DAY_S / 5 == 17_280
    assert "promises 47 false alarms" in words
    assert 17_280 * beyond(3) == pytest.approx(47, abs=0.5)
