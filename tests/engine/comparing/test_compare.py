"""Contenders on stretches: the same outcome wherever it is computed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.comparing.compare import compare, run_contender
from engine.comparing.contenders import CONTEXT, Contender, baselines
from engine.errors import CancelledError, LabError, UnknownNameError

LIGHT = (Contender("ewma", fed=CONTEXT), Contender("half_space_trees", {"trees": 10}), Contender("limit"))


def same(first, second):
    return (
        np.array_equal(first.scores, second.scores)
        and np.array_equal(first.levels, second.levels)
        and first.alarms == second.alarms
    )


def test_there_is_one_outcome_per_contender_and_stretch_in_order(played):
    outcomes = compare(LIGHT, [played.stretch, played.stretch])

    assert [(one.contender.detector, one.stretch) for one in outcomes] == [
        (contender.detector, k) for contender in LIGHT for k in (0, 1)
    ]
    assert all(one.scores.shape == played.stretch.judged.status.shape for one in outcomes)
    assert all(one.us_per_reading > 0 and one.fit_s > 0 for one in outcomes)


def test_processes_find_the_same_as_this_thread(played):
    """Comparing, proving lessons and grading go through one executor; where it runs must not matter."""
    here = compare(LIGHT, [played.stretch])
    there = compare(LIGHT, [played.stretch], workers=2)

    assert all(same(a, b) for a, b in zip(here, there, strict=True))


def test_pieces_do_not_change_the_scores(played, monkeypatch):
    whole = run_contender(LIGHT[0], played.stretch)
    monkeypatch.setattr("engine.comparing.compare.PIECE_TICKS", 37)

    assert np.array_equal(whole.scores, run_contender(LIGHT[0], played.stretch).scores)


def test_seeds_move_the_dice_of_those_who_throw_them(played):
    forest = Contender("half_space_trees", {"trees": 5})
    first, second = compare([forest], [played.stretch] * 2)
    again = compare([forest], [played.stretch], seeds=[1])[0]

    assert not np.array_equal(first.scores, second.scores)
    assert np.array_equal(second.scores, again.scores)


def test_progress_is_told_after_each_outcome(played):
    told = []

    compare(baselines(), [played.stretch], on_done=lambda done, of: told.append((done, of)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_cancelled_comparison_says_so(played):
    with pytest.raises(CancelledError, match="cancelled"):
        compare(LIGHT, [played.stretch], cancelled=lambda: True)


def test_an_unknown_detector_is_told_before_anything_runs(played):
    with pytest.raises(UnknownNameError, match="cusum"):
        compare([Contender("cusun")], [played.stretch], on_done=lambda *_: pytest.fail("it ran"))


def test_who_cannot_take_part_says_why_and_the_others_go_on(played, monkeypatch):
    from engine.detectors.z_score import ZScore

    def refuse(self, block):
        raise LabError("too few rows")

    monkeypatch.setattr(ZScore, "fit", refuse)
    z_score, never = compare([Contender("z_score"), Contender("never")], [played.stretch])

    assert z_score.problem == "too few rows"
    assert never.problem == ""


def test_a_rule_learns_on_what_came_before_and_sets_the_levels(played):
    ruled = run_contender(
        Contender("ewma", rule="quantile", rule_values={"share": 0.01, "training": 500}), played.stretch
    )
    fixed = run_contender(Contender("ewma"), played.stretch)

    assert np.isfinite(ruled.levels).all()
    assert np.unique(fixed.levels).size == 1
    assert np.array_equal(ruled.scores, fixed.scores)
