"""A temperature that hovers at its limit for eight hours: what each rule takes away (issue: 1,769 alarms become 1)."""

import numpy as np
import pytest

from engine.alarming.rules import AlarmRules
from engine.alarms import AlarmDesk
from engine.records import SECOND_US
from tests.engine.test_alarms import block_of_scores

LIMIT, HOURS = 85.0, 8
RAW = {"hysteresis": 0.0, "confirm": 1, "off_delay_s": 0.0, "hold_off_s": 0.0}


def hovering(seconds):
    """Return eight hours of °C at 1 Hz: calm, 28 touches of the limit for 4 s, and one long hover at the limit."""
    rng = np.random.default_rng(7)
    values = np.full(HOURS * 3600, 82.0)
    for start in range(600, 600 + 28 * 300, 300):
        values[start : start + 4] = LIMIT + 1.5
    values[12_000 : 12_000 + seconds] = LIMIT
    return values + rng.normal(0.0, 0.35, len(values))


def alarms_under(rules, values):
    """Return how often alarms were raised."""
    block, scores = block_of_scores(values)
    changes = AlarmDesk(rules).process(block, {"limit": scores}, {"limit": LIMIT})
    return [change for change in changes if change.what == "raised"]


def test_every_rule_takes_its_share_of_1769_crossings():
    """Counted on this signal: the dead band joins the hover's crossings, the on-delay passes over the touches."""
    values = hovering(6886)
    crossings = int(((values[1:] >= LIMIT) & (values[:-1] < LIMIT)).sum())

    steps = [{}, {"deadband": 0.5}, {"deadband": 1.5}, {"deadband": 1.5, "on_delay_s": 10.0}]
    found = [len(alarms_under(AlarmRules(**RAW, **rules), values)) for rules in steps]

    assert crossings == 1769
    assert found == [1769, 458, 29, 1]


def test_the_price_of_the_on_delay_is_a_later_alarm():
    """The hover begins at second 12,000; the rules say ten seconds, and ten seconds it is."""
    values = hovering(6886)

    (late,) = alarms_under(AlarmRules(**RAW, deadband=1.5, on_delay_s=10.0), values)

    assert late.alarm.start_us - late.alarm.onset_us == 10 * SECOND_US


def test_the_default_rules_bring_it_to_a_single_alarm_too():
    values = hovering(6886)

    assert len(alarms_under(AlarmRules(on_delay_s=10.0, deadband=1.5, hysteresis=0.0), values)) == 1


@pytest.mark.parametrize("cut", [1, 1000])
def test_the_figure_does_not_depend_on_how_the_stream_is_cut(cut):
    values = hovering(6886)[11_900:13_000]
    rules = AlarmRules(**RAW, deadband=1.5, on_delay_s=10.0)
    block, scores = block_of_scores(values)
    desk = AlarmDesk(rules)

    parts = range(0, len(block), cut)
    changes = [
        change
        for first in parts
        for change in desk.process(
            block.ticks(first, first + cut), {"limit": scores[first : first + cut]}, {"limit": LIMIT}
        )
    ]

    assert [change.what for change in changes] == ["raised"]
