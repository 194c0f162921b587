"""The keys of this installation: the instructors' pass phrase (hashed) and the secret that signs cookies."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from typing import TYPE_CHECKING

from engine.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "access.json"
# Cost of one guess: 2**14 × 8 × 1 is scrypt's interactive setting (RFC 7914, section 2), about 50 ms here.
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
LEAST_PHRASE = 12  # characters of a phrase that somebody chose
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


class Keys:
    """What the folder `FAULTLAB_HOME` keeps about access.

    At the first start a pass phrase is made; `fresh_phrase` holds it once, so that the terminal can show it. The
    environment variable FAULTLAB_PASSPHRASE stands in for the stored phrase while it is set (a classroom server).

    Raises
    ------
    LabError
        When the phrase that was chosen is too short.
    """

    def __init__(self, folder: Path, phrase: str | None = None) -> None:
        if phrase and len(phrase.strip()) < LEAST_PHRASE:
            wrong = f"FAULTLAB_PASSPHRASE must have at least {LEAST_PHRASE} characters, got {len(phrase.strip())}"
            raise LabError(f"{wrong}; choose a longer one and start again.")
        self.file = folder / FILE
        self.fresh_phrase: str | None = None
        if not self.file.exists():
            self.fresh_phrase = None if phrase else new_phrase()
            self._write(phrase or self.fresh_phrase or new_phrase())
        kept = json.loads(self.file.read_text(encoding="utf-8"))
        self._salt, self._hash = bytes.fromhex(kept["salt"]), bytes.fromhex(kept["phrase_scrypt"])
        if phrase:
            self._hash = _hashed(phrase, self._salt)
        self.cookie_secret: str = kept["cookie_secret"] + self._hash.hex()  # a new phrase ends what the old one opened

    def is_phrase(self, text: str) -> bool:
        """Tell whether the text is the instructors' pass phrase; compares in constant time."""
        return hmac.compare_digest(_hashed(text, self._salt), self._hash)

    def _write(self, phrase: str) -> None:
        salt = secrets.token_bytes(16)
        kept = {
            "cookie_secret": secrets.token_urlsafe(32),
            "salt": salt.hex(),
            "phrase_scrypt": _hashed(phrase, salt).hex(),
        }
        self.file.parent.mkdir(0o700, parents=True, exist_ok=True)
        handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(kept, out)


def new_phrase() -> str:
    """Return a phrase that can be said aloud, such as `bodake-mirusa-felopi` (nine syllables, 55 bits)."""

    def syllable() -> str:
        return secrets.choice(CONSONANTS) + secrets.choice(VOWELS)

    return "-".join("".join(syllable() for _ in range(3)) for _ in range(3))


def _hashed(phrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(phrase.strip().lower().encode("utf-8"), salt=salt, **SCRYPT)
