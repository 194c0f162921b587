"""The README's test command: `python3 tests/run.py` sets up everything and runs the whole suite.

It makes the virtual environment `.venv`, installs the pinned development requirements, sees to a Chromium for the
browser tests (Debian's package, where it may install one), then runs the linters, the type checker and the tests.
With CI=true the slow proofs run too, the Kafka workers' in an environment of their own, `.venv-cluster`, and a missing
browser is a failure. Needs nothing but Python 3.11+ and pip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "Scripts/python.exe" if os.name == "nt" else "bin/python"
PYTHON = ROOT / ".venv" / PROGRAM
CLUSTER_PYTHON = ROOT / ".venv-cluster" / PROGRAM  # Quix Streams pins packages that the main environment has newer
CLUSTER_TESTS = ("pytest", "pytest-timeout", "pytest-rerunfailures")  # what those tests need besides
IN_CI = os.environ.get("CI", "").lower() == "true"
REQUIREMENTS = ("requirements.txt", "requirements-oidc.txt", "requirements-dev.txt", "requirements-cluster.txt")
PARALLEL = ("-n", "2", "--dist", "loadfile")  # browsers have the machine to themselves
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


def run(*command: object) -> int:
    """Run a command in the project's folder and return its exit code."""
    print("$", " ".join(str(part) for part in command), flush=True)
    return subprocess.call([str(part) for part in command], cwd=ROOT)


def must(*command: object) -> None:
    """Run a command; when it fails, end with its code."""
    code = run(*command)
    if code != 0:
        sys.exit(code)


def set_up(python: Path, constraints: str, *wanted: str) -> None:
    """Make a virtual environment and install what is wanted, once for each state of the requirements."""
    folder = python.parents[1]
    if not python.exists():
        venv.create(folder, with_pip=True)
    state = " ".join(wanted) + "".join((ROOT / name).read_text() for name in (*REQUIREMENTS, constraints))
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == state:
        return
    must(python, "-m", "pip", "install", "-q", *wanted, "-c", constraints)
    stamp.write_text(state)


def run_cluster_tests() -> None:
    """Run the tests of the Kafka workers where Quix Streams is installed."""
    set_up(CLUSTER_PYTHON, "constraints-cluster.txt", "-r", "requirements-cluster.txt", *CLUSTER_TESTS)
    must(CLUSTER_PYTHON, "-m", "pytest", "tests/engine/streams/test_cluster.py", "--reruns", "1")


def see_to_browser() -> None:
    """Install Debian's Chromium where none is and this user may; elsewhere the browser tests say that they skip."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        run("apt-get", "update", "-q")
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def main() -> None:
    """Set up, lint, check types, test; extra arguments go to pytest (then only the tests run)."""
    set_up(PYTHON, "constraints.txt", "-r", "requirements-dev.txt")
    see_to_browser()
    if len(sys.argv) > 1:
        sys.exit(run(PYTHON, "-m", "pytest", *sys.argv[1:]))
    must(PYTHON, "-m", "ruff", "check", ".")
    must(PYTHON, "-m", "ruff", "format", "--check", ".")
    must(PYTHON, "-m", "mypy")
    # A machine that is busy elsewhere can starve a server or a browser once; what fails twice is broken.
    must(PYTHON, "-m", "pytest", *PARALLEL, "-m", "not slow and not browser", "--reruns", "1")
    must(PYTHON, "-m", "pytest", "-m", "browser and not slow", "--reruns", "2")
    if IN_CI:
        must(PYTHON, "-m", "pytest", *PARALLEL, "-m", "slow and not browser and not cluster", "--reruns", "1")
        must(PYTHON, "-m", "pytest", "-m", "browser and slow and not walk", "--reruns", "2")
        run_cluster_tests()


if __name__ == "__main__":
    main()
