"""`python -m engine process`: windowed stream processing, in memory or through Kafka."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.streams.processing import Processing


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("process")(process)


def process(
    window_type: Annotated[str, typer.Option(help="time (tumbling), hopping, session or count")] = "time",
    window_size: Annotated[float, typer.Option(help="Seconds, or rows for count windows")] = 60.0,
    slide: Annotated[float, typer.Option(help="Seconds or rows between windows (hopping, count); 0 = size")] = 0.0,
    simulation_interval: Annotated[float, typer.Option(help="Seconds between ticks")] = 1.0,
    anomaly_probability: Annotated[float, typer.Option(help="Probability at a tick that a fault starts")] = 0.05,
    mode: Annotated[str, typer.Option(help="real_time, batch or hybrid")] = "real_time",
    kafka: Annotated[bool, typer.Option("--kafka", help="Send the rows through Kafka instead of memory")] = False,
    kafka_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port; implies --kafka")] = None,
    topic: Annotated[str, typer.Option(help="Kafka topic")] = "sensor-data",
    plant: Annotated[str, typer.Option(help="Plant name or file")] = "wind_turbine",
    machines: Annotated[list[str] | None, typer.Option(help="Machines; all unless given")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds of simulation; until Ctrl-C unless given")] = None,
    out_of_orderness: Annotated[float, typer.Option(help="Seconds a row may lag without being late")] = 0.0,
    allowed_lateness: Annotated[float, typer.Option(help="Seconds a window can be corrected (update)")] = 0.0,
    late_policy: Annotated[str, typer.Option(help="drop or update")] = "drop",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes")] = None,
    unpaced: Annotated[bool, typer.Option("--unpaced", help="Do not wait between ticks")] = False,
    statistics: Annotated[float, typer.Option(min=0.0, help="Seconds between figures on stderr; 0 = at the end")] = 5.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notices on stderr")] = False,
) -> None:
    """Process the simulated plant in windows: JSON lines with windows and alerts on standard output."""
    import orjson

    from engine.errors import LabError
    from engine.params import build
    from engine.records import SECOND_US, time_us
    from engine.seeds import new_seed
    from engine.streams.processing import MODES, Processing
    from engine.streams.processor import WindowSettings
    from engine.streams.sources.plant import START, PlantSource
    from engine.streams.transport import InMemory, ThroughKafka, Transport

    if mode not in MODES:
        raise LabError(f"mode must be one of: {', '.join(MODES)}, got {mode!r}.")
    if not simulation_interval > 0:
        raise LabError(f"simulation-interval must be more than 0 s, got {simulation_interval!r}.")
    if mode == "batch" and duration is None:
        duration = 600.0  # a batch has an end
    settings = build(
        WindowSettings,
        {
            "kind": window_type,
            "size": window_size,
            "slide": slide,
            "out_of_orderness_s": out_of_orderness,
            "allowed_lateness_s": allowed_lateness,
            "late_policy": late_policy,
        },
    )
    source = build(
        PlantSource,
        {
            "plant": plant,
            "seed": new_seed() if seed is None else seed,
            "machines": tuple(machines or ()),
            "start_us": time_us(START) if seed is not None else time.time_ns() // SECOND_US * 1000,
            "tick_us": max(1, round(simulation_interval * SECOND_US)),
            "fault_probability": anomaly_probability,
            "features": False,
            "ticks": 0 if duration is None else max(1, round(duration / simulation_interval)),
        },
    )
    servers = tuple(kafka_servers.split(",")) if kafka_servers else ()
    transport: Transport = ThroughKafka(topic, servers) if kafka or kafka_servers else InMemory()
    run = Processing(source, transport, settings, mode, simulation_interval, not unpaced)
    _stop_on_signals(run.stop)
    if statistics and not quiet:
        threading.Thread(target=_tell_meanwhile, args=(run, statistics), daemon=True).start()
    try:
        for result in run.run():
            sys.stdout.buffer.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        run.stop.set()
    finally:
        transport.close()
    run.stop.set()
    if not quiet:
        print(_figures(run), file=sys.stderr)


def _figures(run: Processing) -> str:
    figures = {"sent": run.sent, "received": run.received, **run.processor.counts()}
    return ", ".join(f"{name} {count:,}" for name, count in figures.items())


def _tell_meanwhile(run: Processing, every_s: float) -> None:
    """Print the figures until the run ends."""
    while not run.stop.wait(every_s):
        print(_figures(run), file=sys.stderr, flush=True)


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stop.set())
