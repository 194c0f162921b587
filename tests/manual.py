"""`python -m tests.manual`: write the manual's tables, each from what it tells of, then build the site in docs/_build.

docs/commands.md comes from the command line itself, docs/endpoints.md from the OpenAPI document, docs/migration.md
from the tests' tables of the two source documents. `--tables` writes them and builds nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.engine.cli import guide_parts as parts
from tests.engine.cli.guide_table import GUIDE, WIND_TURBINE, Line

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Made by `python -m tests.manual`; change the source, not this file. -->\n\n"


def cell(text: object) -> str:
    """Return text for a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def code(text: object) -> str:
    """Return text as code for a cell."""
    return f"`{cell(text)}`" if str(text) else ""


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(row)} |" for row in (heads, tuple("---" for _ in heads), *rows)]
    return "\n".join(lines) + "\n"


def every_command() -> dict[str, Any]:
    """Return each command by its words, such as `db check`, as click has it."""
    import typer

    from engine.cli import command_line

    found: dict[str, Any] = {}
    waiting = [("", typer.main.get_command(command_line()))]
    while waiting:
        name, one = waiting.pop()
        if hasattr(one, "commands"):
            waiting += [(f"{name} {word}".strip(), inner) for word, inner in one.commands.items()]
        if name and (not hasattr(one, "commands") or one.invoke_without_command):
            found[name] = one
    return dict(sorted(found.items()))


def commands() -> str:
    """Return the page of every command."""
    text = (
        "# Every command\n\nWritten `python -m engine COMMAND`; `--help` after each says the same. A mistake ends with "
        "one sentence and code 2. Data goes to standard output, notices to standard error.\n"
    )
    for name, one in every_command().items():
        arguments = [p for p in one.params if p.param_type_name == "argument"]
        words = " ".join(p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments)
        text += f"\n## {name}\n\n```text\npython -m engine {name} {words}".rstrip() + "\n```\n\n"
        text += "\n\n".join(" ".join(part.split()) for part in (one.help or "").split("\n\n")) + "\n"
        rows = [(code(_option(p)), cell(p.help or ""), _default(p)) for p in (*arguments, *_options(one))]
        if rows:
            text += "\n" + table(("option", "what", "default"), rows)
    return MADE + text


def _options(one: Any) -> list[Any]:
    return [p for p in one.params if p.param_type_name == "option" and p.name != "help"]


def _option(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return " / ".join((*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    value = parameter.default
    plain = isinstance(value, str | int | float | Path) and not isinstance(value, bool) and value != ""
    return code(value) if plain and repr(value) != "..." else ""


def endpoints() -> str:
    """Return the page of every endpoint."""
    from app.api import build_api, operations

    text = (
        "# Every endpoint\n\nEach path is there as `/api/v1/…` and, the newest version, as `/api/…`. "
        "`/api/docs` on the running lab has bodies and rules. Examples: [The API](api.md).\n"
    )
    rows: dict[str, list[tuple[str, ...]]] = {}
    for method, path, about in operations(build_api().openapi()):
        asked = ", ".join(f"`{p['name']}`" for p in about.get("parameters", []) if p["in"] == "query")
        says = cell((about.get("description") or about.get("summary", "")).split("\n\n")[0])
        shown = code(f"{method} {path.replace('/v1/', '/api/')}")
        rows.setdefault(about["tags"][0], []).append((shown, says, asked))
    for tag, found in rows.items():
        text += f"\n## {tag.capitalize()}\n\n" + table(("endpoint", "what", "query parameters"), found)
    return MADE + text


def migration() -> str:
    """Return the page with the tables of the two documents."""
    text = (
        "# Coming from the two documents\n\nEvery command line, flag, file, endpoint and utility of the *Industrial "
        "Sensor Data Streaming Guide* and of the *Wind Turbine* README, with its equal here. A test runs each command "
        "of these tables.\n\n"
        "## The streaming guide\n\n### Commands of the guide\n\n"
    )
    text += _lines(GUIDE) + "\n### Flags of the guide\n\n" + _flags(parts.GUIDE_FLAGS)
    text += "\nThe keys below `streaming:` in the YAML file have the guide's names. Three presets are the guide's: "
    text += "`development`, `production`, `instructor_testing`. In `--interactive`, `a`, `c`, `m`, `s`, `q` and `h` "
    text += "are the guide's; the duration of `m` is in seconds, or `15m`, `2h`.\n"
    text += "\n### Files of the guide\n\n" + _files(parts.GUIDE_FILES)
    text += "\n## The wind-turbine README\n\n### Commands of the README\n\n" + _lines(WIND_TURBINE)
    text += "\n### Flags of the README\n\n" + _flags(parts.WIND_TURBINE_FLAGS)
    text += "\n### Endpoints of the README\n\nAll on one port, 8501 unless told otherwise (there: 5000 and 5001).\n\n"
    text += table(
        ("there", "here", "note"), [(code(e.written), code(_path(e)), e.note) for e in parts.WIND_TURBINE_ENDPOINTS]
    )
    return MADE + text + "\n### Files and utilities of the README\n\n" + _files(parts.WIND_TURBINE_FILES)


def _path(one: parts.Endpoint) -> str:
    return f"/api{one.path}" if "/api/" in one.written else one.path


def _lines(lines: list[Line]) -> str:
    return table(("there", "here"), [(code(line.written), line.says or code(_ours(line))) for line in lines])


def _ours(line: Line) -> str:
    """Return our command as a person in the project's folder writes it."""
    words = (line.ours or line.asks).replace("{project}/", "").replace("{folder}", "FOLDER")
    return f"python -m engine {words}"


def _flags(flags: list[parts.Flag]) -> str:
    rows = [(code(f.written), f"{code(f.written)} of `{f.command}`", f.note) for f in flags]
    return table(("there", "here", "note"), rows)


def _files(files: list[parts.Part]) -> str:
    return table(("there", "here"), [(code(part.written), part.ours) for part in files])


PAGES = {"commands.md": commands, "endpoints.md": endpoints, "migration.md": migration}


def build(target: Path) -> int:
    """Build the site with Sphinx; a warning is an error. Returns the exit code."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(target)]
    return subprocess.call(command, cwd=ROOT)


def main(arguments: list[str]) -> int:
    """Write the tables, then build the site."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    if "--tables" in arguments:
        return 0
    target = DOCS / "_build"
    code_ = build(target)
    print(f"The manual is {target / 'index.html'}." if code_ == 0 else "The manual has mistakes; see above.")
    return code_


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
