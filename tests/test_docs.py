"""Every command of the README is run; a command that nothing runs is broken."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.S)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]
ENGINE = [command for command in COMMANDS if command.startswith("python -m engine")]
# Run elsewhere: the start by tests/test_first_start.py, the tests by CI itself, curl by tests/app/test_curl_tour.py.
ELSEWHERE = ("python3 -m venv .venv", "python3 tests/run.py", "curl ", "TOKEN=$(curl ")


def test_the_readme_has_commands_and_each_is_run_somewhere() -> None:
    assert len(ENGINE) >= 8
    assert [c for c in COMMANDS if c not in ENGINE and not c.startswith(ELSEWHERE)] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands expect beside them; the commands of one README build on each other."""
    place = tmp_path_factory.mktemp("readme")
    for name in ("data", "lessons"):
        (place / name).symlink_to(ROOT / name)
    return place


@pytest.mark.parametrize("command", ENGINE)
def test_a_command_of_the_readme_runs(command: str, folder: Path) -> None:
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAULTLAB_HOME": str(folder / "home")}

    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_command_is_the_ci_command() -> None:
    """CI must run what the README promises."""
    assert "python3 tests/run.py" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_picture_is_there_and_real() -> None:
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)[1]

    assert (ROOT / picture).stat().st_size > 20_000


def test_every_folder_and_file_named_in_the_map_exists() -> None:
    for name in (
        "app",
        "pages",
        "lessons",
        "engine",
        "data",
        "tests",
        "DESIGN.md",
        "CONTRIBUTING.md",
        "constraints.txt",
    ):
        assert (ROOT / name).exists()
