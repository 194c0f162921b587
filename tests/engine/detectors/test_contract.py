"""What every detector of the catalogue owes, and proof that each check catches a cheat."""

from __future__ import annotations

import pytest

from engine import catalog
from engine.detectors import contract
from tests.engine.detectors import cheats

BLOCK = contract.example_block()
NAMES = sorted(catalog.parts("detector"))


def test_the_catalogue_is_not_empty():
    """A list that drives tests must not be empty by accident."""
    assert len(NAMES) >= 30
    assert sum(cls.online for cls in catalog.parts("detector").values()) >= 12


@pytest.mark.parametrize("check", contract.CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_the_detector_keeps_the_promise(name, check):
    """One promise of one detector."""
    make = contract.shortened(catalog.part("detector", name))

    assert None is contract.CHECKS[check](make, BLOCK)


@pytest.mark.parametrize("name", NAMES)
def test_the_detector_tells_about_itself(name):
    """Pages show these texts, so an empty one is a defect."""
    cls = catalog.part("detector", name)

    assert all((cls.title, cls.family, cls.good_at, cls.bad_at))
    assert catalog.caption(cls).endswith(".")
    assert all(parameter["help"] for parameter in catalog.describe("detector", name)["parameters"])


@pytest.mark.parametrize("name", NAMES)
def test_the_detector_learns_from_history_and_goes_on(name):
    """`fit` on unlabelled history is what the live engine does at its start."""
    detector = contract.shortened(catalog.part("detector", name))()

    detector.fit(BLOCK.ticks(0, 250))
    scores = detector.score_then_learn(BLOCK.ticks(250, 400))

    assert scores.shape == (150, 2)
    assert (scores >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_blame_has_a_part_for_each_sensor_or_is_unknown(name):
    """Blame never changes the detector: it is asked for by pages while the detector runs."""
    detector = contract.shortened(catalog.part("detector", name))()
    detector.score_then_learn(BLOCK.ticks(0, 300))
    now = BLOCK.ticks(300, 310)
    expected = detector.score(now)

    blame = detector.blame(now)
    view = detector.explain(now)

    assert blame is None or (blame.shape == (10, 2, 3) and (blame >= 0).all())
    assert isinstance(view, dict)
    assert (expected == detector.score(now)).all()


@pytest.mark.parametrize(("check", "cheat"), cheats.CAUGHT_BY.items())
def test_the_check_catches_its_cheat(check, cheat):
    """A check that nothing fails checks nothing."""
    problem = {v.check: v.problem for v in contract.verdicts(cheat, BLOCK)}[check]

    assert problem is not None


@pytest.mark.parametrize(
    ("cheat", "words"), [(cheats.Backwards, "a higher score must mean stranger"), (cheats.Clipped, "no score rises")]
)
def test_a_score_that_tells_nothing_or_the_contrary_is_said_in_words(cheat, words):
    assert words in contract.strange_scores_higher(cheat, BLOCK)


def test_every_check_has_a_cheat():
    """A new check comes with a detector that breaks it."""
    assert set(contract.CHECKS) == set(cheats.CAUGHT_BY)


def test_an_honest_detector_passes_every_check():
    """The checks must not cry wolf."""
    make = contract.shortened(catalog.part("detector", "z_score"))

    assert [v for v in contract.verdicts(make) if v.problem] == []
