"""A comparison's notebook is there only where its seeds were chosen, and is graded to the same score."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.compare.notebook import chosen_seeds, comparison_notebook
from engine.comparing.contenders import Contender
from lessons.notebook import read_notebook
from lessons.regrade import regrade


def test_a_drawn_seed_is_not_named() -> None:
    """It was thrown away when the readings were made; only chosen seeds can be played again."""
    drawn = cast("Any", SimpleNamespace(data=SimpleNamespace(first_seed=None, seeds=2), practice=object()))
    chosen = cast("Any", SimpleNamespace(data=SimpleNamespace(first_seed=4, seeds=2), practice=object()))

    assert chosen_seeds(drawn) == ()
    assert chosen_seeds(chosen) == (4, 5)


def test_the_notebook_of_a_comparison_is_graded_again() -> None:
    data = SimpleNamespace(scenario="pump_medium", hours=6.0, rate=0.02)
    result = cast("Any", SimpleNamespace(data=data, contenders=(Contender("cusum"), Contender("ewma"))))

    found = regrade(read_notebook(comparison_notebook(result, (3,))))

    assert found.same
    assert {name.split(".")[0] for name in found.score} == {"1-cusum", "2-ewma"}
