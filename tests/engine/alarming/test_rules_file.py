"""Rules in YAML: defaults, exceptions, and errors that name the place."""

import pytest

from engine.alarming.rules import AlarmRules
from engine.alarming.rules_file import load_rules
from engine.alarms import AlarmDesk
from engine.errors import FileProblemError


def test_a_detector_keeps_the_default_where_its_section_says_nothing(tmp_path):
    file = tmp_path / "alarms.yaml"
    file.write_text("default:\n  confirm: 5\n  off_delay_s: 30\ncusum:\n  confirm: 1\n", encoding="utf-8")

    desk = AlarmDesk(load_rules(file))

    assert desk.rules_for("ewma") == AlarmRules(confirm=5, off_delay_s=30.0)
    assert desk.rules_for("cusum") == AlarmRules(confirm=1, off_delay_s=30.0)


def test_an_empty_file_means_the_defaults(tmp_path):
    (tmp_path / "alarms.yaml").write_text("", encoding="utf-8")

    assert load_rules(tmp_path / "alarms.yaml") == {"default": AlarmRules()}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default:\n  confirn: 3\n", "Did you mean 'confirm'"),
        ("ewma:\n  confirm: 0\n", "confirm must be"),
        ("ewma: 3\n", "a section holds rules"),
        ("- 1\n", "it has no sections"),
        ("a: [1\nb: 2", "line 2"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, text, told):
    (tmp_path / "alarms.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(FileProblemError, match=told):
        load_rules(tmp_path / "alarms.yaml")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileProblemError, match="cannot be read"):
        load_rules(tmp_path / "no.yaml")
