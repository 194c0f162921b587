"""The lab's folder is named in one place."""

from engine.home import PROJECT, home


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
