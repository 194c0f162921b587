"""Secret seeds: every student's plant comes from HMAC(course secret, …), never stored, printed or exported."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from engine.classroom.key import AnswerKey

NAME_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_secret() -> str:
    """Return a course secret of 256 bits as hex text."""
    return secrets.token_hex(32)


def seed_of(secret: str, *parts: object) -> int:
    """Return a 63-bit seed that only the holder of the secret can compute; the same parts give the same seed."""
    message = "\x1f".join(str(part) for part in parts).encode()
    return int.from_bytes(hmac.new(secret.encode(), message, hashlib.sha256).digest()[:8], "big") >> 1


def variant_name(secret: str, assignment: str, person: str) -> str:
    """Return a short public name of a variant, such as "M2-7KQ"; it tells nothing about the seed."""
    number = seed_of(secret, "variant name", assignment, person)
    letters = []
    for _ in range(5):
        number, at = divmod(number, len(NAME_LETTERS))
        letters.append(NAME_LETTERS[at])
    return f"{''.join(letters[:2])}-{''.join(letters[2:])}"


def commitment(salt: str, key: AnswerKey) -> str:
    """Return the SHA-256 of salt and canonical truth: published at release, checked by anyone after the deadline."""
    return text_commitment(salt, key.to_json())


def text_commitment(salt: str, key: str) -> str:
    """Return the SHA-256 of salt and truth as it is written: needs nothing of this program."""
    return hashlib.sha256(f"{salt}\n{key}".encode()).hexdigest()


def class_commitment(commitments: Sequence[str]) -> str:
    """Return one hash over the commitments of all variants, in sorted order: short enough for the projector."""
    return hashlib.sha256("\n".join(sorted(commitments)).encode()).hexdigest()
