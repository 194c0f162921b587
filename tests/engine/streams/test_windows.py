"""Window semantics against a slow oracle, for any order of arrival within the lateness."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ParameterError
from engine.streams.windows.aggregates import Rows
from engine.streams.windows.assigners import Hopping, Session, Tumbling
from engine.streams.windows.counting import CountWindows
from engine.streams.windows.operator import LATE, ON_TIME, Pane, WindowOperator

ASSIGNERS = [Tumbling(10), Tumbling(7, offset=3), Hopping(12, 4), Hopping(10, 3, offset=-2), Session(5)]
Event = tuple[str, int, int]  # key, event time, number


@dataclass(frozen=True)
class Disordered:
    """Events by time, and the same in an order of arrival that is disordered by at most `bound`."""

    events: list[Event]
    arrived: list[Event]
    bound: int


@st.composite
def disordered(draw: Any) -> Disordered:
    times = sorted(draw(st.lists(st.integers(-60, 120), min_size=1, max_size=60)))
    keys = draw(st.lists(st.sampled_from("abc"), min_size=len(times), max_size=len(times)))
    bound = draw(st.integers(0, 15))
    delays = draw(st.lists(st.integers(0, bound), min_size=len(times), max_size=len(times)))
    events = [(key, at, i) for i, (key, at) in enumerate(zip(keys, times, strict=True))]
    order = sorted(range(len(times)), key=lambda i: (times[i] + delays[i], i))
    return Disordered(events, [events[i] for i in order], bound)


def run(operator: WindowOperator, events: list[Event]) -> list[Pane]:
    panes = [pane for key, at, number in events for pane in operator.add(key, at, number)]
    return panes + operator.close()


def oracle(assigner: Any, events: list[Event]) -> dict[tuple[str, int, int], list[tuple[int, int]]]:
    """Every window with its rows, found by looking at all of them."""
    windows: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    for key in {event[0] for event in events}:
        mine = sorted((at, number) for k, at, number in events if k == key)
        if isinstance(assigner, Session):
            group = [mine[0]]
            for row in mine[1:]:
                if row[0] - group[-1][0] <= assigner.gap:
                    group.append(row)
                else:
                    windows[key, group[0][0], group[-1][0] + assigner.gap] = group
                    group = [row]
            windows[key, group[0][0], group[-1][0] + assigner.gap] = group
            continue
        slide = getattr(assigner, "slide", assigner.size)
        for start in range(-200, 200):
            if (start - assigner.offset) % slide == 0:
                inside = [row for row in mine if start <= row[0] < start + assigner.size]
                if inside:
                    windows[key, start, start + assigner.size] = inside
    return windows


def found(panes: list[Pane]) -> dict[tuple[str, int, int], Any]:
    return {(str(pane.key), pane.start, pane.end): pane.value for pane in panes}


@pytest.mark.parametrize("assigner", ASSIGNERS)
@pytest.mark.parametrize("per_key", [False, True])
@given(data=disordered())
@settings(max_examples=60, deadline=None)
def test_windows_do_not_depend_on_the_order_within_the_lateness(assigner: Any, per_key: bool, data: Disordered) -> None:
    """Disorder up to the bound changes nothing: all rows in the right windows, each window once, nothing dropped."""
    operator = WindowOperator(assigner, Rows(), out_of_orderness=data.bound, per_key_time=per_key)

    panes = run(operator, data.arrived)

    assert oracle(assigner, data.events) == found(panes)
    assert len(found(panes)) == len(panes)
    assert {ON_TIME} == {pane.timing for pane in panes}
    assert (0, len(data.events), 0) == (operator.dropped, operator.taken, operator.open_windows)


@given(data=disordered(), size=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_every_row_is_in_its_window_or_in_the_late_output(data: Disordered, size: int) -> None:
    """Nothing vanishes, even when the disorder is larger than what was provided for."""
    late: list[Any] = []
    operator = WindowOperator(Tumbling(size), Rows(), on_late=lambda key, at, value: late.append((key, at, value)))

    panes = run(operator, data.arrived)

    inside = [(pane.key, at, number) for pane in panes for at, number in pane.value]
    assert Counter(data.events) == Counter(inside) + Counter(late)
    assert len(late) == operator.dropped
    assert all(pane.start <= at < pane.end for pane in panes for at, _ in pane.value)
    assert len(found(panes)) == len(panes)


@given(data=disordered(), cut=st.integers(0, 60), assigner=st.sampled_from(ASSIGNERS))
@settings(max_examples=80, deadline=None)
def test_a_restart_from_a_checkpoint_changes_nothing(data: Disordered, cut: int, assigner: Any) -> None:
    """The state goes through JSON, as it does on disk."""
    whole = WindowOperator(assigner, Rows(), data.bound // 2, allowed_lateness=3)
    first = WindowOperator(assigner, Rows(), data.bound // 2, allowed_lateness=3)
    second = WindowOperator(assigner, Rows(), data.bound // 2, allowed_lateness=3)

    expected = run(whole, data.arrived)
    panes = [pane for key, at, number in data.arrived[:cut] for pane in first.add(key, at, number)]
    second.restore(json.loads(json.dumps(first.state())))
    panes += run(second, data.arrived[cut:])

    assert expected == panes
    assert whole.dropped == second.dropped


@given(
    times=st.lists(st.integers(0, 50), max_size=40),
    size=st.integers(1, 8),
    step=st.integers(1, 10),
    keys=st.lists(st.sampled_from("ab"), min_size=40, max_size=40),
)
@settings(max_examples=80, deadline=None)
def test_count_windows_are_slices_of_each_keys_rows(times: list[int], size: int, step: int, keys: list[str]) -> None:
    windows = CountWindows(Rows(), size, step)

    panes = [pane for key, at in zip(keys, times, strict=False) for pane in windows.add(key, at, 0)]

    for key in "ab":
        mine = [at for k, at in zip(keys, times, strict=False) if k == key]
        slices = [sorted(mine[i : i + size]) for i in range(0, len(mine) - size + 1, step)]
        assert slices == [[at for at, _ in pane.value] for pane in panes if pane.key == key]


@given(st.integers(-(10**6), 10**6), st.integers(1, 50), st.integers(1, 50), st.integers(-20, 20))
def test_assignment_equals_brute_force(at: int, size: int, slide: int, offset: int) -> None:
    """Negative times and offsets included; tumbling is hopping with slide = size."""
    low = at - size - 2 * slide
    starts = [s for s in range(low, at + 1) if (s - offset) % slide == 0 and s <= at < s + size]

    assert [(s, s + size) for s in starts] == Hopping(size, slide, offset).assign(at)
    assert Tumbling(size, offset).assign(at) == Hopping(size, size, offset).assign(at)


def test_a_late_row_corrects_its_window_until_the_lateness_ends() -> None:
    """One tick before the end it is a correction, at the end it is dropped and counted."""
    operator = WindowOperator(Tumbling(10), Rows(), allowed_lateness=5)
    operator.add("m", 1, "a")
    on_time = operator.add("m", 10, "b")

    corrected = operator.add("m", 9, "late")
    operator.add("m", 15, "c")
    gone = operator.add("m", 9, "too late")

    assert [(p.start, p.timing, p.index) for p in on_time] == [(0, ON_TIME, 0)]
    assert [(p.timing, p.index, len(p.value)) for p in corrected] == [(LATE, 1, 2)]
    assert (gone, operator.dropped) == ([], 1)


def test_a_late_row_between_two_sessions_joins_them() -> None:
    operator = WindowOperator(Session(5), Rows(), out_of_orderness=10)
    for at in (0, 8, 4):
        operator.add("m", at, at)

    panes = operator.close()

    assert [(p.start, p.end, len(p.value)) for p in panes] == [(0, 13, 3)]


def test_a_clock_far_ahead_is_refused_instead_of_making_everybody_late() -> None:
    """Without the cap one machine an hour ahead would close the windows of all others."""
    operator = WindowOperator(Tumbling(10), Rows(), max_ahead=60)
    operator.add("wrong", 3600, 0, arrived=1)

    panes = operator.add("right", 2, 0, arrived=2)

    assert (operator.ahead, operator.dropped, panes) == (1, 0, [])


def test_an_idle_source_can_be_moved_on() -> None:
    operator = WindowOperator(Tumbling(10), Rows())
    operator.add("m", 3, "a")

    assert [pane.start for pane in operator.advance_to(11)] == [0]


def test_adding_machines_never_changes_anothers_windows_under_time_per_key() -> None:
    rng = random.Random(4)
    mine = [("a", at + rng.randrange(3), at) for at in range(100)]
    others = [("b", at * 50, at) for at in range(100)]
    mixed = [event for pair in zip(mine, others, strict=True) for event in pair]
    alone = run(WindowOperator(Tumbling(10), Rows(), 2, per_key_time=True), mine)

    together = run(WindowOperator(Tumbling(10), Rows(), 2, per_key_time=True), mixed)

    assert alone == [pane for pane in together if pane.key == "a"]


def test_a_window_of_no_size_is_refused() -> None:
    with pytest.raises(ParameterError, match="size must be positive, got 0"):
        Tumbling(0)
