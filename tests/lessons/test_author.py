"""An instructor's lessons come from forms and zips; a zip can neither leave its folder nor fill the disk."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from engine.errors import LabError
from lessons import drafts
from lessons.proofs import is_proven, keep_table, seed_table
from lessons.reader import COURSE, find_lesson, load_lesson, read_lesson
from lessons.zips import MOST_FILES, MOST_TEXT_BYTES, pack_lesson, unpack_lesson

SOUND = {name: (COURSE / "02-thresholds" / name).read_bytes() for name in drafts.FILES}


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def png(width: int = 2, height: int = 2) -> bytes:
    """Return a small grey picture with a comment that must not survive."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    note = chunk(b"tEXt", b"Comment\0a secret note")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + note + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("top", ["", "17-mine/", "17-mine\\"])
def test_a_zip_with_or_without_a_folder_becomes_a_draft(tmp_path: Path, top: str) -> None:
    folder = unpack_lesson(zipped({top + name: data for name, data in SOUND.items()}), tmp_path, "17-mine")

    assert read_lesson(folder)[1] == []


def test_what_was_packed_unpacks_to_the_same_lesson(tmp_path: Path) -> None:
    source = find_lesson("thresholds").folder

    folder = unpack_lesson(pack_lesson(source), tmp_path, "copy")

    assert (folder / "lab.yaml").read_bytes() == (source / "lab.yaml").read_bytes()
    assert not (folder / "proof.json").exists()
    assert pack_lesson(source) == pack_lesson(source)


EVIL = {
    "../evil.md": "leaves its folder",
    "/etc/evil.md": "leaves its folder",
    "C:\\evil.md": "leaves its folder",
    "a/../../evil.md": "leaves its folder",
    "tool.py": "no part of a lesson",
    "img/drawing.svg": "no part of a lesson",
    "deep/er/lesson.md": "no part of a lesson",
}


@pytest.mark.parametrize(("name", "words"), EVIL.items())
def test_a_file_that_does_not_belong_is_refused_and_nothing_is_written(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        unpack_lesson(zipped({**SOUND, name: b"x"}), tmp_path / "in", "mine")
    assert not (tmp_path / "in").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A megabyte of zeros packs into a thousand bytes."""
    with pytest.raises(LabError, match="larger than"):
        unpack_lesson(zipped({**SOUND, "lesson.de.md": b"0" * (MOST_TEXT_BYTES + 1)}), tmp_path, "mine")


def test_a_header_that_lies_about_the_size_is_not_believed(tmp_path: Path) -> None:
    whole = zipped({**SOUND, "lesson.de.md": b"0" * 3_000_000})
    lied = whole.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))

    with pytest.raises(LabError, match=r"larger than|cannot be unpacked"):
        unpack_lesson(lied, tmp_path, "mine")


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    many = {f"img/{number}.png": png() for number in range(MOST_FILES)}

    with pytest.raises(LabError, match="at most 60"):
        unpack_lesson(zipped({**SOUND, **many}), tmp_path, "mine")


def test_a_link_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in SOUND.items():
            archive.writestr(name, data)
        link = zipfile.ZipInfo("lesson.de.md")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(LabError, match="is a link"):
        unpack_lesson(out.getvalue(), tmp_path, "mine")


def test_images_are_drawn_anew(tmp_path: Path) -> None:
    folder = unpack_lesson(zipped({**SOUND, "img/plot.png": png()}), tmp_path, "mine")

    assert b"secret" not in (folder / "img" / "plot.png").read_bytes()


@pytest.mark.parametrize(("content", "words"), [(b"no zip", "no zip file"), (zipped({}), "has no lesson.md")])
def test_what_is_no_lesson_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(LabError, match=words):
        unpack_lesson(content, tmp_path, "mine")


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no readable png"):
        unpack_lesson(zipped({**SOUND, "img/plot.png": b"<script>"}), tmp_path, "mine")


@pytest.mark.parametrize("name", ["../x", "", "A", "x" * 80, "a b"])
def test_a_folder_name_is_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabError, match="no lesson name"):
        unpack_lesson(zipped(SOUND), tmp_path, name)


def test_a_draft_is_made_changed_and_deleted() -> None:
    folder = drafts.copy_of("02-thresholds", "mine")
    drafts.save_text(folder, "quiz.yaml", "version: 1\r\nquestions: nothing\r\n")

    lesson, problems = drafts.looked_at(folder)

    assert lesson is None
    assert [drafts.line_number(problem) for problem in problems] == [2]
    assert not is_proven(load_lesson(COURSE / "02-thresholds")) or not (folder / "proof.json").exists()
    drafts.delete("mine")
    assert drafts.drafts() == []
    with pytest.raises(LabError, match="no draft"):
        drafts.draft("mine")


def test_only_the_three_files_can_be_written() -> None:
    folder = drafts.new_draft("mine")

    with pytest.raises(LabError, match="no file of a lesson"):
        drafts.save_text(folder, "../../other.md", "x")
    with pytest.raises(LabError, match="make it shorter"):
        drafts.save_text(folder, "lesson.md", "x" * (MOST_TEXT_BYTES + 1))


def test_the_table_of_seeds_becomes_the_proof() -> None:
    """The page proves seed by seed; a lesson is proven only by twenty of them."""
    lesson = load_lesson(drafts.copy_of("museum-sliding-tumbling", "mine"))
    shares: list[float] = []

    rows = seed_table(lesson, 20, shares.append, lambda: False)
    keep_table(lesson, rows)

    assert [row.share for row in rows] == [1.0, 0.0, 0.0, 0.0]
    assert shares[-1] == 1.0
    assert is_proven(lesson)


def test_a_cancelled_proof_gives_no_table() -> None:
    lesson = load_lesson(drafts.copy_of("museum-sliding-tumbling", "mine"))

    assert seed_table(lesson, 20, lambda share: None, lambda: True) == []
