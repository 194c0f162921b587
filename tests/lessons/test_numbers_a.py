"""The numbers in the prose of lessons 3 to 9 are computed here."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from lessons.labs.base import lab_kind
from lessons.labs.base_rate import Settings as BaseRate
from lessons.labs.cloud import fitted, judged, readings_of
from lessons.labs.moving import Settings as Moving
from lessons.labs.moving import follow
from lessons.labs.relation import distance
from lessons.labs.run_length import Settings as Charts
from lessons.labs.run_length import noise_of, run_lengths
from lessons.reader import COURSE, load_lesson

# Lesson 3's table of average run lengths: shift, Shewhart, EWMA, CUSUM.
TABLE = [(0.0, 370, 371, 369), (0.5, 155, 36, 35), (1.0, 44, 9.8, 9.9), (2.0, 6.3, 3.6, 3.9), (3.0, 2.0, 2.3, 2.5)]


def beyond(limit: float, shift: float = 0.0) -> float:
    """Return the chance that a normal reading lies beyond ± limit."""
    return NormalDist().cdf(-limit - shift) + 1 - NormalDist().cdf(limit - shift)


@pytest.mark.parametrize(("shift", "shewhart"), [(row[0], row[1]) for row in TABLE])
def test_shewharts_run_length_is_one_over_the_chance_of_an_alarm(shift: float, shewhart: float) -> None:
    assert 1 / beyond(3, shift) == pytest.approx(shewhart, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("row", TABLE)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_the_engines_charts_have_the_run_lengths_of_the_table(row: tuple[float, ...], place: int) -> None:
    """The table is the textbook's; 2,000 trials of the engine's kernels agree within four standard errors and 3 %."""
    chart = ("shewhart", "ewma", "cusum")[place - 1]
    noise = noise_of(np.random.default_rng(5), 4000 if row[0] < 0.5 else 1500, 2000, 0.0)

    runs = run_lengths(noise + row[0], chart, Charts(chart=chart))

    assert abs(runs.mean() - row[place]) < 4 * runs.std() / math.sqrt(len(runs)) + 0.03 * row[place]


def test_the_chance_per_reading_of_lesson_three_is_two_point_three_per_cent() -> None:
    assert beyond(3, 1) == pytest.approx(0.023, abs=0.0005)


def test_an_average_of_weight_a_fifth_spreads_by_a_third() -> None:
    noise = np.random.default_rng(1).standard_normal(200_000)
    average, spread2 = 0.0, []
    for value in noise:
        average += 0.2 * (value - average)
        spread2.append(average * average)

    assert math.sqrt(0.2 / 1.8) == pytest.approx(0.33, abs=0.005)
    assert math.sqrt(np.mean(spread2)) == pytest.approx(0.33, abs=0.01)
    assert pytest.approx(0.5, abs=0.02) == 0.8**3, "three more readings halve the weight of an old one"


def test_memory_in_the_noise_ruins_a_cusum_and_the_correction_mends_it() -> None:
    lab = lab_kind("run_length")

    plain = lab.run(Charts(chart="cusum", memory=0.5), 3).metrics
    corrected = lab.run(Charts(chart="cusum", memory=0.5, corrected=True), 3).metrics

    assert plain["arl0"] is not None
    assert corrected["arl0"] is not None
    assert plain["arl1"]
    assert corrected["arl1"]
    assert plain["arl0"] < 100 < 300 < corrected["arl0"]
    assert corrected["arl1"] > plain["arl1"]


def test_a_day_of_readings_every_ten_seconds_has_8640_of_them() -> None:
    assert 86_400 / 10 == 8640
    assert pytest.approx(20, abs=2) == 86_400 / 10 / 400, "the decoy's false alarms a day"


def test_sixty_eight_degrees_are_a_usual_afternoon_and_a_strange_night() -> None:
    """Lesson 4: pump 3 runs between about 60 and 72 °C, and spreads by some 3.2 °C."""
    from engine.records import DAY_US, HOUR_US
    from lessons.labs.plant_part import PlantPart, Readings

    part = PlantPart(machines=("MACHINE_003",), rate_hz=0.02, days=3, history_hours=240, seed="fixed-11")
    block = Readings(part, (), 1).history
    values = block.values[:, 0, block.sensors.index("temperature")]
    hours = (block.times_us % DAY_US) // HOUR_US
    night, afternoon = values[hours < 5], values[(hours >= 11) & (hours < 16)]

    assert np.nanmax(night) < 66 < 68
    assert np.nanmin(afternoon) < 68 < np.nanmax(afternoon)
    assert np.nanstd(values) == pytest.approx(3.2, abs=0.1)
    assert np.nanquantile(values, [0.02, 0.98]) == pytest.approx([60, 72], abs=1.2)


def test_lesson_four_leaves_less_than_a_third_of_the_spread() -> None:
    lesson = load_lesson(COURSE / "04-context")
    lab = lab_kind("conditional")
    found = lab.run(lab.Settings.model_validate(lesson.lab.experiments["level"].setup), 7).metrics

    assert found["sd"] is not None
    assert found["sd"] < 3.2 / 3
    assert 6.0 / found["sd"] == pytest.approx(7, abs=1), "the 6 °C error in spreads of the residual"
    assert found["event_recall"] == 1.0


def test_the_distances_of_lesson_five() -> None:
    assert distance(2, 2, 0.9) == pytest.approx(2.05, abs=0.005)
    assert distance(2, -2, 0.9) == pytest.approx(8.9, abs=0.05)
    assert distance(2, 2, 0.0) == pytest.approx(2.8, abs=0.05)
    assert distance(1, -1, 0.8) == pytest.approx(3.16, abs=0.005)
    assert distance(1, 1, 0.8) == pytest.approx(1.05, abs=0.005)


# Lesson 6's table at a contamination of 4 %: plant, detector, whether it finds the strange readings.
FINDS = [
    ("gap", "isolation_forest", True), ("gap", "lof", True), ("gap", "ecod", False), ("gap", "mahalanobis", False),
    ("together", "isolation_forest", False), ("together", "lof", True), ("together", "ecod", False),
    ("together", "mahalanobis", True), ("group", "isolation_forest", True), ("group", "lof", False),
    ("group", "ecod", True), ("group", "mahalanobis", True),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "detector", "finds"), FINDS)
def test_who_finds_what_in_lesson_six(shape: str, detector: str, finds: bool) -> None:
    training, fresh, odd = readings_of(shape, 11)
    _, faulty, cut = judged(fitted(detector, training), training, fresh, odd, 4.0)
    share = float(np.mean(faulty > cut))

    assert share > 0.9 if finds else share < 0.5


def test_the_middle_of_the_gap_is_ordinary_for_ecod() -> None:
    lab = lab_kind("cloud")

    ecod = lab.run(lab.Settings(shape="gap", detector="ecod"), 7).metrics["stranger_share"]
    forest = lab.run(lab.Settings(shape="gap", detector="isolation_forest"), 7).metrics["stranger_share"]

    assert ecod is not None
    assert ecod > 0.3
    assert forest is not None
    assert forest < 0.01


def test_lesson_seven_counts_a_hundred_and_fifty_windows() -> None:
    setup = load_lesson(COURSE / "07-time").lab.experiments["gateway"].setup
    lab = lab_kind("arrivals")
    settings = lab.Settings.model_validate(setup | {"wait_s": 0})

    assert settings.seconds // settings.window_s * settings.machines == 150
    assert (lab.run(settings, 1).metrics["late_loss_share"] or 0) > 0.5, "it loses most of them"


def test_a_baseline_trails_a_ramp_by_slope_times_time_constant() -> None:
    """Lesson 8's formula, on the very code of its experiment: 0.5 °C an hour, one hour, half a degree."""
    step_h = 0.01
    ramp = 0.5 * np.arange(0, 24, step_h)

    for tau, gap in ((1.0, 0.5), (4.0, 2.0)):
        _, distance_from = follow(ramp, np.zeros(len(ramp), np.uint8), step_h, Moving(follow_h=tau))
        assert distance_from.max() <= gap + 0.01
        assert distance_from[-1] == pytest.approx(gap, rel=0.03)
    assert pytest.approx(0.5) == 40 * 0.3 / 24, "the drift of the experiment, °C an hour"


