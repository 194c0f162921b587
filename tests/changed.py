"""Which tests a change touches: those of the same path, those that import what changed, and those of the house."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

SOURCES = ("engine", "app", "lessons", "pages")
ALWAYS = ("tests/test_house.py",)


def changed_files(root: Path, since: str = "main") -> list[str]:
    """Return what differs from where this branch left `since`, committed or not, and new files."""
    base = _git(root, "merge-base", since, "HEAD") or ["HEAD"]
    told = _git(root, "diff", "--name-only", base[0])
    return sorted({*told, *_git(root, "ls-files", "--others", "--exclude-standard")})


def touched(root: Path, files: list[str] | None = None) -> list[str]:
    """Return the test files that the changed files touch, as paths below the root."""
    wanted = set(ALWAYS)
    changed = set(changed_files(root) if files is None else files)
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in changed}
    tests = {path.relative_to(root).as_posix(): _imported(path) for path in (root / "tests").rglob("test_*.py")}
    wanted |= {name for name, imports in tests.items() if name in changed or imports & modules}
    wanted |= {name for name in map(mirror_of, changed) if name in tests}
    for file in changed:
        if file.startswith(SOURCES) and not file.endswith(".py"):  # a lesson, a style, a schema: all tests of its layer
            wanted |= {name for name in tests if name.startswith(f"tests/{file.split('/')[0]}/")}
    return sorted(name for name in wanted if (root / name).exists())


def mirror_of(file: str) -> str:
    """Return the path of the test of a source file."""
    folder, _, name = file.rpartition("/")
    return f"tests/{folder}/test_{name}"


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
