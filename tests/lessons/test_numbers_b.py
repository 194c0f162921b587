"""The numbers in the prose of lessons 10 to 16, computed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lessons.labs.base import lab_kind
from lessons.reader import COURSE, Lesson, find_lesson, setup_of


def text_of(lesson: str) -> str:
    """Return all words of a lesson, spaces folded."""
    folder = find_lesson(lesson).folder
    words = "\n".join((folder / name).read_text(encoding="utf-8") for name in ("lesson.md", "lab.yaml", "quiz.yaml"))
    return re.sub(r"\s+", " ", words)


def run(lesson: str, experiment: str, **values: Any) -> dict[str, float | None]:
    entry = find_lesson(lesson).lab.experiments[experiment]
    return lab_kind(entry.kind).run(setup_of(entry, entry.start() | values), 7).metrics


def readings_of(lesson: Lesson, exercise: str) -> int:
    plant = lesson.lab.exercises[exercise].setup["plant"]
    return round(plant["rate_hz"] * 86_400)


def test_conformal_numbers() -> None:
    words = text_of("cuts")

    assert 1 / (99 + 1) == 0.01
    assert f"{86_400 - 1:,} scores" in words
    assert round(86_400 * 1e-5, 2) == 0.86
    assert "about 0.86" in words
    assert readings_of(find_lesson("cuts"), "budget") == 2880
    assert f"{round(2880 / 0.2):,} scores would be needed" in words
    assert f"{72 * 120:,} are there" in words


def test_precision_at_one_in_a_thousand() -> None:
    """One true alarm and 9.99 false ones in a thousand readings."""
    assert pytest.approx(0.091, abs=0.001) == 0.001 / (0.001 + 0.999 * 0.01)
    assert "about 9 %" in text_of("judging")


def test_the_two_vendors_have_the_areas_that_the_hook_says() -> None:
    areas = [run("judging", "two", detector=letter)["roc_auc"] for letter in "AB"]

    assert [round(area or 0, 2) for area in areas] == [0.99, 0.94]


def test_recalls_of_ten_and_nine_events() -> None:
    assert (round(10 / 12, 2), round(9 / 12, 2)) == (0.83, 0.75)
    points = 10 * 60 / (10 * 60 + 10)
    assert round(100 * points) == 98
    assert round(100 / 11) == 9


def test_the_dice() -> None:
    assert pytest.approx(0.05, abs=0.002) == 0.995**600
    assert pytest.approx(95, abs=1) == 100 * (1 - 0.995**600)
    assert pytest.approx(400, rel=0.1) == 0.005 * (86_400 - 8 * 600), "alarms a day that meet no fault"
    assert "the four hundred others" in text_of("cheating")
    solved = 100 * (1 - 0.03 ** (1 / 720))
    assert solved == pytest.approx(
        find_lesson("cheating").lab.exercises["dice-wins"].solution["alarm_percent"], abs=0.05
    )
    assert pytest.approx(2 / 3, abs=0.05) == 0.9995**720, "the first decoy misses two faults in three"


def test_random_alarms_meet_faults_as_often_as_the_day_is_faulty() -> None:
    assert pytest.approx(run("cheating", "dice-run")["event_precision"] or 0, abs=0.02) == 8 * 10 / 1440


def test_the_climber_is_near_a_coin_on_the_private_part() -> None:
    metrics = run("cheating", "climb")

    assert (metrics["public_score"] or 0) >= 0.85
    assert abs((metrics["private_score"] or 0) - 0.5) < 0.1


def test_the_pipeline_falls_behind_as_computed() -> None:
    assert 600 * (20 - 16) == 2400
    assert 2400 / 16 == 150
    assert 600 * (20 / 16 - 1) == 150
    assert (250 - 200) * 600 / 200 == 150
    assert run("pipelines", "run")["oldest_seconds"] == 150


def test_fahrenheit_and_the_night_shift_sums() -> None:
    assert 70 * 9 / 5 + 32 == 158
    assert 3 * 7 * 20 / 60 == 7


def test_the_good_release_rings_longer_than_the_old_one_after_a_real_fault() -> None:
    """Lesson 15: five minutes of room throw the good release out, forty-five do not."""
    tight = run("shipping", "watch", minutes=5, compare="the old version in shadow")
    roomy = run("shipping", "watch", minutes=45, compare="the old version in shadow")

    assert (tight["flips"] or 0) > (roomy["flips"] or 0)
    assert (roomy["right_version_share"] or 0) >= 0.9


@pytest.mark.parametrize("folder", sorted(path.name for path in COURSE.glob("1[0-6]-*")))
def test_reading_lists_give_https_and_say_who(folder: str) -> None:
    reading = "".join(piece.text for piece in find_lesson(folder).pieces if piece.kind == "reading")

    assert "https://" in reading
    assert re.search(r"\(\d{4}\)|\d{4}\)|wiki|documentation|Zinkevich", reading)


def test_kappa_of_lesson_thirteen() -> None:
    """Both mark 3,000 slices, each 200 more: raw agreement says 0.995 with and without the 3,000."""

    def kappa(both: int, alone: int, slices: int) -> tuple[float, float]:
        marked = both + alone
        observed = (slices - 2 * alone) / slices
        expected = (marked**2 + (slices - marked) ** 2) / slices**2
        return observed, (observed - expected) / (1 - expected)

    assert kappa(3000, 200, 86_400) == pytest.approx((0.995, 0.94), abs=0.006)
    assert kappa(0, 200, 86_400)[0] == pytest.approx(0.995, abs=0.001)
    assert -0.01 < kappa(0, 200, 86_400)[1] < 0
    assert pytest.approx(0.94, abs=0.003) == 2 * 3000 / (2 * 3000 + 400)
    assert pytest.approx(0.929, abs=0.001) == (3200**2 + 83_200**2) / 86_400**2


def test_two_right_raters_agree_less_with_each_other_than_with_the_truth() -> None:
    assert pytest.approx(0.82) == 0.9 * 0.9 + 0.1 * 0.1


def test_the_board_gives_away_no_more_bits_than_the_coins_hold() -> None:
    for board in ("exact", "ladder"):
        assert (run("cheating", "climb", board=board)["bits"] or 0) <= 100


def test_a_row_that_is_being_processed_is_younger_than_the_last_that_waits() -> None:
    """Lesson 14: 250 in, 200 out, ten minutes."""
    assert (250 - 200) * 600 / 200 == 150
    assert 600 - 200 * 600 / 250 == 120


def test_the_prices_of_lesson_eleven_are_those_that_the_bill_uses() -> None:
    from engine.economics import Prices

    prices = Prices(miss=600, false_alarm=250, unplanned_hours=2)
    words = find_lesson("judging").lab.exercises["cheapest"].prompt

    assert "400 euros an hour: 1,400" in words
    assert (prices.downtime_per_hour, prices.failure) == (400, 1400)
    assert "a visit of 150: 400" in words
    assert (prices.inspection, prices.false_alarm + prices.inspection) == (150, 400)
    assert "planned standstill: 550, and 100 for each hour" in words
    assert (prices.repair, prices.delay_per_hour) == (550, 100)
