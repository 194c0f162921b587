"""Plants, scores, grades and the API are what they were: a change that only moves code leaves them alone."""

from __future__ import annotations

import pytest

from tests.same_bytes import measured, recorded

QUICK = ("ewma", "mahalanobis", "half_space_trees", "range_rule", "cusum", "hbos")


def test_plants_scores_grades_and_api_are_as_recorded() -> None:
    """After a change that means to change one of them: `python -m tests.same_bytes --record`."""
    kept, now = recorded(), measured(QUICK)

    assert now["api"] == kept["api"], "the API's schema changed"
    assert now["grades"] == kept["grades"]
    assert now["plants"] == {name: pytest.approx(found, rel=1e-7) for name, found in kept["plants"].items()}
    assert now["scores"] == {name: pytest.approx(kept["scores"][name], rel=1e-7) for name in QUICK}


@pytest.mark.slow
def test_every_detector_scores_as_recorded() -> None:
    kept, now = recorded()["scores"], measured()["scores"]

    assert now == {name: pytest.approx(found, rel=1e-6, abs=1e-6) for name, found in kept.items()}
