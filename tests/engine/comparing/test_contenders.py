"""From scores to alarms, as the alarm desk would raise them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.comparing.contenders import CONTEXT, Contender
from engine.detectors.context import OnContext
from engine.errors import ParameterError
from engine.records import SECOND_US, block_of

N = 100


def alarms_of(high, **rules):
    """Alarms of one machine whose score is 2 at the ticks in `high`, with a level of 1; a tick is 10 s."""
    block = block_of(np.arange(N, dtype=np.int64) * 10 * SECOND_US, np.zeros((N, 1)))
    scores = np.zeros((N, 1))
    scores[list(high)] = 2.0
    found = Contender("limit", **rules).alarms(block, scores, np.ones((N, 1)))
    return [(alarm.start_us // (10 * SECOND_US), alarm.end_us // (10 * SECOND_US)) for alarm in found]


def test_one_reading_is_not_confirmed():
    assert alarms_of([10]) == []
    assert alarms_of([10], confirm=1) == [(10, 11)]


def test_an_alarm_starts_when_it_is_confirmed_and_ends_with_the_calm():
    assert alarms_of(range(10, 20), confirm=3) == [(12, 20)]


def test_what_comes_back_within_the_hold_off_is_one_alarm():
    high = [*range(10, 20), *range(40, 50)]

    assert alarms_of(high, hold_off_s=300.0) == [(11, 50)]
    assert alarms_of(high, hold_off_s=60.0) == [(11, 20), (41, 50)]


def test_an_alarm_that_still_stands_ends_with_the_readings():
    assert alarms_of(range(90, N)) == [(91, 99)]


def test_nothing_alarms_while_the_rule_has_seen_too_little():
    block = block_of(np.arange(N, dtype=np.int64), np.zeros((N, 1)))

    assert Contender("limit").alarms(block, np.ones((N, 1)), np.full((N, 1), np.inf)) == ()


def test_the_context_stage_stands_under_the_detector():
    assert isinstance(Contender("cusum", fed=CONTEXT).make(), OnContext)
    assert Contender("cusum", fed=CONTEXT).title == "CUSUM (context)"


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(ParameterError, match="slack"):
        Contender("cusum", {"slack": -1.0}).make()
