"""What must hold for every input: symmetries, edge cases, and brackets between a null and a perfect detector."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.adjusted import best_pa_k_f1
from engine.metrics.affiliation import affiliation
from engine.metrics.arrays import InputError, rows_of, runs
from engine.metrics.eventwise import best_composite_f1
from engine.metrics.nab import nab_optimum
from engine.metrics.names import SPECS
from engine.metrics.panel import Settings, panel
from engine.metrics.pate import pate
from engine.metrics.pointwise import best_f1
from engine.metrics.ranges import range_pr
from engine.metrics.ranking import ranking
from engine.metrics.sweep import sweep
from engine.metrics.timing import alarm_load, timing
from engine.metrics.volume import r_auc, vus

rows = st.lists(st.integers(0, 1), min_size=1, max_size=50)
levels = st.lists(st.integers(0, 9), min_size=1, max_size=50)
quick = settings(max_examples=60, deadline=None)
WINDOW = Settings(window=6, period_s=60.0)


def all_values(truth, alarms, scores) -> dict[str, float | None]:
    return {k: v.value for k, v in panel(truth, alarms, scores, settings=WINDOW, baselines=False).numbers.items()}


def score_values(truth, scores) -> dict[str, float | None]:
    """Everything that is made from scores alone, thresholds left out."""
    swept = sweep(truth, scores)
    parts = {
        "vus": vus(swept, 6, 20),
        "r_auc": r_auc(swept, 6, 20),
        "pate": pate(swept, 5, 5, big_data=False),
        "ranking": ranking(swept),
        "best_f1": best_f1(swept),
        "best_pa": best_pa_k_f1(swept, 20),
        "best_composite": best_composite_f1(swept),
        "nab": nab_optimum(scores, [(int(a), int(b)) for a, b in runs(np.array(truth))], probation=0.0),
    }
    return {f"{k}.{name}": v for k, part in parts.items() for name, v in part.values.items() if name != "threshold"}


def cut(*lists):
    n = min(map(len, lists))
    return [np.array(values[:n]) for values in lists]


@quick
@given(rows, rows, levels)
def test_any_input_gives_a_number_or_a_reason_never_an_error(truth, alarms, scores):
    truth, alarms, scores = cut(truth, alarms, scores)

    for number in panel(truth, alarms, scores / 9, settings=WINDOW).numbers.values():
        assert (number.value is None) == bool(number.reason)
        assert number.value is None or math.isfinite(number.value)


@quick
@given(rows, levels)
def test_a_growing_transformation_of_the_scores_changes_nothing(truth, scores):
    """NAB's thresholds stay below 1.1 in both."""
    truth, scores = cut(truth, scores)

    before, after = score_values(truth, scores / 9), score_values(truth, np.exp(scores / 9) / 3)

    assert after == pytest.approx(before, nan_ok=True)


@quick
@given(rows, levels, st.randoms(use_true_random=False))
def test_the_order_of_rows_with_equal_score_changes_no_ranking(truth, scores, random):
    """Sorting must not break ties by position: truth and score shuffled together keep every ranking value."""
    truth, scores = cut(truth, scores)
    order = list(range(len(truth)))
    random.shuffle(order)

    before, after = (ranking(sweep(t, s)).values for t, s in ((truth, scores), (truth[order], scores[order])))

    assert after == pytest.approx(before)
    assert best_f1(sweep(truth[order], scores[order])).values == pytest.approx(best_f1(sweep(truth, scores)).values)


@quick
@given(rows, rows, st.integers(0, 30))
def test_shifting_both_in_time_changes_no_event_number(truth, alarms, shift):
    """Quiet rows before the start must not change delays, rewards or counts."""
    truth, alarms = cut(truth, alarms)
    quiet = np.zeros(shift, int)
    moved = np.concatenate([quiet, truth]), np.concatenate([quiet, alarms])
    names = ("mean_delay_s", "max_delay_s", "event_recall", "event_precision", "false_alarm_runs", "mean_earliness")

    before, after = timing(truth, alarms, 60.0), timing(*moved, 60.0)

    assert [after[name] for name in names] == pytest.approx([before[name] for name in names])
    assert range_pr(*moved).values == pytest.approx(range_pr(truth, alarms).values)


