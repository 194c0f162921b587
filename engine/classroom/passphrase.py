"""Secrets of people: PINs are kept as scrypt hashes, tokens as SHA-256, handles are random words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

COST, BLOCK_SIZE, LANES = 2**14, 8, 1  # 16 MB and about 50 ms each; RFC 7914 and the OWASP cheat sheet's lower rung
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is misread on a projector
_FIRST = (
    "amber brave brisk calm clever copper coral crisp dapper eager early fair gentle golden green happy honest "
    "humble jolly keen kind lively lucky merry mellow mild nimble noble patient plain polite proud quick quiet "
    "rapid royal rustic sandy silver sleek smooth snowy solid steady sunny swift tidy vivid warm wise witty "
    "young zesty"
)
FIRST_WORDS = tuple(_FIRST.split())
_SECOND = (
    "acorn anchor badger beacon beaver birch bison bobcat cedar comet condor crane cricket dolphin falcon fern "
    "finch gecko glacier harbor hawk heron ibis jackdaw juniper kestrel lagoon lantern lark lemur lynx magpie "
    "maple marten meadow merlin meteor newt orchid osprey otter panda pebble pelican pepper piston plover "
    "puffin quail raven reef robin rudder salmon sparrow sycamore thistle tiger tulip turbine turtle walnut "
    "willow wombat wren"
)
SECOND_WORDS = tuple(_SECOND.split())


def hashed(secret: str) -> str:
    """Return a salted scrypt hash to store."""
    salt = secrets.token_bytes(16)
    return f"{_text(salt)}${_text(_scrypt(secret, salt))}"


def matches(secret: str, stored: str) -> bool:
    """Return whether the secret is the one that was hashed; an empty or damaged hash takes as long and is False."""
    salt, _, digest = stored.partition("$")
    known = base64.b64decode(digest) if digest else b""
    return hmac.compare_digest(_scrypt(secret, base64.b64decode(salt) if salt else b"no salt"), known)


def new_handle(taken: set[str]) -> str:
    """Return a random two-word handle that is free; it tells nothing about the person."""
    for _ in range(200):
        handle = f"{secrets.choice(FIRST_WORDS)}-{secrets.choice(SECOND_WORDS)}"
        if handle not in taken:
            return handle
    return f"{handle}-{secrets.randbelow(10_000)}"


def new_pin() -> str:
    """Return eight random digits."""
    return f"{secrets.randbelow(100_000_000):08d}"


def new_join_code() -> str:
    """Return six letters for the projector."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(6))


def new_token() -> str:
    """Return a personal token for the API; only its hash is stored."""
    return f"fl_{secrets.token_urlsafe(24)}"


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.strip().encode(), salt=salt, n=COST, r=BLOCK_SIZE, p=LANES, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
