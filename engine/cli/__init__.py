"""The command line, `python -m engine …`: one file per command.

Each file in this folder has a function `register(app)` that adds its command or group to the Typer app. Files import
their heavy parts inside the command, so that `--help` stays quick.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys

import typer

from engine.errors import LabError

# Where commands are found. The course stands above the engine, so it is named here as text and may be absent.
COMMAND_FOLDERS = ("engine.cli", "lessons.commands")


def command_line() -> typer.Typer:
    """Return the whole command line, its commands found by looking in this folder."""
    app = typer.Typer(
        name="python -m engine",
        help="FaultLab: a simulated plant, its faults, and detectors that look for them.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def _root() -> None:
        """FaultLab on the command line."""

    for folder in COMMAND_FOLDERS:
        for name in _modules(folder):
            module = importlib.import_module(name)
            if hasattr(module, "register"):
                module.register(app)
    return app


def _modules(folder: str) -> list[str]:
    """Return the modules of a command folder; a folder that is not installed has none."""
    if importlib.util.find_spec(folder.split(".")[0]) is None:
        return []
    package = importlib.import_module(folder)
    return [f"{folder}.{info.name}" for info in pkgutil.iter_modules(package.__path__)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; a problem that a person can mend prints one sentence on stderr and ends with 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command_line()(args=arguments, standalone_mode=False)
    except LabError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except Exception as problem:
        if type(problem).__module__.startswith("click") or hasattr(problem, "format_message"):
            show = getattr(problem, "show", None)
            if show is not None:
                show()
            return int(getattr(problem, "exit_code", 2))
        raise
    return result if isinstance(result, int) else 0
