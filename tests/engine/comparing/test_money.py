"""Sums, prices on disk, the ledger and the theatre's stage."""

from __future__ import annotations

import pytest

from engine.comparing.compare import run_contender
from engine.comparing.contenders import CONTEXT, Contender
from engine.comparing.judging import oracle_outcome
from engine.comparing.money import bills, ledger_of, visible
from engine.comparing.prices import load_prices, save_prices
from engine.comparing.staging import busiest_machine, staged
from engine.economics import Prices
from engine.errors import FileProblemError, LabError
from engine.metrics.pitfalls import theatre


def test_the_oracle_is_cheaper_than_doing_nothing(played):
    oracle = oracle_outcome(played.stretch, played.truth)

    idle, calendar, ours = bills("oracle", oracle.alarms, played.stretch, played.truth, Prices())

    assert ours.cost.total < calendar.cost.total
    assert ours.cost.total < idle.cost.total
    assert ours.cost.effective_recall == 1.0


def test_without_alarms_following_them_costs_what_doing_nothing_costs(played):
    idle, _, ours = bills("never", (), played.stretch, played.truth, Prices())

    assert idle.cost.total == ours.cost.total > 0


def test_the_ledger_has_a_line_for_every_event_and_a_moment_to_replay(played):
    outcome = run_contender(Contender("ewma", fed=CONTEXT), played.stretch)

    found = ledger_of(outcome.alarms, played.stretch, played.truth)

    assert len(found.events) == len(visible(played.truth, played.stretch))
    assert all(entry.replay_us < entry.end_us for entry in found.events)


def test_a_fault_that_shows_after_the_end_is_owed_by_nobody(played):
    from dataclasses import replace

    end = played.stretch.span.end_us
    late = replace(played.truth[0], detectable_from_us=end + 1, end_us=end + 10)

    assert visible((late,), played.stretch) == ()


def test_prices_are_stored_and_found_again(tmp_path):
    assert load_prices(tmp_path) == Prices()

    save_prices(tmp_path, Prices(miss=1234.0, currency="CHF"))

    assert load_prices(tmp_path) == Prices(miss=1234.0, currency="CHF")


@pytest.mark.parametrize("text", ["{", "[1]", '{"mis": 1}', '{"miss": -5}'])
def test_a_damaged_price_file_is_a_sentence_with_a_cure(tmp_path, text):
    (tmp_path / "prices.json").write_text(text)

    with pytest.raises(FileProblemError, match="delete it"):
        load_prices(tmp_path)


def test_every_trick_plays_on_a_stage_of_the_plant(played):
    outcome = run_contender(Contender("ewma", fed=CONTEXT), played.stretch)
    machine = busiest_machine(played.stretch, played.truth)

    acts = theatre(staged(outcome, played.stretch, played.truth, machine))

    assert len(acts) == 8
    assert [act for act in acts if not act.reason]


def test_a_contender_that_could_not_take_part_has_no_stage(played):
    from dataclasses import replace

    outcome = replace(run_contender(Contender("never"), played.stretch), problem="no library")
    with pytest.raises(LabError, match="no library"):
        staged(outcome, played.stretch, played.truth, "MACHINE_001")
