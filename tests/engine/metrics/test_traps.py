"""Every known bug and ambiguity of the references: one named test each, so that none creeps in."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import LabError
from engine.metrics.adjusted import best_pa_k_f1, pa_k
from engine.metrics.affiliation import affiliation
from engine.metrics.arrays import InputError, rows_of
from engine.metrics.eventwise import composite_f1, segment_f1
from engine.metrics.nab import NabFile, nab_at, nab_corpus, nab_optimum, row_weights
from engine.metrics.panel import panel
from engine.metrics.pate import pate, pate_f1
from engine.metrics.pointwise import best_f1, point
from engine.metrics.ranges import range_pr
from engine.metrics.ranking import ranking
from engine.metrics.skab import SkabFile, skab_nab
from engine.metrics.sweep import sweep
from engine.metrics.volume import GENERATION, r_auc, vus


def example(n: int = 400, seed: int = 3):
    """Truth with three events and a score that sees them dimly."""
    rng = np.random.default_rng(seed)
    truth = rows_of([(40, 59), (150, 199), (300, 301)], n)
    return truth, np.round(rng.random(n) + 0.6 * truth * rng.random(n), 3)


def test_trap_1_vus_names_its_generation_window_and_thresholds_beside_the_number():
    """Four generations share the name and differ by 0.2."""
    truth, scores = example()

    parameters = vus(sweep(truth, scores), 20).parameters

    assert parameters == {"window": 20, "thresholds": 250, "generation": GENERATION}
    assert "0.0.6" in GENERATION
    assert "TSB-AD" in GENERATION


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.int64, float])
def test_trap_2_labels_of_any_type_give_the_same_numbers(kind):
    """Differencing bool or uint8 labels silently gives 0.908 instead of 0.876."""
    truth, scores = example()
    expected = panel(truth, scores > 0.9, scores, baselines=False)

    found = panel(truth.astype(kind), (scores > 0.9).astype(kind), scores, baselines=False)

    assert {k: v.value for k, v in found.numbers.items()} == {k: v.value for k, v in expected.numbers.items()}


def test_trap_2_all_true_labels_are_undefined_and_an_all_alarm_prediction_has_a_range_f1():
    truth, scores = example()

    assert vus(sweep(np.ones(400), scores))["vus_pr"] is None
    assert range_pr(truth, np.ones(400))["f1"] > 0


def test_trap_3_single_window_range_auc_works_for_any_window():
    """TSB-AD divides by zero for windows of two rows and more."""
    truth, scores = example()

    for window in (0, 1, 2, 3, 100, 10_000):
        assert 0 < r_auc(sweep(truth, scores), window)["r_auc_pr"] <= 1


def test_trap_4_labels_are_not_widened_from_one_window_to_the_next():
    """A volume up to W holds the narrower ones unchanged: the mean over W + 1 widths moves by one more area only."""
    truth, scores = example()
    swept = sweep(truth, scores)
    means = [vus(swept, window)["vus_pr"] for window in range(12)]
    areas = [(w + 1) * m - w * b for w, (m, b) in enumerate(zip(means, [0.0, *means[:-1]], strict=True))]

    assert means[-1] == pytest.approx(float(np.mean(areas)))
    assert all(0 < area < 1 for area in areas)


def test_trap_5_point_adjust_fills_row_0_and_the_last_row():
    """OmniAnomaly's loop leaves row 0 missed, mvts the last row of every event."""
    truth = rows_of([(0, 9), (90, 99)], 100)
    alarms = rows_of([(5, 5), (92, 92)], 100)

    assert pa_k(truth, alarms, 0)["recall"] == 1.0
    assert pa_k(truth, alarms, 0)["adjusted_positives"] == 20


def test_trap_6_pa_k_adjusts_only_above_k_percent():
    truth, alarms = rows_of([(10, 19)], 40), rows_of([(10, 11)], 40)

    assert pa_k(truth, alarms, 20)["recall"] == 0.2
    assert pa_k(truth, alarms, 19)["recall"] == 1.0


def test_trap_7_an_event_at_the_end_of_the_series_can_be_detected():
    """mvts and TSB-AD lose the last row, so a one-row event there is never found."""
    truth = alarms = rows_of([(9, 9)], 10)

    assert composite_f1(truth, alarms)["fc1"] == 1.0
    assert segment_f1(truth, alarms)["f1"] == 1.0


def test_trap_7_the_threshold_found_is_applied_as_it_was_found():
    """mvts picks with ≥ and applies with >."""
    truth, scores = example()
    best = best_f1(sweep(truth, scores))

    assert point(truth, scores >= best["threshold"])["f1"] == pytest.approx(best["f1"])


def test_trap_8_range_scores_without_events_or_alarms_are_undefined_with_a_reason():
    truth, _ = example()

    nobody = range_pr(truth, np.zeros(400))
    nothing = range_pr(np.zeros(400), truth)

    assert nobody["f1"] is None
    assert nobody["recall"] == 0.0
    assert nobody.reasons["precision"] == "there are no alarms"
    assert nothing.reasons["recall"] == "there are no events"


def test_trap_8_the_positional_bias_of_recall_is_obeyed():
    """TimeEval ignores it; TSB-AD uses absolute positions."""
    truth, early = rows_of([(50, 69)], 100), rows_of([(50, 54)], 100)

    front, back = (range_pr(truth, early, bias_recall=bias)["recall"] for bias in ("front", "back"))

    assert front == pytest.approx(90 / 210)
    assert back == pytest.approx(15 / 210)


