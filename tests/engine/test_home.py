"""The lab's folder is named in one place."""

import os
import stat

import pytest

from app.keys import Keys
from engine.classroom.opening import open_class
from engine.home import PROJECT, close_to_others, home


def test_the_environment_names_the_folder_and_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "lab" / "one"))

    assert home() == tmp_path / "lab" / "one"
    assert home().is_dir()


def test_without_it_the_folder_lies_beside_the_code(monkeypatch):
    monkeypatch.setenv("FAULTLAB_HOME", " ")

    assert home() == PROJECT / "data" / "local"


def test_nobody_else_reads_the_variable():
    readers = [
        path.relative_to(PROJECT)
        for folder in ("engine", "app", "pages", "lessons")
        for path in (PROJECT / folder).rglob("*.py")
        if "environ" in path.read_text(encoding="utf-8") and '"FAULTLAB_HOME"' in path.read_text(encoding="utf-8")
    ]

    assert [str(path) for path in readers] == ["engine/home.py"] or [path.name for path in readers] == ["home.py"]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask():
    """Others may read what is made, as on most computers."""
    before = os.umask(0o022)
    yield
    os.umask(before)


needs_modes = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@needs_modes
def test_keys_truth_and_people_are_made_for_their_owner_only(tmp_path, open_umask):
    folder = tmp_path / "local"
    Keys(folder)
    with open_class(folder) as school:
        school.people.add()
        names = {path.name: mode(path) for path in folder.iterdir()}

    assert mode(folder) == 0o700
    assert {"access.json", "faultlab.duckdb", "vault.duckdb", "receipts.jsonl"} <= set(names)
    assert {name: bits for name, bits in names.items() if bits != 0o600} == {}


@needs_modes
def test_what_an_earlier_version_left_open_is_mended(tmp_path, open_umask):
    folder = tmp_path / "local"
    (folder / "models").mkdir(parents=True)
    for name in ("access.json", "vault.duckdb", "models/one.skops"):
        (folder / name).write_bytes(b"x")

    close_to_others(folder)

    assert [mode(path) for path in (folder, folder / "models")] == [0o700, 0o700]
    assert {mode(path) for path in folder.rglob("*") if path.is_file()} == {0o600}


@needs_modes
@pytest.mark.parametrize("bits", [0o1777, 0o755])
def test_a_folder_of_others_is_left_alone(tmp_path, open_umask, bits):
    """Somebody may name /tmp, or a folder with other things in it."""
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "theirs.txt").write_text("x", "utf-8")
    folder.chmod(bits)

    close_to_others(folder)

    assert (stat.S_IMODE(folder.stat().st_mode), mode(folder / "theirs.txt")) == (bits, 0o644)


@needs_modes
def test_links_out_of_the_home_are_not_followed(tmp_path, open_umask):
    folder, outside = tmp_path / "local", tmp_path / "outside.txt"
    folder.mkdir()
    outside.write_text("x", "utf-8")
    (folder / "link").symlink_to(outside)
    (folder / "access.json").write_bytes(b"x")

    close_to_others(folder)

    assert mode(outside) == 0o644
