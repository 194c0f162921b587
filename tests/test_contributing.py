"""The detector shown in CONTRIBUTING works as shown, with no other file touched."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def example() -> str:
    return re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.S)[1]


def test_the_new_detector_is_listed_and_scores_without_another_file_touched(tmp_path: Path) -> None:
    """In a copy of the engine, so that the tree stays as it is."""
    shutil.copytree(ROOT / "engine", tmp_path / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "engine" / "detectors" / "change.py").write_text(example(), encoding="utf-8")
    program = (
        "import numpy as np\n"
        "from engine.catalog import describe, make\n"
        "from engine.records import block_of\n"
        "values = np.random.default_rng(3).normal(size=(200, 2)); values[150, 0] = 30.0\n"
        "scores = make('detector', 'change').score(block_of(np.arange(200) * 1_000_000, values))\n"
        "assert scores[150, 0] == scores.max() > 6\n"
        "print(describe('detector', 'change')['parameters'][0]['high'])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "10000"


def test_the_new_detector_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "change.py"
    file.write_text(example(), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "engine", "check-detector", str(file)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
