"""The plant that was chosen: what is offered, what is refused, what the home keeps."""

from __future__ import annotations

import pytest

from engine.errors import FileProblemError, LabError, UnknownNameError
from engine.plant.spec import OWN_FOLDER, PLANT_FOLDER, load_plant
from engine.running.choice import FILE, Choice, checked_choice, keep_choice, kept_choice, offers

GOOD = (PLANT_FOLDER / "wind_turbine.yaml").read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    (tmp_path / OWN_FOLDER).mkdir()
    return tmp_path


def own(home, name, text):
    (home / OWN_FOLDER / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_yaml_file_in_the_home_is_a_plant(home):
    own(home, "my_hall", GOOD.replace("name: wind_turbine", "name: my_hall").replace("Wind turbine parts", "My hall"))

    found = {offer.name: offer for offer in offers(home)}

    assert (found["my_hall"].title, found["my_hall"].source, found["my_hall"].problem) == ("My hall", "own", "")
    assert found["pump_station"].source == "shipped"
    assert load_plant("my_hall").machines == load_plant("wind_turbine").machines
    assert checked_choice(home, Choice("my_hall")).plant == "my_hall"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("my_hall", GOOD, "the plant is called 'wind_turbine'"),
        ("wind_turbine", GOOD, "another plant is called 'wind_turbine'"),
        ("my_hall", GOOD.replace("unit: dB", "unti: dB"), "my_hall.yaml, line"),
        ("my_hall", "", "my_hall.yaml"),
    ],
)
def test_a_file_that_is_wrong_is_offered_with_its_problem_and_cannot_be_chosen(home, name, text, words):
    own(home, name, text)

    (offer,) = [one for one in offers(home) if one.source == "own"]

    assert words in offer.problem
    if name != "wind_turbine":
        with pytest.raises(LabError, match="my_hall"):
            checked_choice(home, Choice(name))


@pytest.mark.parametrize("name", ["wind_turbin", "", "../plants/wind_turbine", "/etc/passwd.yaml", "x.yaml"])
def test_only_what_is_offered_can_be_chosen(home, name):
    """A name never becomes a path."""
    with pytest.raises(UnknownNameError):
        checked_choice(home, Choice(name))
    if not name.endswith(".yaml"):
        with pytest.raises(UnknownNameError):
            load_plant(name)


def test_the_home_keeps_the_choice(home):
    assert kept_choice(home) is None

    keep_choice(home, Choice("wind_turbine", 7, 60.0))

    assert kept_choice(home) == Choice("wind_turbine", 7, 60.0)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"plant": 3}', '{"plant": "x", "seed": -1}', '{"plant": "x", "speed": 0}']
)
def test_a_damaged_choice_says_what_to_do(home, text):
    (home / FILE).write_text(text, encoding="utf-8")

    with pytest.raises(FileProblemError, match="delete it and choose again"):
        kept_choice(home)
