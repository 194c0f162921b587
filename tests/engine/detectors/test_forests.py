"""What the online forests owe beyond the contract."""

from __future__ import annotations

import numpy as np
import pytest

from engine import catalog
from engine.detectors.half_space_trees import HalfSpaceTrees, half_spaces
from engine.detectors.robust_random_cut_forest import RobustRandomCutForest
from engine.records import SECOND_US, block_of

FORESTS = sorted(name for name, cls in catalog.parts("detector").items() if cls.family == "online forest")


def _block(values):
    return block_of(np.arange(len(values), dtype=np.int64) * SECOND_US, values)


def _clusters(n_ticks=3000, seed=1):
    """Readings in two clusters; the outliers lie between them, where each sensor alone is ordinary."""
    rng = np.random.default_rng(seed)
    side = rng.choice([-1.0, 1.0], size=(n_ticks, 1))
    return 10.0 * side * np.array([[1.0, 1.0, -1.0]]) + rng.normal(size=(n_ticks, 3))


def test_the_five_forests_are_in_the_catalogue():
    """A list that drives tests must not be empty by accident."""
    expected = ["half_space_trees", "loda", "online_isolation_forest", "robust_random_cut_forest", "xstream"]

    assert expected == FORESTS


@pytest.mark.parametrize("name", FORESTS)
def test_a_far_reading_is_among_the_strangest(name):
    """Twelve standard deviations in every sensor."""
    values = np.random.default_rng(2).normal(size=(2500, 4))
    at = np.arange(1500, 2500, 100)
    values[at] += 12.0
    detector = catalog.make("detector", name)

    scores = detector.score_then_learn(_block(values))[1400:, 0]
    ranks = scores.argsort().argsort() / len(scores)

    assert ranks[at - 1400].mean() > 0.97


def test_the_online_isolation_forest_does_not_take_a_slow_fault_for_normal():
    """One sensor of four drifts by five standard deviations within ten minutes; a short window soon called it usual."""
    values = np.random.default_rng(2).normal(size=(9250, 4))
    values[8000:, 0] += np.minimum(np.arange(1250) / 600, 1.0) * 5.0

    scores = catalog.make("detector", "online_isolation_forest").score_then_learn(_block(values))[:, 0]

    assert scores[8250:].mean() > 1.0


@pytest.mark.parametrize("name", FORESTS)
def test_another_seed_gives_another_forest(name):
    """The seed is the only source of chance."""
    block = _block(_clusters(1500))

    one, two = (catalog.make("detector", name, {"seed": seed}).score_then_learn(block) for seed in (1, 2))

    assert not np.array_equal(one, two)


def test_half_space_cuts_halve_the_box_they_are_in():
    """Tan et al. 2011: each node halves its own half-space; checked for the sensor cut twice in a row."""
    cut_on, cut_at = half_spaces(20, 3, 2, np.random.default_rng(4))
    twice = cut_on[:, 0] == cut_on[:, 1]

    assert cut_on.shape == (20, 7)
    assert (cut_at[twice, 1] < cut_at[twice, 0]).all()
    again = (cut_on[:, 0] == cut_on[:, 1]) & (cut_on[:, 0] == cut_on[:, 2])
    left, right = cut_at[again, 0] - cut_at[again, 1], cut_at[again, 2] - cut_at[again, 0]
    np.testing.assert_allclose(left, right)


def test_half_space_masses_count_every_reading_once_per_level():
    """Conservation: the root holds what was counted, and children what their parent holds."""
    detector = HalfSpaceTrees(trees=4, height=3, window=10_000)
    detector.score_then_learn(_block(np.random.default_rng(3).normal(size=(500, 2))))

    latest = detector.state["latest"][0]

    inner = np.arange(7)
    np.testing.assert_array_equal(latest[:, inner], latest[:, 2 * inner + 1] + latest[:, 2 * inner + 2])
    assert (latest[:, 0] == detector.state["filled"][0]).all()


def test_random_cut_trees_stay_whole_through_a_thousand_changes():
    """Every tree holds exactly the window: counts add up, boxes enclose their leaves, parents know their children."""
    detector = RobustRandomCutForest(trees=3, size=32)
    detector.score_then_learn(_block(np.round(_clusters(1000), 1)))
    state = detector.state

    for tree in range(3):
        left, right, parent = (state[name][0, tree] for name in ("left", "right", "parent"))
        count, low, high = (state[name][0, tree] for name in ("nodes", "low", "high"))
        leaves, stack = 0, [int(state["root"][0, tree])]
        assert parent[stack[0]] == -1
        assert count[stack[0]] == 32
        while stack:
            node = stack.pop()
            if node < 32:
                leaves += 1
                continue
            children = [int(left[node]), int(right[node])]
            assert [node, node] == [int(parent[child]) for child in children]
            assert count[node] == count[children].sum()
            np.testing.assert_array_equal(low[node], low[children].min(axis=0))
            np.testing.assert_array_equal(high[node], high[children].max(axis=0))
            stack += children
        assert leaves == 32


def test_a_long_fault_is_not_learned_until_patience_runs_out():
    """One window of fault must not become normal; a change that stays for ever must."""
    values = np.random.default_rng(6).normal(size=(9000, 4))
    values[4000:] += 9.0
    strict = HalfSpaceTrees(window=500, memory=10_000_000)
    soon = HalfSpaceTrees(window=500, patience=200)

    kept, gone = (detector.score_then_learn(_block(values))[:, 0] for detector in (strict, soon))

    assert (kept[4010:5500] >= HalfSpaceTrees.default_threshold).mean() > 0.9
    assert (gone[7000:] >= HalfSpaceTrees.default_threshold).mean() < 0.1
