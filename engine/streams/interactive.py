"""Commands from the keyboard while a stream runs: a, c, m, s, h, q. A typo never stops the stream."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from engine.errors import LabError, UnknownNameError, nearest
from engine.streams.sources.plant import MANUAL_S

if TYPE_CHECKING:
    from engine.streams.sources.plant import PlantSource

HELP = """Interactive controls:
  a <machine> [fault]      start a fault; it lasts ten minutes of plant time unless it is cleared
  c <machine>              clear the faults of a machine
  m <machine> [duration]   maintenance: seconds, or 15m, 2h; 30m unless told otherwise
  s                        state of the machines
  h                        this help
  q                        quit
Names may be shortened to any beginning that is unique; Tab completes them."""
PROMPT = "> "
MARKS = {  # what the streaming guide prints before its answers, for --emoji
    "help": "\N{VIDEO GAME} ",
    "fault": "\N{POLICE CARS REVOLVING LIGHT} ",
    "good": "\N{WHITE HEAVY CHECK MARK} ",
    "work": "\N{WRENCH} ",
    "states": "\N{BAR CHART} ",
}
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
MAINTENANCE_S = 1800.0


class Commands:
    """Obeys command lines; `obey` returns the answer and never raises.

    Parameters
    ----------
    emoji
        Put the marks of the streaming guide before the answers; plain ASCII otherwise.
    """

    def __init__(self, source: PlantSource, stop: Callable[[], None], emoji: bool = False) -> None:
        self._source, self._stop = source, stop
        self._marks = MARKS if emoji else dict.fromkeys(MARKS, "")
        self._by_letter = {
            "a": self._inject,
            "c": self._clear,
            "m": self._maintain,
            "s": self._states,
            "h": lambda _words: self.help,
            "q": self._quit,
        }

    @property
    def help(self) -> str:
        """The commands, one a line."""
        return self._marks["help"] + HELP

    def obey(self, line: str) -> str:
        """Do what the line says and return what to show."""
        words = line.split()
        if not words:
            return ""
        command = self._by_letter.get(words[0].lower())
        if command is None:
            return f"No command is called {words[0]!r}; the commands are a, c, m, s, h and q."
        try:
            return command(words[1:])
        except LabError as problem:
            return str(problem)

    def completions(self, line: str) -> list[str]:
        """Return the words that may stand where the line ends."""
        words = line.split(" ")
        if len(words) == 1:
            return [letter for letter in self._by_letter if letter.startswith(words[0])]
        choices = self._source.machine_names if len(words) == 2 else self._source.fault_names()
        if words[0] not in ("a", "c", "m") or len(words) > 3 or (len(words) == 3 and words[0] != "a"):
            return []
        return [name for name in choices if name.lower().startswith(words[-1].lower())]

    def _inject(self, words: list[str]) -> str:
        machine = self._machine(words)
        fault = _chosen("fault", words[1], self._source.fault_names()) if len(words) > 1 else ""
        started = self._source.inject(machine, fault)
        lasts = f"it lasts {duration_text(MANUAL_S)} of plant time, or until `c {machine}`"
        return f"{self._marks['fault']}Injected {started} anomaly for {machine}; {lasts}."

    def _clear(self, words: list[str]) -> str:
        machine = self._machine(words)
        self._source.clear(machine)
        return f"{self._marks['good']}Cleared anomaly for {machine}."

    def _maintain(self, words: list[str]) -> str:
        machine = self._machine(words)
        duration_s = _duration_s(words[1]) if len(words) > 1 else MAINTENANCE_S
        self._source.maintain(machine, duration_s)
        return f"{self._marks['work']}Maintenance of {machine} for {duration_text(duration_s)} of plant time."

    def _states(self, _words: list[str]) -> str:
        marks = self._marks
        lines = [f"{marks['states']}Machine States:"]
        for machine, (work, fault) in self._source.states().items():
            state = f"{marks['good' if work == 'operational' else 'work']}{work.capitalize()}"
            lines.append(f"  {machine}: {state} | {marks['fault' if fault else 'good']}{fault or 'Normal'}")
        return "\n".join(lines)

    def _quit(self, _words: list[str]) -> str:
        self._stop()
        return "Stopping."

    def _machine(self, words: list[str]) -> str:
        if not words:
            raise LabError(f"Say which machine: {', '.join(self._source.machine_names)}.")
        return _chosen("machine", words[0], self._source.machine_names)


def duration_text(duration_s: float) -> str:
    """Return a duration with its unit, such as 45 s, 10 min or 2 h."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if duration_s >= size and duration_s % size == 0:
            return f"{duration_s / size:g} {unit}"
    return f"{duration_s:g} s"


def _duration_s(word: str) -> float:
    found = re.fullmatch(r"(-?[0-9]*\.?[0-9]+)([a-z]*)", word.lower())
    if found is None or found[2] not in _UNITS:
        raise LabError(f"The duration must be seconds such as 600, or 10m or 2h, got {word!r}.")
    return float(found[1]) * _UNITS[found[2]]


def _chosen(kind: str, word: str, choices: tuple[str, ...]) -> str:
    """Return the choice meant: the name itself (case ignored), a unique beginning, or else raise with the nearest."""
    begins = [name for name in choices if name.lower().startswith(word.lower())]
    exact = [name for name in begins if name.lower() == word.lower()]
    if exact or len(begins) == 1:
        return (exact or begins)[0]
    if len(begins) > 1:
        raise LabError(f"{word!r} may be {', '.join(begins)}; write more of it.")
    if nearest(word, choices) is None:
        raise LabError(f"No {kind} is called {word!r}; choose one of: {', '.join(choices)}.")
    raise UnknownNameError(kind, word, choices)


def listen(commands: Commands, lines: TextIO | None, out: TextIO) -> threading.Thread | None:
    """Read commands on a thread of its own until the input ends; answers go to `out`; None without an input."""
    if lines is None or lines.closed:
        return None
    _complete_with(commands)

    def loop() -> None:
        with contextlib.suppress(OSError):  # the terminal is gone; the stream goes on
            for line in _typed(lines, out):
                answer = commands.obey(line)
                if answer:
                    print(answer, file=out, flush=True)

    thread = threading.Thread(target=loop, name="faultlab-keyboard", daemon=True)
    thread.start()
    return thread


def _typed(lines: TextIO, out: TextIO) -> Iterator[str]:
    """Yield the lines, a prompt before each; from a keyboard through `input`, for Python's Tab completion."""
    if lines is sys.stdin and lines.isatty():
        with contextlib.suppress(EOFError):
            while True:
                yield input(PROMPT)
        return
    out.write(PROMPT)
    out.flush()
    for line in lines:
        yield line
        out.write(PROMPT)
        out.flush()


def _complete_with(commands: Commands) -> None:
    with contextlib.suppress(ImportError):
        import readline

        def complete(_text: str, state: int) -> str | None:
            found = commands.completions(readline.get_line_buffer())
            return found[state] if state < len(found) else None

        readline.set_completer_delims(" ")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
