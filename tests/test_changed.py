"""`tests/run.py changed` runs what a change touches and not the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.changed import changed_files, touched

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree of the same shape."""
    for name, text in {
        "engine/ring.py": "",
        "engine/other.py": "",
        "tests/engine/test_ring.py": "from engine import ring",
        "tests/engine/test_uses.py": "from engine.ring import Ring",
        "tests/engine/test_other.py": "import engine.other",
        "tests/lessons/test_course.py": "",
        "tests/test_house.py": "",
        "lessons/01/lesson.md": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_module_brings_its_own_test_and_those_that_import_it(tree: Path) -> None:
    assert touched(tree, ["engine/ring.py"]) == [
        "tests/engine/test_ring.py",
        "tests/engine/test_uses.py",
        "tests/test_house.py",
    ]


def test_data_bring_the_tests_of_their_layer_and_a_test_itself(tree: Path) -> None:
    assert touched(tree, ["lessons/01/lesson.md"]) == ["tests/lessons/test_course.py", "tests/test_house.py"]
    assert touched(tree, ["tests/engine/test_other.py"]) == ["tests/engine/test_other.py", "tests/test_house.py"]


def test_changes_are_those_since_main_and_new_files(tree: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *words], cwd=tree, check=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "start")
    git("checkout", "-qb", "mine")
    (tree / "engine/ring.py").write_text("x = 1", encoding="utf-8")
    git("commit", "-qam", "change")
    (tree / "engine/new.py").write_text("", encoding="utf-8")

    assert changed_files(tree) == ["engine/new.py", "engine/ring.py"]


def test_the_tasks_are_listed() -> None:
    done = subprocess.run([sys.executable, "tests/run.py", "--help"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "changed" in done.stdout
    assert "browser" in done.stdout
