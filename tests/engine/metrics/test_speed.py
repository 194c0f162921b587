"""The speed targets, with room for a busy machine: a slip back to loops would be ten times beyond them."""

from __future__ import annotations

from tests.benchmarks.metrics import ROWS


def test_every_metric_is_within_its_target_on_ten_and_a_hundred_thousand_rows():
    rows = ROWS["metrics"]()

    assert len(rows) == 10
    slow = [row["name"] for row in rows if row["ours_ms"] > 2 * row["target_ms"]]
    assert slow == []
