"""Outcomes against the truth."""

from __future__ import annotations

import numpy as np

from engine.comparing.compare import compare
from engine.comparing.contenders import CONTEXT, Contender, baselines
from engine.comparing.judging import judge, judged_rows
from engine.records import SECOND_US, TruthEvent, block_of


def test_the_oracle_is_the_ceiling_and_never_the_floor(played):
    contenders = [Contender("ewma", fed=CONTEXT), *baselines()]
    rows = {
        row.contender.detector: row.panel
        for row in judge(compare(contenders, [played.stretch]), [played.stretch], [played.truth])
    }

    assert list(rows) == ["ewma", "never", "always", "at_random", "range_rule", "oracle"]
    assert rows["oracle"]["event_f1"] == 1.0
    assert rows["oracle"]["vus_pr"] > 0.95
    assert rows["never"]["event_recall"] == 0.0
    assert rows["never"]["roc_auc"] == 0.5
    assert rows["never"]["vus_pr"] < rows["ewma"]["vus_pr"] < rows["oracle"]["vus_pr"]


def test_several_seeds_give_intervals_over_seeds(played):
    stretches, truths = [played.stretch] * 3, [played.truth] * 3
    row = judge(compare([Contender("at_random", confirm=1)], stretches), stretches, truths)[0]

    number = row.panel.numbers["pr_auc"]
    assert number.limits_over == "seeds"
    assert number.limits[0] <= number.value <= number.limits[1]


def test_a_ramp_in_and_a_benign_change_are_not_judged_as_faults():
    block = block_of(np.arange(10, dtype=np.int64) * SECOND_US, np.zeros((10, 2)), sensors=("a", "b"))
    fault = TruthEvent("machine_1", "drift", (), 1.0, 2 * SECOND_US, 4 * SECOND_US, 7 * SECOND_US)
    benign = TruthEvent("machine_1", "recipe_step", (), 1.0, 8 * SECOND_US, 8 * SECOND_US, 9 * SECOND_US, benign=True)

    labels, cared = judged_rows(block, (fault, benign))

    assert np.flatnonzero(labels[:, 0]).tolist() == [4, 5, 6]
    assert np.flatnonzero(~cared[:, 0]).tolist() == [2, 3]


def test_who_could_not_take_part_has_a_reason_instead_of_numbers(played):
    from dataclasses import replace

    (outcome,) = compare([Contender("never")], [played.stretch])
    row = judge([replace(outcome, problem="no library")], [played.stretch], [played.truth])[0]

    assert row.problem == "no library"
    assert not row.panel.numbers
