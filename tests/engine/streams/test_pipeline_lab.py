"""The pipeline lab: each switch changes what it says, and the books are even whatever is switched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.streams.pipeline_lab import (
    AT_LEAST,
    AT_MOST,
    DELIVERIES,
    EFFECTIVELY,
    LabLedger,
    LabSettings,
    PipelineLab,
    compare_deliveries,
)
from engine.streams.queues import POLICIES


def books(**switches: object) -> LabLedger:
    return PipelineLab(LabSettings(**switches)).run()  # type: ignore[arg-type]


@given(
    switches=st.fixed_dictionaries(
        {
            "disorder_s": st.integers(0, 12),
            "delay_s": st.integers(0, 10),
            "outage_at_s": st.integers(0, 50),
            "outage_of": st.sampled_from(["all", "one"]),
            "duplicates": st.sampled_from([0.0, 0.3, 1.0]),
            "queue_rows": st.integers(1, 40),
            "queue_policy": st.sampled_from(POLICIES),
            "consumer_rows": st.integers(1, 8),
            "allowed_lateness_s": st.integers(0, 20),
            "delivery": st.sampled_from(DELIVERIES),
            "crash_at_s": st.integers(0, 50),
            "seed": st.integers(0, 1000),
        }
    ),
    pause=st.integers(1, 70),
)
@settings(max_examples=60, deadline=None)
def test_every_row_and_copy_is_accounted_for_at_any_moment(switches: dict[str, object], pause: int) -> None:
    lab = PipelineLab(LabSettings(seconds=60, **switches))  # type: ignore[arg-type]
    lab.step(pause)
    halfway = lab.ledger()

    end = lab.run()

    assert halfway.balanced
    assert end.balanced
    assert end.under_way == 0
    assert end.produced == end.stored + end.lost
    assert halfway.produced == halfway.stored + halfway.lost + halfway.under_way


def test_with_everything_switched_off_nothing_goes_wrong() -> None:
    ledger = books()

    assert (ledger.produced, ledger.stored, ledger.finished_windows) == (360, 360, 36)
    assert ledger.lost + ledger.late + ledger.doubled + ledger.wrong_windows + ledger.missed == 0


def test_disorder_makes_rows_late_and_provision_for_it_cures_that() -> None:
    assert books(disorder_s=5).late > 20
    assert books(disorder_s=5, out_of_orderness_s=5).late == 0


def test_allowed_lateness_turns_late_rows_into_corrections() -> None:
    ledger = books(disorder_s=5, allowed_lateness_s=10)

    assert (ledger.late, ledger.wrong_windows) == (0, 0)
    assert ledger.corrections > 20


def test_delay_alone_harms_nothing() -> None:
    """Event time does not care how long the way is."""
    ledger = books(delay_s=20)

    assert ledger.late + ledger.lost + ledger.wrong_windows == 0


def test_duplicates_double_the_store_unless_it_is_keyed() -> None:
    ledgers = compare_deliveries(LabSettings(duplicates=0.2))

    assert ledgers[AT_LEAST].doubled == ledgers[AT_LEAST].copies > 0
    assert ledgers[AT_LEAST].wrong_windows > 0
    assert (ledgers[EFFECTIVELY].doubled, ledgers[EFFECTIVELY].wrong_windows) == (0, 0)


def test_an_outage_loses_rows_only_when_nothing_is_sent_again() -> None:
    ledgers = compare_deliveries(LabSettings(outage_at_s=40, outage_s=20))

    assert {name: ledger.lost for name, ledger in ledgers.items()} == {AT_MOST: 60, AT_LEAST: 0, EFFECTIVELY: 0}


def test_an_outage_of_one_machine_makes_its_rows_late() -> None:
    """The others move the watermark on."""
    assert books(outage_at_s=40, outage_s=20, outage_of="one").late > 0
    assert books(outage_at_s=40, outage_s=20, outage_of="all").late == 0


def test_a_crash_between_work_and_commit_loses_doubles_or_neither() -> None:
    ledgers = compare_deliveries(LabSettings(crash_at_s=50))

    found = {name: (ledger.lost > 0, ledger.doubled > 0) for name, ledger in ledgers.items()}

    assert found == {AT_MOST: (True, False), AT_LEAST: (False, True), EFFECTIVELY: (False, False)}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_slow_consumer_loses_rows_under_every_policy_but_block(policy: str) -> None:
    ledger = books(consumer_rows=2, queue_policy=policy)

    assert (ledger.lost == 0) == (policy == "block")


def test_a_blocked_source_waits() -> None:
    lab = PipelineLab(LabSettings(consumer_rows=1, queue_rows=10))
    lab.step(60)

    queue = next(stage for stage in lab.stages() if stage.name == "queue")

    assert queue.inside > 10
    assert "wait before it" in queue.note


def test_the_same_switches_give_the_same_books() -> None:
    assert books(disorder_s=7, duplicates=0.1, crash_at_s=30) == books(disorder_s=7, duplicates=0.1, crash_at_s=30)


def test_six_lanes_stand_from_source_to_store() -> None:
    names = [stage.name for stage in PipelineLab().stages()]

    assert names == ["source", "network", "queue", "windows", "detector", "store"]
