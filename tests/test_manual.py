"""The manual: its commands run, its tables are what they are made from, its links lead somewhere, it builds."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.errors import LabError
from engine.streams.sources.push import Push
from tests import manual
from tests.engine.cli import guide_parts as parts

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT.parent / "shared" / "sources"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
LINKED = {**PAGES, "../README.md": (ROOT / "README.md").read_text(encoding="utf-8")}
FENCE = re.compile(r"^ *```(\S*)\n(.*?)^ *```", re.M | re.S)
CALL = "python -m engine "
README = LINKED["../README.md"]
# Run elsewhere: lines of the README by tests/test_docs.py, the start by tests/test_first_start.py, all tests by CI,
# curl by tests/app/test_curl_tour.py.
ELSEWHERE = ("python3 -m venv .venv", "python3 tests/run.py", "curl ", "TOKEN=$(curl ")
# Several terminals, servers that do not end: each of these programs has tests of its own in tests/engine/streams.
TERMINALS = (
    "python -m engine broker",
    "python -m engine stream --mode kafka --rate 2",
    "python -m engine worker --detector z_score --workers 2",
)
ENDLESS = ("broker", "stream", "consume", "detect", "process")


def commands(text: str) -> list[str]:
    """Return the lines of a page's bash blocks."""
    blocks = [block for language, block in FENCE.findall(text) if language == "bash"]
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


OWN = {
    name: [line for line in commands(text) if not line.startswith(ELSEWHERE) and line not in commands(README)]
    for name, text in PAGES.items()
}


@pytest.mark.kafka
@pytest.mark.parametrize("page", [name for name, lines in OWN.items() if lines])
def test_the_commands_of_a_page_run_in_their_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One after the other in one folder; what has no end of its own gets one, addresses become the test's."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    for name in ("data", "lessons", "engine"):
        (tmp_path / name).symlink_to(ROOT / name)
    server, broker = Push(), practice_broker() if page == "streams.md" else None
    if broker is not None:
        monkeypatch.setenv("KAFKA_BOOTSTRAP", broker.bootstrap)
        monkeypatch.setenv("KAFKA_PRACTICE", "1")
    try:
        for line in OWN[page]:
            if line.startswith(CALL):
                code = main(shortened(line, server.url, broker))
            else:
                code = subprocess.call(["bash", "-c", line], cwd=tmp_path)
            assert code == 0, f"{line}\n{capfd.readouterr().err}"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.close()
        if broker is not None:
            broker.close()


def practice_broker() -> Any:
    """Return a practice broker with the topic of the examples."""
    from engine.streams.kafka.practice import PracticeBroker

    try:
        made = PracticeBroker()
    except LabError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker in CI: {problem}")
        pytest.skip(str(problem))
    made.create_topic("sensor-data", 4)
    return made


def shortened(line: str, server: str, broker: Any) -> list[str]:
    """Return a command's arguments with an end, and with the servers of this test."""
    words = shlex.split(line.removeprefix(CALL))
    words = [server if word.startswith("http://localhost:8501") else word for word in words]
    words = [broker.bootstrap if broker and word == "localhost:9092" else word for word in words]
    if words[0] in ENDLESS and "--duration" not in words and "--file" not in words:
        words += ["--duration", "1"]
    return words


def test_every_command_of_the_manual_is_run_somewhere() -> None:
    """In a bash block, or word for word by another test; a command in another block would be run by nobody."""
    assert sum(len(commands(text)) for text in PAGES.values()) >= 50
    stray = [
        f"{name}: {line}"
        for name, text in PAGES.items()
        if name != "commands.md"  # usage lines, made from the commands themselves
        for language, block in FENCE.findall(text)
        for line in block.splitlines()
        if language != "bash" and line.strip().startswith((CALL, "curl ")) and line.strip() not in TERMINALS
    ]
    assert stray == []


@pytest.mark.parametrize("page", [name for name in PAGES if name not in manual.PAGES])
def test_commands_in_the_text_exist_with_their_options(page: str) -> None:
    known = manual.every_command()
    groups = {name.split()[0] for name in known if " " in name}
    for found in re.findall(r"`python -m engine ([^`]+)`", PAGES[page]):
        words = found.split()
        name = " ".join(words[:2]) if words[0] in groups and " ".join(words[:2]) in known else words[0]
        if name.startswith("-"):
            continue
        assert name in known, found
        options = {option for p in known[name].params for option in (*p.opts, *p.secondary_opts)} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, found


