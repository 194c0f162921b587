"""Settings: flags beat the preset, the preset beats the file; what is wrong is named with its place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.errors import LabError
from engine.streams.settings import KEYS, SHIPPED, StreamSettings, preset_names, settle

GUIDE_KEYS = [
    "rate",
    "duration",
    "machines",
    "output_mode",
    "output_path",
    "api_url",
    "kafka_topic",
    "kafka_bootstrap_servers",
    "include_anomalies",
    "anomaly_injection_rate",
    "maintenance_simulation",
    "maintenance_interval",
    "data_format",
    "include_derived_features",
    "include_anomaly_labels",
    "interactive_mode",
    "verbose",
]


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text)
    return path


def test_flags_beat_the_preset_and_the_preset_beats_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "streaming:\n  rate: 1\n  anomaly_injection_rate: 0.2\n  speed: 7\n")

    settings = settle({"rate": 3.0, "duration": None}, file, "api_test")

    assert (settings.rate, settings.anomaly_injection_rate, settings.speed) == (3.0, 0.05, 7.0)
    assert settings.origin["rate"] == "flag"
    assert settings.origin["speed"] == f"file {file}"
    assert settings.origin["output_mode"] == "preset api_test"


def test_each_value_that_is_beaten_is_told_once_and_an_equal_one_is_not(tmp_path: Path) -> None:
    file = write(tmp_path, "streaming:\n  rate: 1\n  output_mode: api\n  machines: [A, B]\n")

    told = settle({"machines": ["C"]}, file, "api_test").overrides

    assert told == (
        f"rate is 2.0 (preset api_test), not 1.0 (file {file}).",
        f"machines is C (flag), not A,B (file {file}).",
    )


def test_the_printed_settings_are_a_file_that_gives_the_same_settings(tmp_path: Path) -> None:
    settings = settle({"rate": 3.0, "machines": ["A", "B"], "seed": 4}, None, "instructor_testing")

    again = settle({}, write(tmp_path, settings.as_yaml()))

    assert again == settings
    assert "rate: 3.0  # from flag" in settings.as_yaml()


def test_every_key_of_the_guide_is_taken(tmp_path: Path) -> None:
    """The guide's YAML as it stands."""
    assert set(GUIDE_KEYS) <= set(KEYS)
    text = (
        "streaming:\n  rate: 1.0\n  duration: null\n  machines: null\n  output_mode: 'console'\n  output_path: null\n"
        "  kafka_bootstrap_servers:\n    - 'localhost:9092'\n  include_anomaly_labels: true\n  verbose: true\n"
    )

    assert settle({}, write(tmp_path, text)).include_anomaly_labels is True


def test_the_commented_lines_of_the_shipped_file_are_the_defaults() -> None:
    """The file documents what holds when nothing is set."""
    lines = SHIPPED.read_text().split("presets:")[0].splitlines()
    text = "\n".join(line.replace("#", " ", 1) if line.startswith("#  ") else line for line in lines)
    written = yaml.safe_load(text)["streaming"]

    assert set(written) == set(KEYS)
    for key, value in written.items():
        default = getattr(StreamSettings(), key)
        assert (tuple(value) if isinstance(value, list) else value) == default, key


def test_the_six_presets_of_the_guide_are_there_and_only_the_instructors_has_labels() -> None:
    labelled = {name: settle({}, SHIPPED, name).include_anomaly_labels for name in preset_names()}

    assert labelled == {
        "development": False,
        "production": False,
        "api_test": False,
        "file_logging": False,
        "clean_data": False,
        "instructor_testing": True,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("streaming:\n  rat: 1", "streaming.rat: no such key; write rate"),
        ("streaming:\n  rate: fast", "rate must be from 0.001 to 10000 Hz, got 'fast'"),
        ("streaming:\n  rate: -1", "rate must be from"),
        ("streaming:\n  maintenance_interval: 5", "maintenance_interval must be from 60 to 1e+09 s, got 5"),
        ("streaming:\n  include_anomalies: perhaps", "include_anomalies must be true or false"),
        ("streaming:\n  output_mode: konsole", "Did you mean 'console'"),
        ("streaming:\n  duration: -3", "duration must be a number of seconds"),
        ("streaming: [1, 2]", "streaming: this is not a list of keys"),
        ("rate: 1: 2", "this is not YAML"),
        ("presets:\n  mine:\n    sped: 2", "presets.mine.sped: no such key; write speed"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_place_and_cure(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabError) as problem:
        settle({}, write(tmp_path, text))

    assert message in str(problem.value)


def test_an_unknown_preset_offers_the_nearest() -> None:
    with pytest.raises(LabError, match="Did you mean 'production'"):
        settle({}, None, "prodution")


def test_the_api_mode_needs_an_address_and_says_so() -> None:
    with pytest.raises(LabError, match="--url"):
        settle({"output_mode": "api"})


def test_the_format_follows_the_ending_of_the_file() -> None:
    """The public generator writes JSON lines into a .csv."""
    assert settle({"output_mode": "file", "output_path": "x.csv"}).format == "csv"
    assert settle({"output_mode": "file", "output_path": "x.csv", "data_format": "json"}).format == "json"
    assert settle({}).format == "json"


@pytest.mark.parametrize("mode", ["api", "kafka", "table"])
def test_a_format_that_a_mode_does_not_send_is_refused(mode: str) -> None:
    """It was posted as JSON without a word."""
    with pytest.raises(LabError, match=f"Mode {mode} sends JSON, not csv"):
        settle({"output_mode": mode, "data_format": "csv", "api_url": "http://x"})
