"""`python -m engine stream`: the simulated plant as a stream to terminal, file, HTTP, Kafka, MQTT or table."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine.streams.flow import Flow
    from engine.streams.settings import StreamSettings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stream", context_settings={"allow_extra_args": True})(stream)


def stream(
    context: typer.Context,
    mode: Annotated[str | None, typer.Option(help="console, file, api, kafka, mqtt or table")] = None,
    rate: Annotated[float | None, typer.Option(help="Ticks per second; each has a row for every machine")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds; for ever unless given")] = None,
    machines: Annotated[list[str] | None, typer.Option(help="Machines, one or more; all unless given")] = None,
    output: Annotated[str | None, typer.Option(help="File to write")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Address to post JSON to, such as a lab's /api/predict or /api/plants/NAME/readings"),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Kafka topic; MQTT topic that all others begin with")] = None,
    bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated")] = None,
    mqtt_url: Annotated[
        str | None, typer.Option(help="MQTT broker, such as mqtts://user@host:8883; the password is MQTT_PASSWORD")
    ] = None,
    qos: Annotated[int | None, typer.Option(help="MQTT quality of service: 0, 1 or 2")] = None,
    no_retain: Annotated[bool, typer.Option("--no-retain", help="MQTT: the newest rows are not kept")] = False,
    ca_file: Annotated[str | None, typer.Option(help="MQTT: the authority of the broker's certificate, PEM")] = None,
    no_anomalies: Annotated[bool, typer.Option("--no-anomalies", help="No faults by chance")] = False,
    anomaly_rate: Annotated[float | None, typer.Option(help="Probability at a tick that a fault starts")] = None,
    no_maintenance: Annotated[bool, typer.Option("--no-maintenance", help="No services")] = False,
    maintenance_interval: Annotated[float | None, typer.Option(help="Event seconds between services, from 60")] = None,
    form: Annotated[str | None, typer.Option("--format", help="json, csv or parquet (files)")] = None,
    no_derived_features: Annotated[bool, typer.Option("--no-derived-features", help="Sensors only")] = False,
    rolling_features: Annotated[bool, typer.Option("--rolling-features", help="Rolling statistics too")] = False,
    labels: Annotated[
        bool | None, typer.Option("--include-labels/--no-labels", help="Label columns, for instructors; off")
    ] = None,
    interactive: Annotated[bool, typer.Option("--interactive", help="Take commands from the keyboard")] = False,
    emoji: Annotated[bool, typer.Option("--emoji", help="The streaming guide's marks in --interactive")] = False,
    naive_time: Annotated[bool, typer.Option("--naive-time", help="Timestamps without +00:00, still UTC")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notices on stderr")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file, such as data/streaming.yaml")] = None,
    preset: Annotated[str | None, typer.Option(help="Named settings; they beat the file, flags beat them")] = None,
    kafka_config: Annotated[Path | None, typer.Option(help="Kafka settings file, such as data/kafka.yaml")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes")] = None,
    speed: Annotated[float | None, typer.Option(help="Event seconds for each second")] = None,
    plant: Annotated[str | None, typer.Option(help="Plant name or file")] = None,
    start: Annotated[str | None, typer.Option(help="Event time of the first tick, ISO 8601")] = None,
    unpaced: Annotated[bool, typer.Option("--unpaced", help="As fast as possible, for making files")] = False,
    rotate_mb: Annotated[float | None, typer.Option(help="Start a new file at this size")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Rows in an HTTP request: 1 = one JSON object, more = a JSON array")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="HTTP requests at the same time")] = None,
    queue_policy: Annotated[str | None, typer.Option(help="block, drop_oldest, drop_newest or sample")] = None,
    show_settings: Annotated[bool, typer.Option("--show-settings", help="Print the settings in force")] = False,
) -> None:
    """Stream the simulated plant: data on standard output, everything else on standard error."""
    from engine.errors import LabError
    from engine.streams.settings import settle

    if context.args and not machines:
        raise LabError(f"{context.args[0]!r} belongs to no option; see --help.")
    flags: dict[str, Any] = {
        "rate": rate,
        "duration": duration,
        "machines": [*machines, *context.args] if machines else None,
        "output_mode": mode,
        "output_path": output,
        "api_url": url,
        "kafka_topic": topic,
        "mqtt_topic": topic,
        "mqtt_url": mqtt_url,
        "mqtt_qos": qos,
        "mqtt_retain": False if no_retain else None,
        "mqtt_ca_file": ca_file,
        "kafka_bootstrap_servers": bootstrap_servers,
        "include_anomalies": False if no_anomalies else None,
        "anomaly_injection_rate": anomaly_rate,
        "maintenance_simulation": False if no_maintenance else None,
        "maintenance_interval": maintenance_interval,
        "data_format": form,
        "include_derived_features": False if no_derived_features else None,
        "rolling_features": rolling_features or None,
        "include_anomaly_labels": labels,
        "interactive_mode": interactive or None,
        "naive_time": naive_time or None,
        "verbose": False if quiet else None,
        "seed": seed,
        "speed": speed,
        "plant": plant,
        "start": start,
        "paced": False if unpaced else None,
        "rotate_mb": rotate_mb,
        "batch_size": batch_size,
        "workers": workers,
        "queue_policy": queue_policy,
    }
    settings = settle(flags, config, preset)
    if show_settings:
        sys.stdout.write(settings.as_yaml())
        return
    for override in settings.overrides:
        say(settings, override)
    run_stream(settings, kafka_config, emoji)


def run_stream(settings: StreamSettings, kafka_file: Path | None = None, emoji: bool = False) -> None:
    """Run the stream to its end, to SIGTERM or to Ctrl-C, and print its books on stderr.

    Raises
    ------
    typer.Exit
        With code 1 when rows were not delivered.
    """
    from engine.streams.factory import make_flow

    flow = make_flow(settings, kafka_file)
    if hasattr(flow.sink, "say"):
        flow.sink.say = lambda line: say(settings, line)
    _stop_on_signals(flow)
    if settings.interactive_mode:
        from engine.streams.interactive import Commands, listen

        commands = Commands(flow.source, flow.stop, emoji)
        say(settings, commands.help)
        if not listen(commands, sys.stdin, sys.stderr):
            say(settings, "There is no keyboard here (standard input is closed); the stream runs without commands.")
    say(
        settings,
        f"Streaming {settings.plant} to {_place(settings, flow)} at {settings.rate:g} ticks/s; Ctrl-C ends it.",
    )
    try:
        flow.run()
    finally:
        tell_books(settings, flow)
    if flow.books().spooled or (flow.books().lost and not getattr(flow.sink, "reader_gone", False)):
        raise typer.Exit(1)


def tell_books(settings: StreamSettings, flow: Flow) -> None:
    """Print the books on stderr, and what was not delivered even when the stream is quiet."""
    books = flow.books()
    problem = getattr(flow.sink, "last_problem", "")
    if problem and (books.spooled or books.lost):
        waits = f"; {books.spooled:,} rows wait on disk for the next stream to there" if books.spooled else ""
        print(f"Not everything was delivered: {problem.rstrip('.')}{waits}.", file=sys.stderr)
    if note := getattr(flow.sink, "last_note", ""):
        print(f"The receiver says: {note}", file=sys.stderr)
    if settings.verbose or books.spooled or books.lost:
        print("\n".join(books.lines()), file=sys.stderr)


def say(settings: StreamSettings, text: str) -> None:
    """Print a notice on stderr, unless the stream is quiet."""
    if settings.verbose:
        print(text, file=sys.stderr, flush=True)


def _place(settings: StreamSettings, flow: Flow) -> str:
    from engine.home import home
    from engine.streams.factory import file_of

    if settings.output_mode == "file":
        return file_of(settings)
    if settings.output_mode == "table":
        return f"table {settings.output_path or home() / 'stream.duckdb'}"
    places = {"api": settings.api_url, "kafka": f"topic {getattr(flow.sink, 'topic', '')}"}
    if settings.output_mode == "mqtt":
        return f"MQTT topic {settings.mqtt_topic}/MACHINE/readings"
    return str(places.get(settings.output_mode, settings.output_mode))


def _stop_on_signals(flow: Flow) -> None:
    """End in good order on SIGTERM and Ctrl-C; only here, since a library must not install signal handlers."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: flow.stop())