@quick
@given(st.integers(0, 20), st.integers(3, 20), st.integers(1, 18), rows)
def test_splitting_an_event_keeps_every_row_but_one(start, length, at, alarms):
    """A hole of one row makes two events: row counts move by that row, event counts by one."""
    whole = rows_of([(start, start + length - 1)], 50)
    hole = start + min(at, length - 2)
    split = whole.copy()
    split[hole] = 0
    alarms = np.resize(np.array(alarms), 50)
    alarms[hole] = 0

    before, after = timing(whole, alarms, 1.0), timing(split, alarms, 1.0)

    assert after["events"] == before["events"] + 1
    assert after["alarm_runs"] == before["alarm_runs"]
    assert after["false_alarm_runs"] == before["false_alarm_runs"]
    assert after["detected"] >= before["detected"]


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("truth", [0, 1])
@pytest.mark.parametrize("alarm", [0, 1])
def test_tiny_empty_and_full_inputs_are_judged_without_error(n, truth, alarm):
    for number in panel(np.full(n, truth), np.full(n, alarm), np.full(n, 0.5)).numbers.values():
        assert (number.value is None) == bool(number.reason)


@quick
@given(rows.filter(lambda t: 0 < sum(t) < len(t)), st.integers(0, 10**6))
def test_a_perfect_and_a_null_detector_bracket_every_number(truth, seed):
    """Numbers with a best value reach it on the truth itself; nothing else passes beyond it."""
    truth = np.array(truth)
    rng = np.random.default_rng(seed)
    scores = rng.random(len(truth))
    perfect, other = all_values(truth, truth, truth.astype(float)), all_values(truth, scores > 0.6, scores)
    smeared = ("vus_pr", "vus_roc", "r_auc_pr", "r_auc_roc", "nab_standard", "nab_low_fp", "nab_low_fn")

    for name, value in perfect.items():
        best = SPECS[name].best
        if best is None or name in ("flood_share",):
            continue
        if name in smeared:
            # Soft labels want alarms around events too, so the truth itself is only nearly perfect there.
            assert other[name] <= best + 1e-9
            continue
        assert value == pytest.approx(best), name
        if other[name] is not None:
            assert (other[name] <= best + 1e-9) if best else (other[name] >= 0), name


@quick
@given(rows.filter(lambda t: 0 < sum(t) < len(t)))
def test_a_perfect_detector_reaches_a_hundred_in_nab_and_a_silent_one_zero(truth):
    windows = [(int(a), int(b)) for a, b in runs(np.array(truth))]

    assert nab_optimum(truth, windows, probation=0.0)["normalized"] == pytest.approx(100.0)
    assert nab_optimum(np.zeros(len(truth)), windows, probation=0.0)["normalized"] >= -1e-9


@quick
@given(rows)
def test_affiliation_stays_between_zero_and_one(alarms):
    truth = rows_of([(3, 5), (20, 20)], max(len(alarms), 30))

    found = affiliation(truth, np.resize(np.array(alarms), len(truth)))

    for name in ("precision", "recall", "f1"):
        assert found[name] is None or 0 <= found[name] <= 1


@quick
@given(st.lists(st.floats(0, 5000), max_size=60))
def test_the_worst_ten_minutes_are_counted_alarm_by_alarm(starts):
    found = alarm_load(starts, 6000.0)
    spans = [[s for s in starts if end - 600 < s <= end] for end in starts]

    assert found["alarms_10min_max"] == max(map(len, spans), default=0)
    flooded = {id(s) for span in spans if len(span) > 10 for s in span}
    if starts:
        assert found["flood_share"] == pytest.approx(sum(id(s) in flooded for s in starts) / len(starts))


@pytest.mark.parametrize(
    ("truth", "alarms", "scores", "said"),
    [
        ([0, 2], [0, 1], None, "truth must be 0 or 1"),
        ([0, 1], [0, 1, 1], None, "alarms .3 rows. must be as long as truth"),
        ([0, 1], None, [0.1, np.nan], "row 1"),
        ([0, 1], None, [0.1], "scores .1 rows. must be as long"),
        ([[0, 1]], [0, 1], None, "one dimension"),
        ([0, 1], None, None, "nothing to judge"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(truth, alarms, scores, said):
    with pytest.raises(InputError, match=said):
        panel(truth, alarms, scores)
