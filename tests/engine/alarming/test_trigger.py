"""The trigger against a slow oracle that looks at one reading after the other."""

import random

import numpy as np
import pytest

from engine.alarming.rules import AlarmRules
from engine.alarming.trigger import Trigger
from engine.records import MAINTENANCE, SECOND_US


def slow_oracle(times, scores, status, threshold, rules):
    """Return (raise or clear, tick) one reading at a time, as a person would."""
    high, since, seen, raised, found = False, 0, 0, False, []
    for i, at in enumerate(times):
        stopped = status[i] == MAINTENANCE
        above = scores[i] >= threshold and not stopped
        calm = scores[i] < threshold * (1 - rules.hysteresis) or stopped
        if above and not high:
            high, since, seen = True, at, 0
        elif calm and high:
            high, since = False, at
        seen += above
        if high and not raised and seen >= rules.confirm and at - since >= rules.on_delay_s * SECOND_US:
            raised = True
            found.append(("raise", i, since))
        if raised and not high and at - since >= rules.off_delay_s * SECOND_US:
            raised = False
            found.append(("clear", i, since))
    return found


def random_case(seed: int):
    """Return times, scores, status and rules that touch every branch."""
    rng = random.Random(seed)
    n = rng.randint(5, 300)
    numbers = np.random.default_rng(seed)
    times = np.cumsum(numbers.integers(1, 4, n)).astype(np.int64) * SECOND_US
    scores = np.abs(np.cumsum(numbers.normal(0, 0.4, n))) if rng.random() < 0.5 else numbers.uniform(0, 2, n)
    status = (numbers.random(n) < 0.05).astype(np.uint8)
    rules = AlarmRules(
        hysteresis=rng.choice([0.0, 0.1, 0.5]),
        confirm=rng.choice([1, 2, 5]),
        on_delay_s=rng.choice([0.0, 3.0, 10.0]),
        off_delay_s=rng.choice([0.0, 3.0, 10.0]),
    )
    return times, scores, status, rules


@pytest.mark.parametrize("seed", range(200))
def test_the_trigger_agrees_with_the_slow_oracle_for_any_block_size(seed):
    times, scores, status, rules = random_case(seed)
    expected = slow_oracle(times, scores, status, 1.0, rules)
    rng = random.Random(seed)

    trigger, found, at = Trigger(rules), [], 0
    while at < len(times):
        stop = min(len(times), at + rng.choice([1, 2, 7, 50, 1000]))
        part = slice(at, stop)
        events = trigger.advance(times[part], scores[part], status[part], 1.0)
        found += [(e.kind, at + e.tick, e.at_us) for e in events if e.kind in ("raise", "clear")]
        at = stop

    assert expected == found


def test_a_missing_score_leaves_the_condition_as_it_was():
    trigger = Trigger(AlarmRules(confirm=1, off_delay_s=0.0))
    times, nothing = np.arange(5, dtype=np.int64) * SECOND_US, np.zeros(5, np.uint8)

    events = trigger.advance(times, np.array([2.0, np.nan, np.nan, 2.0, 0.0]), nothing, 1.0)

    assert [(event.kind, event.tick) for event in events] == [("raise", 0), ("active", 0), ("clear", 4)]
