"""A short run of the adversary with every suite; a longer one with the slow group (`python -m tests.adversary`)."""

import pytest

from tests.adversary.__main__ import table
from tests.adversary.fuzz import Outcome, counted, fuzz
from tests.adversary.mutations import mutated
from tests.adversary.parsers import Parser, parsers

PARSERS = {parser.name: parser for parser in parsers()}


@pytest.mark.parametrize("name", PARSERS)
def test_odd_inputs_are_taken_or_refused_in_a_sentence(name):
    outcome = fuzz(PARSERS[name], 150, seed=7)

    assert outcome.passed, table([outcome])


@pytest.mark.slow
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
