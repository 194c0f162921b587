"""Practice data keep their truth under a seal, and types of students' paths have no place for truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.comparing.compare import Outcome
from engine.comparing.practice import Practice
from engine.comparing.stretches import Stretch
from engine.errors import LabError, UnknownNameError
from engine.records import TruthEvent

SHORT = {"hours": 1.0, "rate": 0.01}


def test_the_truth_can_be_revealed_once():
    practice = Practice("pump_easy", first_seed=3, hours=6.0, rate=0.01)
    assert practice.sealed

    (truth,) = practice.reveal()

    assert all(isinstance(event, TruthEvent) for event in truth)
    assert not practice.sealed
    with pytest.raises(LabError, match="revealed already"):
        practice.reveal()


def test_two_practices_without_a_seed_differ_and_cannot_be_made_again():
    first, second = Practice("pump_easy", **SHORT), Practice("pump_easy", **SHORT)

    assert not np.array_equal(first.stretches[0].judged.values, second.stretches[0].judged.values)
    assert getattr(first, "seeds", None) is None


def test_chosen_seeds_give_the_same_readings_again():
    first, second = (Practice("pump_easy", 2, 11, **SHORT) for _ in range(2))

    for a, b in zip(first.stretches, second.stretches, strict=True):
        assert np.array_equal(a.judged.values, b.judged.values)
    assert not np.array_equal(first.stretches[0].judged.values, first.stretches[1].judged.values)


def test_an_unknown_scenario_is_refused():
    with pytest.raises(UnknownNameError):
        Practice("pump_esay")


@pytest.mark.parametrize("kind", [Stretch, Outcome])
def test_what_a_students_page_holds_has_no_field_for_truth(kind):
    assert not [field.name for field in dataclasses.fields(kind) if "truth" in f"{field.name} {field.type}".lower()]
