"""Sign-ins that were ended before their time: one browser's by signing out, all of the pass phrase at once.

A cookie or token of the pass phrase carries this file's epoch, that of a person the person's (`People.epoch`), and each
its own name: whatever was ended stays ended, also after a restart. Without the file all sign-ins end.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from typing import TYPE_CHECKING

from engine.models import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)
FILE = "sign_ins.json"


class SignIns:
    """What ended before its time.

    Parameters
    ----------
    folder
        Where the file is kept.
    age_s
        How long a sign-in lasts at most: after that nothing needs to be remembered of it.
    wall
        Seconds since 1970.
    """

    def __init__(self, folder: Path, age_s: float, wall: Callable[[], float] = time.time) -> None:
        self._file, self._age_s, self._wall, self._lock = folder / FILE, age_s, wall, threading.Lock()
        self.birth, self.phrase_epoch, self._over = self._kept()
        self._keep()

    def is_over(self, name: str) -> bool:
        """Tell whether this sign-in was ended."""
        return name in self._over

    def end(self, name: str) -> None:
        """End one sign-in: that of one browser or one program."""
        with self._lock:
            now = self._wall()
            self._over = {**{one: at for one, at in self._over.items() if at > now}, name: now + self._age_s}
            self._keep()

    def end_phrase(self) -> None:
        """End every sign-in by the pass phrase."""
        with self._lock:
            self.phrase_epoch = secrets.token_hex(8)
            self._keep()

    def _kept(self) -> tuple[str, str, dict[str, float]]:
        try:
            kept = json.loads(self._file.read_bytes())
            return str(kept["birth"]), str(kept["phrase_epoch"]), {str(k): float(v) for k, v in kept["over"].items()}
        except FileNotFoundError:
            return secrets.token_hex(8), secrets.token_hex(8), {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read: everybody has to sign in again.", self._file)
            return secrets.token_hex(8), secrets.token_hex(8), {}

    def _keep(self) -> None:
        """Write the file; what cannot be written holds until the next start, and the log says so."""
        kept = {"birth": self.birth, "phrase_epoch": self.phrase_epoch, "over": self._over}
        try:
            write_atomically(self._file, json.dumps(kept).encode())
        except OSError as problem:
            log.warning(
                "%s cannot be written (%s): who signs out now may be back after a restart.", self._file, problem
            )