def test_the_share_of_true_alarms_of_lesson_nine() -> None:
    lab = lab_kind("base_rate")

    at_start, better = lab.run(BaseRate(), 1).metrics, lab.run(BaseRate(false_percent=0.1), 1).metrics

    assert at_start["true_alarm_share"] == pytest.approx(0.09, abs=0.005)
    assert better["true_alarm_share"] == pytest.approx(0.5, abs=0.005), "a tenth of the false alarms: about half"


def test_a_chattering_limit_raises_hundreds_of_alarms_in_a_shift() -> None:
    setup = load_lesson(COURSE / "09-alarm-fatigue").lab.experiments["hover"].setup
    lab = lab_kind("desk")

    plain = lab.run(lab.Settings.model_validate(setup | {"deadband": 0, "on_delay_s": 0, "off_delay_s": 0}), 1)
    cured = lab.run(lab.Settings.model_validate(setup | {"deadband": 0.1, "on_delay_s": 30, "off_delay_s": 60}), 1)

    assert (plain.metrics["alarms"] or 0) > 300
    assert (cured.metrics["alarms"] or 0) < (plain.metrics["alarms"] or 0) / 10


def test_thirty_five_channels_once_a_minute_alarm_136_times_a_day() -> None:
    assert 35 * 1440 * beyond(3) == pytest.approx(136, abs=1)


