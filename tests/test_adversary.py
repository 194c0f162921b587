"""A short run of the adversary with every suite; a longer one with the slow group (`python -m tests.adversary`)."""

import os

import pytest

from engine.records import iso_time
from tests.adversary.__main__ import table
from tests.adversary.check import Check, checking
from tests.adversary.disk import full_disk
from tests.adversary.fuzz import Outcome, counted, fuzz
from tests.adversary.kills import kill_servers, kill_writers
from tests.adversary.ledger import lost, opened, prepare
from tests.adversary.mutations import mutated
from tests.adversary.parsers import Parser, parsers
from tests.adversary.truth import moments_in, truth_of
from tests.engine.classroom.room import key_of

PARSERS = {parser.name: parser for parser in parsers()}


@pytest.mark.parametrize("name", PARSERS)
def test_odd_inputs_are_taken_or_refused_in_a_sentence(name):
    outcome = fuzz(PARSERS[name], 150, seed=7)

    assert outcome.passed, table([outcome])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", PARSERS)
def test_many_odd_inputs_are_taken_or_refused_in_a_sentence(name):
    outcome = fuzz(PARSERS[name], 4_000, seed=11)

    assert outcome.passed, table([outcome])


def test_the_adversary_finds_a_defect():
    def broken(data):
        if b"\x00" in data:
            raise ZeroDivisionError

    outcome = fuzz(Parser("broken", (b"a,b\n" * 30,), broken), 400, seed=3)

    assert outcome.defects > 0
    assert not outcome.passed
    assert "ZeroDivisionError" in table([outcome])
    assert table([outcome]).endswith("0 passed, 1 failed")


def test_the_adversary_finds_work_that_grows_too_fast():
    def quadratic(data):
        for at in range(len(data)):
            for _ in range(at):
                data.count(b"x")

    outcome = fuzz(Parser("quadratic", (b"z" * 1100,), quadratic), 2, seed=3, counted_every=1)

    assert outcome.defects > 0
    assert "calls for" in table([outcome])


def test_the_same_seed_sends_the_same_inputs():
    good = (b"a,b\n1,2\n",)

    assert list(mutated(good, 5, 20)) == list(mutated(good, 5, 20)) != list(mutated(good, 6, 20))


def test_calls_are_counted():
    assert counted(lambda: [len("") for _ in range(10)])[1] >= 10
    assert Outcome("none").passed is False


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kill", [kill_writers, kill_servers])
def test_what_was_acknowledged_survives_a_kill(tmp_path, kill):
    check = kill(tmp_path / "home", 1, seed=1)

    assert check.passed, str(check)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="limits of file size are a Unix thing")
def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    checks = full_disk(tmp_path / "home")

    assert all(check.passed for check in checks), table([], checks)


def test_the_ledger_notices_what_is_gone(tmp_path):
    prepare(tmp_path / "home")

    with opened(tmp_path / "home") as home:
        assert lost(home, [("receipts", "R000"), ("readings", "1")]) == [
            "receipts: R000 was acknowledged and is gone", "readings: 1 was acknowledged and is gone"
        ]  # fmt: skip


def test_truth_is_recognised_in_every_way_of_writing_a_time():
    key = key_of(1)
    truth = truth_of("pump", "AB", key, "salt-of-it", 20_000_000)
    onset = key.events[3].onset_us

    for told in (f"{onset}", f"{{'at': {onset // 1000}.0}}", iso_time(onset), iso_time(onset).replace("T", " ")):
        assert truth.found_in(told, moments_in(told))
    assert truth.found_in("x salt-of-it", frozenset()) == ["salt-of-it"]
    assert not truth.found_in(f"{onset + 1_000_000} 3 of 4 found", moments_in(f"{onset + 1_000_000}"))


def test_a_check_fails_by_what_went_wrong_and_by_nothing_done():
    with checking("broken") as broken:
        raise ZeroDivisionError("x")

    assert not broken.passed
    assert "ZeroDivisionError" in table([], [broken])
    assert not Check("nothing").passed
    assert table([], [Check("fine", "3 of 3")]).endswith("1 passed, 0 failed")
