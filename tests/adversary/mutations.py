"""Inputs that are almost right: good ones with bytes, words and lines torn out, doubled, swapped and put in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES = 4000
WORDS = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "ä€😀\u2028".encode(), b"\r", b"\n\n", b"\r\n",
    b'"', b'""', b"'",
    b",", b";", b"\t", b"|", b"=1+1", b"-", b"@x", b"nan", b"inf", b"-1e999", b"1" * 400, b"0x10", b"1_0", b"1,5",
    b"true", b"null", b"~", b"[", b"]", b"{", b"}", b"[" * 60, b"{" * 60, b":", b"- ", b"&a [*a]", b"*a",
    b"!!python/none", b"<<: {}", b"? ", b"2026-13-45", b"2026-02-30T25:61:00Z", b"9999-12-31T23:59:59.999999+00:00",
    b"0001-01-01T00:00:00+23:59", b"1970-01-01", b"0", b"-0.0", b"9" * 25, b"\\u0000", b"\\ud800", b"../", b"%00", b"#",
)  # fmt: skip


def mutated(good: Sequence[bytes], seed: int, count: int) -> Iterator[bytes]:
    """Yield so many inputs made from good ones; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(good))
        for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
            chance.choice((_put_in, _take_out, _double, _swap, _flip, _cut_line))(data, chance)
        yield bytes(data[:MOST_BYTES])


def _span(data: bytearray, chance: random.Random) -> tuple[int, int]:
    first = chance.randrange(len(data) + 1)
    return first, min(len(data), first + chance.choice((1, 2, 5, 20, 100)))


def _put_in(data: bytearray, chance: random.Random) -> None:
    first, last = _span(data, chance)
    data[first : chance.choice((first, last))] = chance.choice(WORDS)


def _take_out(data: bytearray, chance: random.Random) -> None:
    first, last = _span(data, chance)
    del data[first:last]


def _double(data: bytearray, chance: random.Random) -> None:
    first, last = _span(data, chance)
    data[first:first] = data[first:last] * chance.choice((1, 2, 10))


def _swap(data: bytearray, chance: random.Random) -> None:
    first, last = _span(data, chance)
    piece = data[first:last]
    del data[first:last]
    at = chance.randrange(len(data) + 1)
    data[at:at] = piece


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut_line(data: bytearray, chance: random.Random) -> None:
    lines = data.split(b"\n")
    del lines[chance.randrange(len(lines))]
    data[:] = b"\n".join(lines)
