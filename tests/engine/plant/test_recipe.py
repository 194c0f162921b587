"""One recipe for a class: the same faults for all, visible, apart from each other, at times of their own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from engine.errors import LabError
from engine.plant.journal import Injection, Journal
from engine.plant.placing import OWED, UNSEEN, NoPlaceError, place, problem_of
from engine.plant.recipe import Course, Recipe, Wanted, capacity, make_recipe
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.plant.visibility import LINE, natural_sds, visibility
from engine.records import HOUR_US, SECOND_US, TruthEvent, time_us

START = time_us("2026-03-02T00:00:00Z")
SPEC = load_plant("pump_station")
TWO = ("MACHINE_001", "MACHINE_002")
WANTED = Wanted(SPEC, "medium", 4, START, 24.0, TWO)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return make_recipe(WANTED, 11)


def what(events: tuple[TruthEvent, ...]) -> list[tuple[str, float, int]]:
    return sorted((e.fault, e.severity, e.end_us - e.onset_us) for e in events if not e.benign)


def test_the_same_seed_gives_the_same_recipe_and_json_keeps_it(recipe: Recipe):
    assert recipe == make_recipe(WANTED, 11)
    assert recipe == Recipe.from_json(recipe.to_json())
    assert recipe != make_recipe(WANTED, 12)


def test_plants_of_a_recipe_share_faults_severities_and_durations_but_not_their_times(recipe: Recipe):
    first, second = place(WANTED, recipe, 1), place(WANTED, recipe, 2)

    assert what(first.events) == what(second.events)
    assert {e.onset_us for e in first.events}.isdisjoint({e.onset_us for e in second.events})
    assert first.plant.journal == place(WANTED, recipe, 1).plant.journal


@pytest.mark.parametrize("seed", range(3))
def test_every_fault_can_be_seen_and_detected_in_time_and_nothing_overlaps(recipe: Recipe, seed: int):
    placed = place(WANTED, recipe, seed)

    owed = [e for e in placed.events if not e.benign]
    assert len(owed) == WANTED.number
    assert all(e.visibility is not None and e.visibility >= LINE for e in owed)
    assert all(e.end_us - (e.detectable_from_us or e.end_us) >= OWED * (e.end_us - e.onset_us) for e in owed)
    for machine in TWO:
        mine = sorted((e.onset_us, e.end_us) for e in placed.events if e.machine == machine)
        gaps = [later[0] - earlier[1] for earlier, later in itertools.pairwise(mine)]
        assert all(gap >= (recipe.gap_s - 10) * SECOND_US for gap in gaps)


def test_a_fault_too_weak_to_be_seen_is_made_stronger():
    """At the severities of the level, a noisy sensor is a tenth of the natural wobble."""
    made = make_recipe(replace_faults("hard", ("noise_up",)), 3)

    assert {one.fault for one in made.courses} == {"noise_up"}
    assert all(one.severity > 0.2 and one.visible >= LINE for one in made.courses)


def test_a_named_fault_that_the_plant_cannot_owe_is_refused():
    with pytest.raises(LabError, match="no alarm is owed"):
        make_recipe(replace_faults("easy", ("product_change",)), 3)
    with pytest.raises(LabError, match="tool_wear does not occur in"):
        make_recipe(replace_faults("easy", ("tool_wear",)), 3)
    with pytest.raises(LabError, match="Did you mean 'oil_leak'"):
        make_recipe(replace_faults("easy", ("oil_leek",)), 3)


def replace_faults(level: str, faults: tuple[str, ...]) -> Wanted:
    return WANTED._replace(level=level, faults=faults, number=2)


def test_more_faults_than_fit_are_refused_with_how_many_do():
    crowded = WANTED._replace(number=200)

    with pytest.raises(LabError, match=f"at most {capacity(crowded)} faults"):
        make_recipe(crowded, 1)


def test_as_many_faults_as_fit_find_their_places():
    crowded = WANTED._replace(number=capacity(WANTED), level="easy")
    courses = tuple(Course("oil_leak", 0.5, 2400.0, 720.0, "smooth", (), 5.0) for _ in range(crowded.number))

    placed = place(crowded, Recipe(courses, 0, 1800.0), 1)

    assert len(placed.events) == crowded.number


def test_a_plant_in_which_a_fault_cannot_be_seen_says_so():
    unseen = Recipe((Course("drift", 0.001, 3600.0, 600.0, "linear", ("temperature",)),), 0, 3600.0)

    with pytest.raises(NoPlaceError) as problem:
        place(WANTED, unseen, 1)

    assert problem.value.reason == UNSEEN
    assert problem.value.fault == "drift"


def test_visibility_grows_with_the_bump_and_counts_in_natural_wobbles():
    def seen(severity: float) -> float:
        one = Injection(
            "x", "MACHINE_001", "drift", severity, START + 6 * HOUR_US, 0.0, 7200.0, "sudden", ("vibration",)
        )
        plant = Plant(SPEC, 5, Journal((one,)), ("MACHINE_001",))
        sds = natural_sds(plant, "MACHINE_001", START, START + 24 * HOUR_US)
        return visibility(plant, plant.history.active("MACHINE_001", one.start_us, one.start_us + 1)[0], sds)

    assert seen(0.8) == pytest.approx(2 * seen(0.4), rel=0.05)


def test_an_event_is_owed_when_it_is_visible_and_detectable_in_its_first_half():
    event = TruthEvent("M", "drift", (), 0.5, 0, 10, 100, visibility=0.5)

    assert problem_of(event) == ""
    assert problem_of(replace(event, visibility=0.29)) == UNSEEN
    assert "too late" in problem_of(replace(event, detectable_from_us=60))
    assert "too late" in problem_of(replace(event, detectable_from_us=None))
