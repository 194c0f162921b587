"""The fast code against slow oracles that follow the definitions word by word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.adjusted import best_pa_k_f1, pa_k, pa_k_auc
from engine.metrics.affiliation import affiliation
from engine.metrics.eventwise import best_composite_f1, composite_f1, segment_f1
from engine.metrics.nab import PROFILES, nab_at, nab_optimum
from engine.metrics.nab_weights import probation_rows
from engine.metrics.pate import pate, pate_f1
from engine.metrics.period import autocorrelation
from engine.metrics.pointwise import best_f1, point
from engine.metrics.ranges import BIASES, CARDINALITIES, range_pr
from engine.metrics.ranking import ranking
from engine.metrics.sweep import sweep
from engine.metrics.volume import r_auc, vus
from tests.engine.metrics import naive


@st.composite
def scored_rows(draw, most=40):
    """Truth with both classes, scores with ties, alarms."""
    n = draw(st.integers(2, most))
    truth = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda t: 0 < sum(t) < len(t)))
    scores = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    alarms = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    return truth, [s / 4 for s in scores], alarms


close = {"rel": 1e-10, "abs": 1e-10}
quick = settings(max_examples=60, deadline=None)


@quick
@given(scored_rows())
def test_ranking_is_the_count_of_pairs_in_order(case):
    truth, scores, _ = case

    found = ranking(sweep(truth, scores))

    assert found["roc_auc"] == pytest.approx(naive.roc_auc(truth, scores), **close)
    assert found["average_precision"] == pytest.approx(naive.average_precision(truth, scores), **close)


@quick
@given(scored_rows(), st.sampled_from([0, 7, 20, 29, 50, 100]))
def test_best_values_are_the_best_of_trying_every_threshold(case, k):
    truth, scores, _ = case
    swept = sweep(truth, scores)
    tried = [[int(s >= x) for s in scores] for x in sorted(set(scores), reverse=True)]

    assert best_f1(swept)["f1"] == pytest.approx(max(point(truth, a)["f1"] for a in tried), **close)
    assert best_pa_k_f1(swept, k)["f1"] == pytest.approx(max(pa_k(truth, a, k)["f1"] for a in tried), **close)
    assert best_composite_f1(swept)["fc1"] == pytest.approx(max(composite_f1(truth, a)["fc1"] for a in tried), **close)


@quick
@given(scored_rows(), st.integers(0, 100))
def test_point_adjustment_rewrites_the_alarms_of_hit_events(case, k):
    truth, _, alarms = case

    assert pa_k(truth, alarms, k)["f1"] == point(truth, naive.adjusted(truth, alarms, k))["f1"]


@settings(max_examples=10, deadline=None)
@given(scored_rows())
def test_the_area_over_k_is_the_trapezoid_of_a_hundred_and_one_values(case):
    truth, _, alarms = case

    expected = np.trapezoid([pa_k(truth, alarms, k)["f1"] for k in range(101)]) / 100

    assert pa_k_auc(truth, alarms)["auc"] == pytest.approx(expected, **close)


@quick
@given(scored_rows(), st.sampled_from(BIASES), st.sampled_from(CARDINALITIES), st.sampled_from([0.0, 0.2, 1.0]))
def test_range_scores_add_up_position_by_position(case, bias, cardinality, alpha):
    truth, _, alarms = case
    events, found = naive.segments(truth), naive.segments(alarms)

    got = range_pr(truth, alarms, alpha_recall=alpha, cardinality=cardinality, bias_recall=bias, bias_precision=bias)

    assert got["recall"] == pytest.approx(naive.range_score(events, found, alpha, cardinality, bias), **close)
    if found:
        assert got["precision"] == pytest.approx(naive.range_score(found, events, 0, cardinality, bias), **close)


@quick
@given(scored_rows())
def test_segments_are_counted_one_by_one(case):
    truth, _, alarms = case
    events, found = naive.segments(truth), naive.segments(alarms)

    got = segment_f1(truth, alarms)

    assert got["tp"] == sum(1 for a, b in events if any(alarms[a : b + 1]))
    assert got["fp"] == sum(1 for a, b in found if not any(truth[a : b + 1]))


@settings(max_examples=40, deadline=None)
@given(scored_rows(), st.integers(0, 14), st.sampled_from([3, 10, 40]))
def test_vus_is_the_mean_over_every_width_and_threshold(case, window, thresholds):
    truth, scores, _ = case

    found = vus(sweep(truth, scores), window, thresholds)

    assert (found["vus_roc"], found["vus_pr"]) == pytest.approx(naive.vus(truth, scores, window, thresholds), **close)


@settings(max_examples=40, deadline=None)
@given(scored_rows(), st.integers(0, 20), st.sampled_from([3, 10, 40]))
def test_r_auc_follows_its_own_definition_not_a_slice_of_the_volume(case, window, thresholds):
    truth, scores, _ = case

    found = r_auc(sweep(truth, scores), window, thresholds)

    assert (found["r_auc_roc"], found["r_auc_pr"]) == pytest.approx(
        naive.r_auc(truth, scores, window, thresholds), **close
    )


@settings(max_examples=40, deadline=None)
@given(scored_rows(most=30))
def test_affiliation_integrals_agree_with_a_fine_grid(case):
    truth, _, alarms = case
    precision, recall = naive.affiliation(truth, alarms)

    found = affiliation(truth, alarms)

    assert found["recall"] == pytest.approx(recall, abs=1e-4)
    assert (found["precision"] is None) == (precision is None)
    if precision is not None:
        assert found["precision"] == pytest.approx(precision, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(scored_rows(most=25), st.integers(0, 6), st.integers(0, 6), st.integers(1, 2))
def test_pate_agrees_with_exact_fractions(case, e, d, splits):
    """Recalls that are equal in exact arithmetic must not be dropped because of rounding."""
    truth, scores, alarms = case

    assert pate(sweep(truth, scores), e, d, splits, big_data=False)["pate"] == pytest.approx(
        naive.pate(truth, scores, e, d, splits), rel=1e-9, abs=1e-9
    )
    tp, fp, fn = naive.pate_counts(truth, alarms, e, d)
    precision, recall = (float(tp / (tp + fp)) if tp + fp else 0.0), float(tp / (tp + fn)) if tp + fn else 0.0
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    pair_of_equal = pate_f1(truth, alarms, e, d, 1)["pate_f1"]
    assert 0.0 <= pair_of_equal <= 1.0
    if e == d == 0:
        assert pair_of_equal == pytest.approx(expected, **close)


def disjoint_windows(cuts: list[int], n: int) -> list[tuple[int, int]]:
    edges = sorted({c % n for c in cuts})
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=3, max_size=60),
    st.lists(st.integers(0, 59), max_size=6),
    st.sampled_from(sorted(PROFILES)),
    st.sampled_from([0.0, 0.15]),
)
def test_nab_is_the_sum_over_rows_and_windows_and_its_optimum_the_best_of_all(scores, cuts, profile, probation):
    costs = PROFILES[profile]
    weights = (costs.tp, costs.fp, costs.fn)
    values = [s / 6 for s in scores]
    windows = disjoint_windows(cuts, len(values))
    tried = [1.1, *sorted(set(values))]
    totals = [naive.nab_score(values, windows, x, weights, probation) for x in tried]

    at = [nab_at(values, windows, x, profile, probation)["score"] for x in tried]
    best = nab_optimum(values, windows, profile, probation)

    assert at == pytest.approx(totals, **close)
    assert best["score"] == pytest.approx(max(totals), **close)
    assert nab_at(values, windows, best["threshold"], profile, probation)["score"] == best["score"]


def test_probation_drops_the_rows_below_its_limit():
    """NAB compares rows with min(⌊p·n⌋, p·5000), which need not be whole."""
    assert [probation_rows(100, 0.15), probation_rows(6000, 0.15), probation_rows(7000, 0.1001)] == [15, 750, 501]


def test_autocorrelation_is_the_sum_of_lagged_products():
    series = np.random.default_rng(4).normal(size=60).cumsum()
    d = series - series.mean()

    expected = [float(np.sum(d[: len(d) - k] * d[k:]) / np.sum(d * d)) for k in range(20)]

    assert autocorrelation(series, 19) == pytest.approx(expected, **close)
