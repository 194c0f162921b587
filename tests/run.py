"""The tasks of the project: `python3 tests/run.py` sets up everything and runs what CI runs; `--help` lists the rest.

It makes the virtual environment `.venv`, installs the pinned development requirements, sees to Chromium and mosquitto
(Debian's packages, where it may install some), then runs the linters, the type checker and the tests. With CI=true the
slow proofs run too, the Kafka workers' in an environment of their own, `.venv-cluster`, and a missing browser, MQTT
broker or Apache Kafka (Java and Maven bring it) is a failure. Needs nothing but Python 3.11+ and pip.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "Scripts/python.exe" if os.name == "nt" else "bin/python"
PYTHON = ROOT / ".venv" / PROGRAM
CLUSTER_PYTHON = ROOT / ".venv-cluster" / PROGRAM  # Quix Streams pins packages that the main environment has newer
CLUSTER_TESTS = ("pytest", "pytest-timeout", "pytest-rerunfailures")  # what those tests need besides
IN_CI = os.environ.get("CI", "").lower() == "true"
REQUIREMENTS = ("requirements.txt", "requirements-oidc.txt", "requirements-dev.txt", "requirements-cluster.txt")
PARALLEL = ("-n", "2", "--dist", "worksteal")  # browsers have the machine to themselves
TOLD = ("--durations=25", "--durations-min=1", "-rR")  # the slowest, and what passed only at the second try
PROGRAMS = {  # any of these programs: the packages that bring one
    ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge"): ("chromium", "fonts-dejavu-core"),
    ("mosquitto", "/usr/sbin/mosquitto"): ("mosquitto",),  # the MQTT tests
}
OTHER_PYTHONS = ("python3.11", "python3.13")  # the oldest and the newest that the README promises


def run(*command: object) -> int:
    """Run a command in the project's folder and return its exit code."""
    print("$", " ".join(str(part) for part in command), flush=True)
    return subprocess.call([str(part) for part in command], cwd=ROOT)


def must(*command: object) -> None:
    """Run a command; when it fails, end with its code."""
    code = run(*command)
    if code != 0:
        sys.exit(code)


def set_up(python: Path, constraints: str, *wanted: str, made_by: str = sys.executable) -> None:
    """Make a virtual environment and install what is wanted, once for each state of the requirements."""
    folder = python.parents[1]
    if not python.exists():
        must(made_by, "-m", "venv", folder)
    state = " ".join(wanted) + "".join((ROOT / name).read_text() for name in (*REQUIREMENTS, constraints))
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == state:
        return
    must(python, "-m", "pip", "install", "-q", *wanted, "-c", constraints)
    stamp.write_text(state)


def see_to_programs() -> None:
    """Install Debian's packages of what is missing where this user may; elsewhere those tests say that they skip."""
    wanted = [name for names, packages in PROGRAMS.items() if not any(map(shutil.which, names)) for name in packages]
    if wanted and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        run("apt-get", "update", "-q")
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted)


def check() -> None:
    """Run the linters and the type checker."""
    must(PYTHON, "-m", "ruff", "check", ".")
    must(PYTHON, "-m", "ruff", "format", "--check", ".")
    must(PYTHON, "-m", "mypy")


def fast(python: Path = PYTHON) -> None:
    """Run the fast tests, browsers left out."""
    # A machine that is busy elsewhere can starve a server or a browser once; what fails twice is broken.
    must(python, "-m", "pytest", *PARALLEL, *TOLD, "-m", "not slow and not browser", "--reruns", "1")


def browser() -> None:
    """Run the browser tests but for the slow ones."""
    must(PYTHON, "-m", "pytest", *TOLD, "-m", "browser and not slow", "--reruns", "2")


def slow() -> None:
    """Run the slow proofs, the slow browser tests, and the Kafka workers' in their own environment."""
    must(PYTHON, "-m", "pytest", *PARALLEL, *TOLD, "-m", "slow and not browser and not cluster", "--reruns", "1")
    must(PYTHON, "-m", "pytest", *TOLD, "-m", "browser and slow and not walk", "--reruns", "2")
    set_up(CLUSTER_PYTHON, "constraints-cluster.txt", "-r", "requirements-cluster.txt", *CLUSTER_TESTS)
    must(CLUSTER_PYTHON, "-m", "pytest", "tests/engine/streams/test_cluster.py", "--reruns", "1")


def changed() -> None:
    """Run the tests that what changed since main touches: of the same path, of those who import it, and the house's."""
    from changed import touched

    found = touched(ROOT)
    must(PYTHON, "-m", "pytest", *TOLD, "-m", "not slow and not browser", *found)


def versions() -> None:
    """Run the fast tests on the oldest and the newest promised Python, where they are installed."""
    for name in OTHER_PYTHONS:
        if (program := shutil.which(name)) is None:
            print(f"{name} is not installed here; its tests are left out.")
            continue
        python = ROOT / f".venv-{name.removeprefix('python')}" / PROGRAM
        set_up(python, "constraints.txt", "-r", "requirements-dev.txt", made_by=program)
        fast(python)


def everything() -> None:
    """Run linters, types, the fast tests and the browser tests; with CI=true the slow ones too (the default)."""
    check()
    fast()
    browser()
    if IN_CI:
        slow()


TASKS = {one.__name__: one for one in (everything, changed, check, fast, browser, slow, versions)}


def main() -> None:
    """Set up, then run the task; other arguments go to pytest (then only the tests run)."""
    tasks = "\n".join(f"  {name:<11} {task.__doc__.splitlines()[0]}" for name, task in TASKS.items())  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(
        "tests/run.py",
        description=f"tasks:\n{tasks}\n\nAnything else goes to pytest, for example: tests/engine/plant -q",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", nargs="?", default="everything", metavar="task")
    known, rest = parser.parse_known_args()
    set_up(PYTHON, "constraints.txt", "-r", "requirements-dev.txt")
    see_to_programs()
    if known.task in TASKS and not rest:
        TASKS[known.task]()
    else:
        sys.exit(run(PYTHON, "-m", "pytest", *sys.argv[1:]))


if __name__ == "__main__":
    main()