@pytest.mark.parametrize("page", manual.PAGES)
def test_a_made_page_is_what_its_source_says(page: str) -> None:
    assert PAGES[page] == manual.PAGES[page](), "run: python -m tests.manual --tables"


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub and Sphinx make it."""
    plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", lambda m: m[1] or ("_" if m[0] == "_" else ""), heading).strip()
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", LINKED)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    """Links within the tree; those into the web are not asked."""
    text = FENCE.sub("", LINKED[page])
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        path = (ROOT / "docs" / page).parent / file if file else ROOT / "docs" / page
        if not path.exists():
            broken.append(target)
        elif place:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.M)
            broken += [target] if place not in map(anchor, headings) else []
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_in_the_tree_exists(page: str) -> None:
    """Paths in backticks below our folders, but for those that a lab or a person makes."""
    paths = re.findall(r"`((?:engine|app|pages|lessons|data|tests|docs)/[\w./-]+)`", FENCE.sub("", PAGES[page]))
    made = ("data/local", "docs/_build")
    theirs = {part.written for part in parts.GUIDE_FILES + parts.WIND_TURBINE_FILES}

    assert [p for p in paths if not p.startswith(made) and p not in theirs and not (ROOT / p).exists()] == []


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = re.search(r"```\{toctree\}\n:hidden:\n\n(.*?)```", PAGES["index.md"], re.S)[1].split()

    assert sorted([*(f"{name}.md" for name in listed), "index.md"]) == sorted(PAGES)


def test_every_page_of_the_lab_and_every_setting_is_in_the_manual() -> None:
    from app.shell import pages

    assert [one.title for one in pages() if f"| {one.title} |" not in PAGES["pages.md"]] == []
    sources = [path.read_text(encoding="utf-8") for part in ("app", "engine") for path in (ROOT / part).rglob("*.py")]
    settings = set(re.findall(r"[\"'](FAULTLAB_[A-Z_]+)[\"']", "\n".join(sources))) - {"FAULTLAB_NUMBA"}
    assert [name for name in settings if f"`{name}`" not in PAGES["deployment.md"]] == []


def test_every_key_of_an_assignment_is_in_the_manual() -> None:
    from engine.classroom.spec import AssignmentSpec

    assert [key for key in AssignmentSpec.model_fields if f"`{key}`" not in PAGES["grading.md"]] == []


@pytest.mark.parametrize(
    ("document", "flags", "files"),
    [
        ("streaming_guide.md", parts.GUIDE_FLAGS, parts.GUIDE_FILES),
        ("wind_turbine_readme.md", parts.WIND_TURBINE_FLAGS, parts.WIND_TURBINE_FILES),
    ],
)
def test_no_flag_file_or_endpoint_of_a_document_is_forgotten(
    document: str, flags: list[parts.Flag], files: list[parts.Part]
) -> None:
    """The documents lie beside the project while it is developed."""
    if not (SOURCES / document).is_file():
        pytest.skip("the source documents are not here")
    text = (SOURCES / document).read_text(encoding="utf-8")
    endings = r"[\w/]*\w\.(?:py|ya?ml|json|csv|db|md|html|log|txt)\b"
    named = {Path(found).name for found in re.findall(endings, text)}
    endpoints = {one.written for one in parts.WIND_TURBINE_ENDPOINTS}

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {flag.written for flag in flags} == set()
    assert named - {Path(part.written).name for part in files} == set()
    assert set(re.findall(r"`((?:GET|POST) /[^`]*)`", text)) - endpoints == set()


def test_the_equals_of_flags_files_and_endpoints_exist() -> None:
    from app.api import build_api, operations

    known = manual.every_command()
    served = {path.removeprefix("/v1") for _, path, _ in operations(build_api().openapi())}
    served |= set(re.findall(r'Route\("([^"]+)"', (ROOT / "app" / "main.py").read_text(encoding="utf-8")))

    for flag in parts.GUIDE_FLAGS + parts.WIND_TURBINE_FLAGS:
        assert any(flag.written in (*p.opts, *p.secondary_opts) for p in known[flag.command].params), flag
    assert [p.written for p in parts.GUIDE_FILES + parts.WIND_TURBINE_FILES if not (ROOT / p.proof).exists()] == []
    assert [one.written for one in parts.WIND_TURBINE_ENDPOINTS if one.path not in served] == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_without_the_network(tmp_path: Path) -> None:
    target = tmp_path / "site"

    assert manual.build(target) == 0
    made = (target / "index.html").read_text(encoding="utf-8")
    fetched = re.findall(r'(?:src|href)="(https?://[^"]+)"', made)
    assert [one for one in fetched if one.endswith((".css", ".js", ".woff2", ".png"))] == []
