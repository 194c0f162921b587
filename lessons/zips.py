"""Lessons as zip files: read with limits on names, sizes and kinds of files; nothing in one is ever run."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path, PurePosixPath

from engine.errors import LabError
from lessons.spec import NAME

MOST_ZIP_BYTES = 20_000_000
MOST_FILES = 60
MOST_TEXT_BYTES = 500_000
MOST_IMAGE_BYTES = 2_000_000
MOST_PIXELS = 20_000_000
TEXTS = (".md", ".yaml")
IMAGES = (".png", ".jpg")
NEEDED = ("lesson.md", "lab.yaml", "quiz.yaml")
NOT_TAKEN = ("proof.json",)  # a proof is made here, not brought along


def unpack_lesson(content: bytes, into: Path, name: str) -> Path:
    """Write the lesson in a zip into a new folder below `into`; returns the folder.

    Raises
    ------
    LabError
        When anything in the zip is too large, oddly named, or no part of a lesson; nothing is written then.
    """
    folder = free_folder(into, name)
    files = _files_of(content)
    missing = [needed for needed in NEEDED if needed not in files]
    if missing:
        raise LabError(f"{name}: the zip has no {missing[0]}; a lesson has {', '.join(NEEDED)} in one folder.")
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def free_folder(into: Path, name: str) -> Path:
    """Return a folder of that name that does not exist yet.

    Raises
    ------
    LabError
        When the name is no lesson name, or there is such a folder.
    """
    short = re.sub(r"^\d+-", "", name)
    if not re.match(NAME, short):
        raise LabError(f"{name!r} is no lesson name; use small letters, digits and hyphens, such as 17-my-lesson.")
    if (into / name).exists():
        raise LabError(f"There is a lesson {name!r} already; choose another name or open that one.")
    return into / name


def pack_lesson(folder: Path) -> bytes:
    """Return the lesson's files as a zip, without its proof."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in NOT_TAKEN and path.suffix.lower() in (*TEXTS, *IMAGES, ".svg"):
                # A fixed date: the same lesson gives the same zip.
                entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", (2026, 1, 1, 0, 0, 0))
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _files_of(content: bytes) -> dict[str, bytes]:
    if len(content) > MOST_ZIP_BYTES:
        raise LabError(f"The zip is larger than {MOST_ZIP_BYTES // 1_000_000} MB; make its images smaller.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise LabError("This is no zip file; pack the lesson's folder as a zip.") from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _of_the_system(entry.filename)]
    if len(entries) > MOST_FILES:
        raise LabError(f"The zip has {len(entries)} files; a lesson has at most {MOST_FILES}.")
    top = _common_folder([_clean(entry.filename) for entry in entries])
    found: dict[str, bytes] = {}
    for entry in entries:
        path = _clean(entry.filename).removeprefix(top)
        if path in NOT_TAKEN:
            continue
        found[path] = _content(archive, entry, path)
    return found


def _of_the_system(name: str) -> bool:
    """Return whether an operating system put the file there."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db")


def _clean(name: str) -> str:
    """Return the path with forward slashes.

    Raises
    ------
    LabError
        When it leaves the folder, or is absolute.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or any(ord(char) < 32 for char in name):
        raise LabError(f"The zip has a file called {name[:80]!r}, which leaves its folder; pack it again.")
    return path.as_posix()


def _common_folder(paths: list[str]) -> str:
    """Return the folder that all files lie in, with its slash; "" when they lie at the top."""
    if any("/" not in path for path in paths):
        return ""
    tops = {path.split("/", 1)[0] for path in paths}
    return f"{tops.pop()}/" if len(tops) == 1 and "img" not in tops else ""


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> bytes:
    suffix = PurePosixPath(path).suffix.lower()
    folder = PurePosixPath(path).parent.as_posix()
    if suffix not in (*TEXTS, *IMAGES) or folder not in ((".",) if suffix in TEXTS else (".", "img")):
        raise LabError(f"{path}: this is no part of a lesson; text lies beside lesson.md, png and jpg in img/.")
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        raise LabError(f"{path}: this is a link, not a file; pack the file itself.")
    limit = MOST_TEXT_BYTES if suffix in TEXTS else MOST_IMAGE_BYTES
    try:
        with archive.open(entry) as file:
            data = file.read(limit + 1)  # never more than this, whatever the header claims
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise LabError(f"{path}: the file cannot be unpacked; pack the zip again without a password.") from None
    if len(data) > limit:
        raise LabError(f"{path}: the file is larger than {limit // 1000:,} kB; make it smaller.")
    return _redrawn(data, path) if suffix in IMAGES else _text(data, path)


def _text(data: bytes, path: str) -> bytes:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabError(f"{path}: this is not UTF-8 text; save it as UTF-8.") from None
    return data


def _redrawn(data: bytes, path: str) -> bytes:
    """Return the image drawn anew, so that nothing but the picture is kept."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise LabError(f"{path}: the image has more than {MOST_PIXELS // 1_000_000} million pixels.")
            out = io.BytesIO()
            if path.lower().endswith(".png"):
                image.convert("RGBA").save(out, "PNG")
            else:
                image.convert("RGB").save(out, "JPEG", quality=90)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError):
        raise LabError(f"{path}: this is no readable png or jpg; export it again.") from None