def test_trap_9_affiliation_without_alarms_is_undefined_and_zones_without_alarms_do_not_lower_precision():
    truth = rows_of([(20, 29), (70, 79)], 100)

    nobody, half = affiliation(truth, np.zeros(100)), affiliation(truth, rows_of([(20, 29)], 100))

    assert nobody["precision"] is None
    assert nobody["recall"] == 0.0
    assert half["precision"] == 1.0
    assert half["individual_precision"] == [1.0, None]
    assert affiliation(np.zeros(100), truth)["f1"] is None


def test_trap_10_pate_and_r_auc_pay_a_constant_score_and_vus_does_not():
    truth, _ = example()
    constant = sweep(truth, np.full(400, 0.5))
    share = truth.mean()

    assert 0.5 < pate(constant, 20, 20)["pate"] < 0.65
    assert 0.5 < r_auc(constant, 20)["r_auc_pr"] < 0.7
    assert vus(constant, 20)["vus_pr"] < share + 0.1


def test_trap_11_after_a_window_of_one_row_every_row_is_far_away():
    """NAB divides by zero there."""
    weights = row_weights(20, [(5, 5)])

    assert weights[5] == pytest.approx(1.0)
    assert np.all(np.delete(weights, 5) == -0.11)


def test_trap_11_a_threshold_below_all_scores_means_everything_alarmed():
    at = nab_at(np.full(80, 0.5), [(40, 49)], 0.0)

    assert (at["fn"], at["tn"]) == (0, 0)
    assert at["score"] == nab_at(np.full(80, 0.5), [(40, 49)], 0.5)["score"]


def test_trap_11_windows_inside_probation_are_not_scored_but_count_in_perfect():
    scores = rows_of([(70, 70)], 100).astype(float)

    found = nab_optimum(scores, [(2, 9), (70, 79)])

    assert found["score"] == pytest.approx(1.0)
    assert found["normalized"] == pytest.approx(75.0)


def test_trap_11_only_the_window_before_softens_a_false_alarm():
    weights = row_weights(100, [(40, 59)])

    assert weights[39] == -0.11
    assert -0.11 < weights[60] < 0


def test_trap_11_a_corpus_has_one_threshold_for_all_files():
    files = [NabFile.of([0, 0.9, 0, 0], [(1, 2)]), NabFile.of([0, 0.2, 0, 0], [(1, 2)])]

    assert nab_corpus(files, probation=0.0)["threshold"] == 0.2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_trap_12_scores_that_are_not_finite_are_refused_with_their_rows(bad):
    truth, scores = example()
    scores[[7, 9]] = bad

    for judged in (sweep, lambda t, s: panel(t, None, s), lambda t, s: nab_at(s, [(1, 2)], 0.5)):
        with pytest.raises(InputError, match="rows 7, 9") as caught:
            judged(truth, scores)
        assert isinstance(caught.value, LabError)
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("fill", [0, 1])
def test_trap_13_ranking_with_one_class_is_undefined_with_a_reason(fill):
    _, scores = example()

    found = ranking(sweep(np.full(400, fill), scores))

    assert set(found.values.values()) == {None}
    assert all(found.reasons.values())


def test_pitfall_a_random_score_reaches_a_splendid_point_adjusted_f1():
    """The measured example: 0.95 against 0.18."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(100, 301, 5)
    truth = rows_of(
        [(s, s + length - 1) for s, length in zip(range(1000, 10_000, 2000), lengths, strict=False)], 10_000
    )
    swept = sweep(truth, rng.random(10_000))

    assert best_pa_k_f1(swept, 0)["f1"] > 0.85
    assert best_f1(swept)["f1"] < 0.25


def test_pitfall_random_alarms_reach_affiliation_f1_above_two_thirds():
    rng = np.random.default_rng(1)
    truth = rows_of([(s, s + 150) for s in range(1000, 10_000, 2000)], 10_000)

    found = affiliation(truth, rng.random(10_000) < 0.02)

    assert found["precision"] == pytest.approx(0.53, abs=0.05)
    assert found["recall"] == pytest.approx(0.96, abs=0.03)


def test_pitfall_skab_score_is_not_nab_score():
    """Same alarms, same windows, other numbers; they must never share a column."""
    times = np.arange(300.0)
    change, alarms = rows_of([(100, 100)], 300), rows_of([(130, 300)], 300)

    skab = skab_nab([SkabFile(times, alarms, change, alarms)])["standard_rounded"]
    nab = nab_at(rows_of([(130, 130)], 300), [(100, 160)], 1.0, probation=0.0)["normalized"]

    assert skab != pytest.approx(nab, abs=0.5)


def test_pate_f1_without_alarms_is_zero_and_without_events_undefined():
    truth, _ = example()

    assert pate_f1(truth, np.zeros(400), 10, 10)["pate_f1"] == 0.0
    assert pate_f1(np.zeros(400), truth, 10, 10)["pate_f1"] is None


@pytest.mark.parametrize("windows", [[(5, 9), (7, 12)], [(2, 30), (10, 12)], [(90, 140)], [(200, 210)]])
def test_overlapping_windows_and_windows_beyond_the_series_are_scored_without_error(windows):
    scores = np.linspace(0, 1, 100)

    best = nab_optimum(scores, windows, probation=0.0)

    assert best["score"] == pytest.approx(nab_at(scores, windows, best["threshold"], probation=0.0)["score"])


def test_a_series_of_many_tiny_events_is_judged_in_seconds_not_minutes():
    """Flapping labels must not turn loops over events into a way to stop the server."""
    truth = np.arange(20_000) % 2
    scores = np.random.default_rng(1).random(20_000)

    judged = panel(truth, None, scores, threshold=0.5, baselines=False)

    assert judged["nab_standard"] is not None
    assert 0.4 < judged["pate"] < 0.8
