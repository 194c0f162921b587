"""Each exhibit starts broken, is mended by its solution alone, and takes no code."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from engine.errors import LabError
from lessons.exhibits.base import Exhibit, exhibit, exhibits
from lessons.labs.base import lab_kind
from lessons.reader import find_lesson, museum_folders, setup_of

FOLDERS = [path.name for path in museum_folders()]


def solution_of(folder: str) -> tuple[Exhibit, dict[str, Any]]:
    exercise = find_lesson(folder).lab.exercises["mend"]
    return exhibit(exercise.setup["exhibit"]), exercise.solution


def test_there_are_at_least_six_exhibits_and_each_has_its_page() -> None:
    assert len(FOLDERS) >= 6
    assert {find_lesson(name).lab.exercises["mend"].setup["exhibit"] for name in FOLDERS} == set(exhibits())


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_exhibit_starts_broken(folder: str) -> None:
    experiment = find_lesson(folder).lab.experiments["exhibit"]

    outcome = lab_kind("museum").run(setup_of(experiment, experiment.start()), 7)

    assert outcome.metrics["failed_checks"] >= 1
    assert len(outcome.checks) == 4


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_solution_mends_it_on_every_seed(folder: str) -> None:
    shown, solution = solution_of(folder)

    broken = [seed for seed in range(30) if not all(c.holds for c in shown.show(solution, seed).checks)]

    assert broken == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_choice_beside_the_solution_leaves_something_broken(folder: str) -> None:
    """Changing any one choice of the solution breaks a property again, except where two choices are both right."""
    shown, solution = solution_of(folder)
    both_right = {("swallowed_exception", "cleared")}
    for field, allowed in shown.form.items():
        if not isinstance(allowed[0], str) or (shown.name, field) in both_right:
            continue
        for other in set(allowed) - {solution[field]}:
            seen = [shown.show(solution | {field: other}, seed) for seed in range(10)]
            assert any(not check.holds for one in seen for check in one.checks), (shown.name, field, other)


@pytest.mark.parametrize("name", sorted(exhibits()))
def test_every_form_gives_an_answer_and_never_a_traceback(name: str) -> None:
    shown = exhibits()[name]
    options = [values if isinstance(values[0], str) else (values[0], values[-1]) for values in shown.form.values()]
    for chosen in itertools.product(*options):
        checks = shown.show(shown.checked(dict(zip(shown.form, chosen, strict=True))), 1).checks
        assert len(checks) >= 4


@pytest.mark.parametrize("name", sorted(exhibits()))
def test_the_same_seed_gives_the_same_checks(name: str) -> None:
    shown, solution = exhibits()[name], {}
    solution = {field: values[0] for field, values in shown.form.items()}

    assert shown.show(solution, 5) == shown.show(solution, 5)


@pytest.mark.parametrize(
    "given",
    [{}, {"size": 60, "step": 60}, {"size": "__import__('os')", "step": 60, "alarm": "x"},
     {"size": 60, "step": 0, "alarm": "once for each strange message"},
     {"size": 60, "step": True, "alarm": "once for each strange message"},
     {"size": 60, "step": 60, "alarm": "once for each strange message", "code": "print()"}],
)  # fmt: skip
def test_a_form_takes_choices_and_numbers_in_range_and_nothing_else(given: dict[str, Any]) -> None:
    with pytest.raises(LabError):
        exhibit("sliding_tumbling").checked(given)


def test_the_public_bug_has_its_numbers() -> None:
    """Windows of 60 that move by one: 541 windows where ten were promised."""
    seen = exhibit("sliding_tumbling").show(
        {"size": 60, "step": 1, "alarm": "for each window that holds a strange message"}, 1
    )

    assert "541 windows" in [check.seen for check in seen.checks]


def test_an_unknown_exhibit_is_named() -> None:
    with pytest.raises(LabError, match="inverted_clip"):
        exhibit("inverted_clap")
