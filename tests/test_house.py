"""The house keeps its shape: layers point down, nothing forbidden is used, the docs' commands exist."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What each layer must not import (design: arrows point down only).
FORBIDDEN = {
    "engine": ("streamlit", "app", "pages", "lessons"),
    "lessons": ("streamlit", "app", "pages"),
    "app": ("pages", "duckdb"),
    "pages": ("duckdb", "threading"),
}
LAYERS = [(layer, path) for layer in FORBIDDEN for path in sorted((ROOT / layer).rglob("*.py"))]
SOURCES = [path for layer in FORBIDDEN for path in sorted((ROOT / layer).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_there_are_files_to_check() -> None:
    assert len(SOURCES) > 20


@pytest.mark.parametrize(("layer", "path"), LAYERS, ids=lambda value: str(value).removeprefix(str(ROOT)))
def test_arrows_point_down_only(layer: str, path: Path) -> None:
    assert not imported(path) & set(FORBIDDEN[layer])


def test_nothing_pickles_evaluates_or_opens_a_shell() -> None:
    """A lab that reads strangers' files must have no door to running them."""
    offenders = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                offenders.append(f"{path}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", None) is True:
                offenders.append(f"{path}:{node.value.lineno} shell=True")
        if imported(path) & {"pickle", "joblib", "dill", "shelve", "marshal"}:
            offenders.append(f"{path} pickles")

    assert offenders == []


def test_sql_lives_in_the_store_alone() -> None:
    words = ("SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ")
    offenders = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        if ROOT / "engine" / "store" not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lstrip().startswith(words)
    ]

    # Example queries of the explore page are shown to people, who run them through the sandbox.
    assert [place for place in offenders if "examples" not in place] == []


def test_pages_are_thin() -> None:
    """A page reads, shows emptiness, draws, sends; what is more belongs to app/."""
    long = {
        path.name: lines for path in (ROOT / "pages").glob("*.py") if (lines := len(path.read_text().splitlines())) > 60
    }

    assert long == {}


def test_every_module_of_the_engine_imports_without_network_or_streamlit() -> None:
    """In a fresh interpreter, with sockets refused: an import that dials out would hang a classroom without network."""
    program = (
        "import importlib, pkgutil, socket, sys\n"
        "def refuse(*a, **k): raise RuntimeError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import engine\n"
        "found = pkgutil.walk_packages(engine.__path__, 'engine.')\n"
        "names = [m.name for m in found if not m.name.endswith('__main__')]\n"
        "for name in names: importlib.import_module(name)\n"
        "assert 'streamlit' not in sys.modules\n"
        "print(len(names))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_the_command_line_starts_quickly_and_without_the_heavy_libraries() -> None:
    """`--help` must not pay for what only a command needs."""
    program = (
        "import sys\nfrom engine.cli import command_line\ncommand_line()\n"
        "heavy = {'sklearn', 'pyod', 'pandas', 'scipy', 'numba', 'stumpy', 'streamlit'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
