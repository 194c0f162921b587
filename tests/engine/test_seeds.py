"""Seeds that hide something: one place draws them, and nobody can try them all."""

from __future__ import annotations

import ast
import secrets
from pathlib import Path

import pytest

from engine import seeds
from engine.comparing.practice import Practice
from engine.errors import LabError
from engine.home import PROJECT
from engine.running.choice import Choice, keep_choice, kept_choice
from engine.streams.factory import make_source
from engine.streams.settings import StreamSettings

LEAST_BITS = 62
DRAWS = {"randbits", "randbelow", "SystemRandom", "getrandbits", "randint", "randrange", "urandom"}
# Words that are said aloud, and clocks; none of them makes a plant.
MAY_DRAW = {"engine/seeds.py", "engine/classroom/passphrase.py"}


def test_a_drawn_seed_has_enough_bits(monkeypatch):
    asked = []
    monkeypatch.setattr(secrets, "randbits", lambda bits: asked.append(bits) or 5)

    assert seeds.new_seed() == 5
    assert min(asked) >= LEAST_BITS
    assert seeds.LARGEST_SEED.bit_length() >= LEAST_BITS


def drawn(tree: ast.AST) -> list[str]:
    """Return what draws a number in this source: calls of chance, and a clock that is cut to a seed."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in DRAWS:
                found.append(f"line {node.lineno}: {name}")
            if name == "default_rng" and not node.args:
                found.append(f"line {node.lineno}: default_rng without a seed")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and "time_ns" in ast.dump(node.left):
            found.append(f"line {node.lineno}: a clock modulo something")
    return found


@pytest.mark.parametrize("source", ["secrets.randbits(31)", "random.randrange(9)", "time.time_ns() % (1 << 31)"])
def test_the_search_finds_what_was_there(source):
    assert drawn(ast.parse(source))


def test_nothing_but_the_one_function_draws_a_seed():
    """The next plant, exercise or stream that needs a secret seed cannot be given a small one."""
    files = [path for folder in ("engine", "app", "pages", "lessons") for path in (PROJECT / folder).rglob("*.py")]
    found = {
        str(path.relative_to(PROJECT)): drawn(ast.parse(path.read_text("utf-8")))
        for path in files
        if path.relative_to(PROJECT).as_posix() not in MAY_DRAW
    }

    assert len(files) > 300
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_what_nobody_chose_is_drawn_there(monkeypatch):
    monkeypatch.setattr(secrets, "randbits", lambda bits: 2**bits - 3)

    practice = Practice("pump_easy", hours=1.0)

    assert practice._plants[0].seed == 2**seeds.BITS - 3
    assert make_source(StreamSettings()).seed == 2**seeds.BITS - 3


def test_kept_choices_keep_small_and_large_seeds(tmp_path: Path):
    for seed in (0, 7, 2**31 - 1, seeds.LARGEST_SEED):
        keep_choice(tmp_path, Choice("pump_station", seed))
        assert kept_choice(tmp_path) == Choice("pump_station", seed)


@pytest.mark.parametrize(("text", "seed"), [("", None), ("  ", None), ("7", 7), (" 9223372036854775807 ", 2**63 - 1)])
def test_a_typed_seed_is_read(text, seed):
    assert seeds.chosen_seed(text) == seed


@pytest.mark.parametrize("text", ["-1", "1.5", "seven", "9223372036854775808", "9" * 5000, "٣", "1_000"])
def test_what_is_no_seed_is_refused_in_one_sentence(text):
    with pytest.raises(LabError, match="whole number from 0 to"):
        seeds.chosen_seed(text)
