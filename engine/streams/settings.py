"""Settings of a stream: flags beat the preset, the preset beats the file, the file beats the defaults."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml

from engine.errors import FileProblemError, LabError, UnknownNameError, nearest
from engine.params import Choice, Range, parameters_of

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "streaming.yaml"
JSON_MODES = ("api", "kafka", "mqtt", "table")  # whose rows have one form
MODES = ("console", "file", "api", "kafka", "mqtt", "table")
FORMATS = ("json", "csv", "parquet")


@dataclass(frozen=True)
class StreamSettings:
    """What a stream does; the names are the keys of the streaming guide's YAML.

    Parameters
    ----------
    rate
        Ticks per second of wall time; each tick has one row for every machine.
    duration
        Seconds until the stream ends; None = for ever.
    machines
        The machines that send; None = all.
    output_mode, output_path, api_url, kafka_topic, kafka_bootstrap_servers
        Where rows go; without a path a file is stream.jsonl (.csv, .parquet) in the lab's own folder, without a topic
        it is that of the Kafka file.
    mqtt_topic, mqtt_url, mqtt_qos, mqtt_retain, mqtt_ca_file
        See engine/streams/sinks/mqtt.py; the password is in the environment, MQTT_PASSWORD.
    include_anomalies, anomaly_injection_rate
        Whether faults start by themselves, and the probability that one starts at a row of a machine without a fault.
    maintenance_simulation, maintenance_interval
        Whether machines are serviced, and the seconds of event time between two services; a service is over before
        the next one begins, and services never take more than a fifth of the machines' time.
    data_format
        json or csv; files also parquet. None = by the ending of the output path, else json.
    include_derived_features, include_anomaly_labels
        Extra columns; labels are for instructors.
    interactive_mode, verbose
        Commands from the keyboard, and notices on stderr.
    seed, speed, plant, start
        The same seed and start give the same bytes; speed is event seconds for each second; start is ISO 8601.
    paced
        False = as fast as the sink takes it, for making files.
    naive_time
        Timestamps without the offset, as the guide prints them; they are UTC all the same.
    rolling_features
        Also the rolling statistics and z-scores, which the guide's examples do not show.
    rotate_mb
        A file sink starts a new file at this size; 0 = never.
    batch_size, workers
        Most rows in one HTTP request, and requests at the same time.
    queue_rows, queue_policy
        The queue between source and sink.
    """

    rate: Annotated[float, Range(0.001, 10_000.0, unit="Hz")] = 1.0
    duration: Annotated[float, Range(0.0, 1e9, unit="s")] | None = None
    machines: tuple[str, ...] | None = None
    output_mode: Annotated[str, Choice(MODES)] = "console"
    output_path: str | None = None
    api_url: str | None = None
    kafka_topic: str | None = None
    kafka_bootstrap_servers: tuple[str, ...] = ("localhost:9092",)
    mqtt_topic: str = "faultlab"
    mqtt_url: str = ""
    mqtt_qos: Annotated[int, Choice((0, 1, 2))] = 1
    mqtt_retain: bool = True
    mqtt_ca_file: str = ""
    include_anomalies: bool = True
    anomaly_injection_rate: Annotated[float, Range(0.0, 1.0)] = 0.01
    maintenance_simulation: bool = True
    maintenance_interval: Annotated[float, Range(60.0, 1e9, unit="s")] = 3600.0
    data_format: str | None = None
    include_derived_features: bool = True
    include_anomaly_labels: bool = False
    interactive_mode: bool = False
    verbose: bool = True
    seed: int | None = None
    speed: Annotated[float, Range(0.001, 100_000.0)] = 1.0
    plant: str = "pump_station"
    start: str | None = None
    paced: bool = True
    naive_time: bool = False
    rolling_features: bool = False
    rotate_mb: Annotated[float, Range(0.0, 1e6, unit="MB")] = 0.0
    batch_size: Annotated[int, Range(1, 100_000)] = 100
    workers: Annotated[int, Range(1, 64)] = 4
    queue_rows: Annotated[int, Range(1, 10_000_000)] = 20_000
    queue_policy: Annotated[str, Choice(("block", "drop_oldest", "drop_newest", "sample"))] = "block"
    origin: dict[str, str] = field(default_factory=dict, compare=False)
    overrides: tuple[str, ...] = field(default=(), compare=False)

    @property
    def format(self) -> str:
        """The format in force: as said, else by the ending of the output path, else JSON lines."""
        if self.data_format is not None:
            return self.data_format
        ending = Path(self.output_path or "").suffix.lower().lstrip(".")
        return ending if self.output_mode == "file" and ending in ("csv", "parquet") else "json"

    def as_yaml(self) -> str:
        """Return the effective settings as a settings file, with the origin of each value as a comment."""
        lines = ["streaming:"]
        for key in KEYS:
            lines.append(f"  {key}: {json.dumps(getattr(self, key))}  # from {self.origin.get(key, 'default')}")
        return "\n".join(lines) + "\n"


KEYS = tuple(f.name for f in dataclasses.fields(StreamSettings) if f.name not in ("origin", "overrides"))
OPTIONAL = ("duration", "machines", "output_path", "api_url", "kafka_topic", "data_format", "seed", "start")


def settle(
    flags: dict[str, Any], config: Path | str | None = None, preset: str | None = None, **base: Any
) -> StreamSettings:
    """Return the settings of a stream.

    Parameters
    ----------
    flags
        What was given on the command line, None = not given.
    config, preset
        A settings file, and the name of a preset in it or in the shipped file.
    base
        Other defaults than those of the guide, for a command that needs some.

    Raises
    ------
    LabError
        When the file, a key or a value cannot be used; the text says what to write.
    """
    layers = [("default", dict(base))]
    from_file, presets = _read(Path(config)) if config is not None else ({}, {})
    layers.append((f"file {config}", from_file))
    if preset is not None:
        presets = {**_read(SHIPPED)[1], **presets}
        if preset not in presets:
            raise UnknownNameError("preset", preset, presets)
        layers.append((f"preset {preset}", presets[preset]))
    layers.append(("flag", {key: value for key, value in flags.items() if value is not None}))
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    overrides: list[str] = []
    for where, layer in layers:
        typed = {key: _typed(key, value) for key, value in layer.items()}
        overrides += [
            f"{key} is {_shown(value)} ({where}), not {_shown(values[key])} ({origin[key]})."
            for key, value in typed.items()
            if origin.get(key, "default") != "default" and value != values[key]
        ]
        values.update(typed)
        origin.update(dict.fromkeys(layer, where))
    return _checked(StreamSettings(**values, origin=origin, overrides=tuple(overrides)))


def _shown(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else json.dumps(value)


def preset_names() -> tuple[str, ...]:
    """Return the presets of the shipped file."""
    return tuple(_read(SHIPPED)[1])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError:
        raise FileProblemError(path, "", "it cannot be read", "give the path of a settings file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark is not None else ""
        raise FileProblemError(path, place, "this is not YAML", "write `key: value` lines under streaming:") from None
    if not isinstance(data, dict):
        raise FileProblemError(path, "line 1", "there is no streaming: section", "begin with streaming:")
    streaming, presets = data.get("streaming") or {}, data.get("presets") or {}
    for place, section in [("streaming", streaming), *((f"presets.{name}", presets[name]) for name in presets)]:
        _refuse_unknown(path, place, section)
    return streaming, presets


def _refuse_unknown(path: Path, place: str, section: Any) -> None:
    if not isinstance(section, dict):
        raise FileProblemError(path, place, "this is not a list of keys", "write `key: value` lines under it")
    for key in section:
        if key not in KEYS:
            near = nearest(str(key), KEYS)
            raise FileProblemError(
                path, f"{place}.{key}", "no such key", f"write {near or 'one of ' + ', '.join(KEYS)}"
            )


def _typed(key: str, value: Any) -> Any:
    if value is None and key in OPTIONAL:
        return None
    if key in ("machines", "kafka_bootstrap_servers"):
        words = value.replace(",", " ").split() if isinstance(value, str) else list(value)
        return tuple(str(word) for word in words) or None
    if key == "duration":
        value = float(value) if isinstance(value, int | float | str) and _is_number(value) else value
        if not isinstance(value, float) or not 0.0 <= value < 1e9:
            raise LabError(f"duration must be a number of seconds, 0 or more, got {value!r}.")
        return value
    if key == "data_format" and value not in FORMATS:
        raise LabError(f"data_format must be one of: {', '.join(FORMATS)}, got {value!r}.")
    if key == "seed":
        if isinstance(value, bool) or not isinstance(value, int):
            raise LabError(f"seed must be a whole number, got {value!r}.")
        return value
    return _RULES[key].check(value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return not isinstance(value, bool)


def _checked(settings: StreamSettings) -> StreamSettings:
    if settings.output_mode == "api" and settings.api_url is None:
        raise LabError("Mode api needs --url; give it or set api_url in the file.")
    form, where = settings.data_format, settings.origin.get("data_format", "")
    meant = form not in (None, "json") and not where.startswith("preset")  # a preset's is of the preset's own mode
    if settings.output_mode in JSON_MODES and meant:
        raise LabError(
            f"Mode {settings.output_mode} sends JSON, not {form}; leave --format out, or use --mode file or console."
        )
    if settings.output_mode != "file" and settings.format == "parquet":
        raise LabError("Parquet is for files; use --mode file --output name.parquet.")
    return settings


_RULES = {parameter.name: parameter for parameter in parameters_of(StreamSettings)}
