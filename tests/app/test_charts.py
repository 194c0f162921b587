"""Whoever draws with Plotly has all of pandas: a half that another thread is importing makes Plotly fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAWERS = [
    path
    for path in sorted((ROOT / "app").rglob("*.py"))
    if re.search(r"^\s*(import plotly|from plotly)", path.read_text(encoding="utf-8"), re.M)
]


def test_there_are_modules_that_draw() -> None:
    assert len(DRAWERS) > 10


@pytest.mark.parametrize("path", DRAWERS, ids=lambda path: path.stem)
def test_a_module_that_draws_imports_pandas_first(path: Path) -> None:
    assert re.search(r"^(from app\.charts import|import pandas)", path.read_text(encoding="utf-8"), re.M)


def test_the_charts_bring_pandas_and_the_live_page_does_not_wait_for_it() -> None:
    script = "import sys, {}; print('pandas' in sys.modules)"

    seen = [
        subprocess.run(
            [sys.executable, "-c", script.format(module)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        for module in ("app.charts", "app.marked")
    ]

    assert seen == ["True", "False"]
