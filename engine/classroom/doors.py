"""How often a secret may be guessed: waits that grow with every wrong try, and never a closed door.

A try is counted before it is looked at and given back when it was right, so that tries sent together cannot all pass.
Who comes from a browser in which this person was before waits for this browser's own wrong tries only: nobody who
guesses elsewhere keeps the person out (OWASP, "Device cookies").
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import AccessError

MOST_METERS = 20_000  # kept at once; the one that was not touched for longest goes first


class TooManyTriesError(AccessError):
    """A try that comes too soon; `seconds` says how long to wait."""

    def __init__(self, wait_s: float) -> None:
        self.seconds = max(1, round(wait_s))
        super().__init__(f"Too many wrong tries; wait {self.seconds} s and try again.")


@dataclass(frozen=True)
class Caller:
    """Who tries.

    Parameters
    ----------
    address
        Of the network; a whole class may share one.
    device
        Name of the browser, from a cookie that only the lab can make; empty without one.
    known
        Ids of the people who were in before from this browser.
    """

    address: str = ""
    device: str = ""
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Patience:
    """How many wrong tries are free, how fast one is forgotten, and the longest wait between two after that."""

    free: int
    forget_s: float
    longest_s: float


OF_DEVICE = Patience(5, 30.0, 5.0)
OF_NAME = Patience(5, 60.0, 30.0)
OF_ADDRESS = Patience(30, 4.0, 8.0)
OF_ALL = Patience(200, 1.0, 2.0)  # a PIN of eight digits then lasts three years of guessing over the whole class
OF_JOINING = Patience(100, 2.0, 30.0)  # right codes too: each makes a person


@dataclass(frozen=True)
class _Meter:
    """Wrong tries so far (forgotten bit by bit since `at`), and when the last one was."""

    level: float = 0.0
    at: float = 0.0
    wrong_at: float = 0.0

    def now(self, patience: Patience, now: float) -> float:
        return max(0.0, self.level - max(0.0, now - self.at) / patience.forget_s)

    def wait_s(self, patience: Patience, now: float) -> float:
        over = math.ceil(self.now(patience, now) - 1e-6) - patience.free  # one half forgotten still counts
        return 0.0 if over < 0 else self.wrong_at + min(patience.longest_s, 2.0 ** min(over, 30)) - now


class Doors:
    """Wrong tries of everybody, remembered for minutes.

    Parameters
    ----------
    wall
        Seconds, of any clock that does not go back.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall, self._lock = wall, threading.Lock()
        self._meters: OrderedDict[tuple[str, ...], _Meter] = OrderedDict()

    def knock(self, door: str, caller: Caller, name: str = "", person: str = "") -> Callable[[], None]:
        """Count a try at a door and return what gives it back when it was right.

        Parameters
        ----------
        door
            What is guessed: "pin", "join", "phrase"; "joined" counts what a right code is used for.
        name
            For whom, as typed; empty where there is one secret for all.
        person
            Id of whom the name is; empty for nobody.

        Raises
        ------
        TooManyTriesError
            When it comes too soon; such a try is not looked at and not counted.
        """
        meters = self._meters_of(door, caller, name, person)
        with self._lock:
            now, before = self._wall(), {meter: self._meters.get(meter, _Meter()) for meter in meters}
            wait = max(before[meter].wait_s(patience, now) for meter, patience in meters.items())
            if wait > 0:
                raise TooManyTriesError(wait)
            for meter, patience in meters.items():
                self._put(meter, _Meter(before[meter].now(patience, now) + 1, now, now))

        def give_back() -> None:
            with self._lock:
                for meter, patience in meters.items():
                    kept, at = self._meters.get(meter, _Meter()), self._wall()
                    wrong_at = before[meter].wrong_at if kept.wrong_at == now else kept.wrong_at
                    self._put(meter, _Meter(max(0.0, kept.now(patience, at) - 1), at, wrong_at))

        return give_back

    def _meters_of(self, door: str, caller: Caller, name: str, person: str) -> dict[tuple[str, ...], Patience]:
        if door == "joined":
            return {(door, "address", caller.address): OF_JOINING}
        if caller.device and person in caller.known:
            return {(door, "device", caller.device): OF_DEVICE}
        meters = {(door, "address", caller.address): OF_ADDRESS, (door, "all"): OF_ALL}
        return meters | ({(door, "name", name): OF_NAME} if name else {})

    def _put(self, key: tuple[str, ...], meter: _Meter) -> None:
        self._meters[key] = meter
        self._meters.move_to_end(key)
        while len(self._meters) > MOST_METERS:
            self._meters.popitem(last=False)