def ewma_run_length(weight: float, limit: float, shift: float, cells: int = 161) -> float:
    """Return the average run length of a two-sided EWMA chart, by a Markov chain (Brook and Evans, 1972)."""
    spread = limit * math.sqrt(weight / (2 - weight))
    width = 2 * spread / cells
    middles = -spread + width * (np.arange(cells) + 0.5)
    edges = -spread + width * np.arange(cells + 1)
    normal = np.vectorize(NormalDist().cdf)
    reach = normal((edges[None, :] - (1 - weight) * middles[:, None]) / weight - shift)
    waits = np.linalg.solve(np.eye(cells) - np.diff(reach, axis=1), np.ones(cells))
    return float(waits[cells // 2])


def test_a_longer_memory_finds_only_shifts_below_one_sigma_sooner() -> None:
    """λ 0.2 against 0.05 at the same ARL₀: the quiz of lesson 3."""
    quick, slow = (0.2, 2.86), (0.05, 2.492)

    assert ewma_run_length(*quick, 0.0) == pytest.approx(370, rel=0.02)
    assert ewma_run_length(*slow, 0.0) == pytest.approx(370, rel=0.02)
    assert (ewma_run_length(*quick, 0.5), ewma_run_length(*slow, 0.5)) == pytest.approx((36, 27), rel=0.03)
    assert (ewma_run_length(*quick, 1.0), ewma_run_length(*slow, 1.0)) == pytest.approx((9.8, 10.7), rel=0.04)


def test_a_cusum_by_hand() -> None:
    total, sums = 0.0, []
    for reading in (0.2, 1.4, 0.9, 1.6):
        total = max(0.0, total + reading - 0.5)
        sums.append(round(total, 1))

    assert sums == [0.0, 0.9, 1.3, 2.4]


def test_t_squared_of_all_directions_is_the_mahalanobis_distance_and_feels_a_broken_relation_most() -> None:
    """Lesson 5: the distance falls into the kept directions and the rest; the rest is divided by its small variance."""
    covariance = np.array([[1.0, 0.9], [0.9, 1.0]])
    variances, directions = np.linalg.eigh(covariance)
    along, off = np.array([2.0, 2.0]), np.array([2.0, -2.0])

    parts = [(directions.T @ point) ** 2 / variances for point in (along, off)]

    assert [part.sum() for part in parts] == pytest.approx([distance(2, 2, 0.9) ** 2, distance(2, -2, 0.9) ** 2])
    assert parts[0][0] == pytest.approx(0, abs=1e-9), "along the pattern nothing lies off it"
    assert parts[1][1] == pytest.approx(0, abs=1e-9), "T² of the kept direction is calm when the relation breaks"
    assert parts[1].sum() > 15 * parts[0].sum()


def test_an_alarm_that_stands_already_announces_no_fault() -> None:
    """Lesson 9: a wide deadband once showed one alarm, all of it true, without delay."""
    setup = load_lesson(COURSE / "09-alarm-fatigue").lab.experiments["hover"].setup
    lab = lab_kind("desk")

    wide = lab.run(lab.Settings.model_validate(setup | {"deadband": 0.5, "on_delay_s": 0, "off_delay_s": 0}), 4).metrics

    assert wide["true_alarm_share"] == 0
    assert wide["delay_p90_minutes"] is None


def test_the_physicians_of_lesson_nine() -> None:
    assert pytest.approx(0.075, abs=0.001) == 0.01 * 0.8 / (0.01 * 0.8 + 0.99 * 0.1)
