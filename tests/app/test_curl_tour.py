"""The README's and the manual's curl lines and Python are run, word for word but for port and pass phrase."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.served import PHRASE, Served

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/api.md")}


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.S)


def curl_lines(page: str) -> list[str]:
    """Return the lines that ask the lab."""
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith(("curl ", "TOKEN="))]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One lab for all pages."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is missing; install it (apt-get install curl).")
        pytest.skip("curl is not installed")
    with Served(tmp_path_factory.mktemp("tour") / "home") as lab:
        yield lab


def asked(line: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a line as a person does and return what it printed; a line that sets TOKEN prints the token."""
    shown = line + '; printf %s "$TOKEN"' if line.startswith("TOKEN=") else line
    done = subprocess.run(
        ["bash", "-c", shown], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def wait_for_rows(line: str, folder: Path, environment: dict[str, str]) -> None:
    """The store writes once a second, so the first export after a start may hold the header alone."""
    for _ in range(40):
        if (folder / "readings.csv").stat().st_size > 1000:
            return
        time.sleep(0.5)
        asked(line, folder, environment)


@pytest.mark.parametrize("page", PAGES)
def test_the_curl_lines_of_a_page_work(page: str, served: Served, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    lines = curl_lines(page)
    assert len(lines) >= 6

    for line in lines:
        told = line.replace("http://localhost:8501", served.url).replace("YOUR-PASS-PHRASE", PHRASE)
        out = asked(told, tmp_path, environment)
        if "-o readings.csv" in line:
            wait_for_rows(told, tmp_path, environment)
        elif line.startswith("TOKEN="):
            environment["TOKEN"] = out
            assert len(out) > 20
        elif "/live/stream" not in line:
            answer = json.loads(out)
            assert not (isinstance(answer, dict) and str(answer.get("status", "ok")).isdigit()), f"{line}\n{out}"

    assert (tmp_path / "readings.csv").stat().st_size > 1000


@pytest.mark.parametrize("code", [code for page in PAGES for code in blocks(page, "python")])
def test_the_python_of_a_page_works(code: str, served: Served) -> None:
    program = code.replace("http://localhost:8501", served.url)

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert "stored" in done.stdout
