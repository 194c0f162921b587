"""Commands from the keyboard while a stream runs: a, c, m, s, h, q. A typo never stops the stream."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from engine.errors import LabError, UnknownNameError, nearest

if TYPE_CHECKING:
    from engine.streams.sources.plant import PlantSource

HELP = """Commands:
  a <machine> [fault]    start a fault
  c <machine>            clear the faults of a machine
  m <machine> [minutes]  maintenance, 30 minutes unless told otherwise
  s                      state of the machines
  h                      this help
  q                      quit
Names may be shortened to any beginning that is unique; Tab completes them."""


class Commands:
    """Obeys command lines; `obey` returns the answer and never raises."""

    def __init__(self, source: PlantSource, stop: Callable[[], None]) -> None:
        self._source, self._stop = source, stop
        self._by_letter = {
            "a": self._inject,
            "c": self._clear,
            "m": self._maintain,
            "s": self._states,
            "h": lambda _words: HELP,
            "q": self._quit,
        }

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
        return f"Started {self._source.inject(machine, fault)} on {machine}."

    def _clear(self, words: list[str]) -> str:
        machine = self._machine(words)
        self._source.clear(machine)
        return f"Cleared the faults of {machine}."

    def _maintain(self, words: list[str]) -> str:
        machine = self._machine(words)
        try:
            minutes = float(words[1]) if len(words) > 1 else 30.0
        except ValueError:
            raise LabError(f"minutes must be a number, got {words[1]!r}.") from None
        self._source.maintain(machine, minutes)
        return f"Maintenance of {machine} for {minutes:g} minutes."

    def _states(self, _words: list[str]) -> str:
        states = self._source.states()
        return "\n".join(
            f"  {machine}: {work}" + (f" | {fault}" if fault else "") for machine, (work, fault) in states.items()
        )

    def _quit(self, _words: list[str]) -> str:
        self._stop()
        return "Stopping."

    def _machine(self, words: list[str]) -> str:
        if not words:
            raise LabError(f"Say which machine: {', '.join(self._source.machine_names)}.")
        return _chosen("machine", words[0], self._source.machine_names)


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


def listen(commands: Commands, lines: TextIO, out: TextIO) -> threading.Thread:
    """Read commands on a thread of its own until the input ends; answers go to `out`."""
    _complete_with(commands)

    def loop() -> None:
        with contextlib.suppress(OSError):  # the terminal is gone; the stream goes on
            for line in _typed(lines):
                answer = commands.obey(line)
                if answer:
                    print(answer, file=out, flush=True)

    thread = threading.Thread(target=loop, name="faultlab-keyboard", daemon=True)
    thread.start()
    return thread


def _typed(lines: TextIO) -> Iterator[str]:
    """Yield the lines; from a keyboard through `input`, the one way in which Python's Tab completion works."""
    if lines is not sys.stdin or not lines.isatty():
        yield from lines
        return
    with contextlib.suppress(EOFError):
        while True:
            yield input()


def _complete_with(commands: Commands) -> None:
    with contextlib.suppress(ImportError):
        import readline

        def complete(_text: str, state: int) -> str | None:
            found = commands.completions(readline.get_line_buffer())
            return found[state] if state < len(found) else None

        readline.set_completer_delims(" ")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
