"""All deliveries of the policy in force, fed by the runner's frames; the runner only ever puts into queues."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.alarming.delivery.carrier import Carrier
from engine.alarming.delivery.channels import channel_of
from engine.alarming.delivery.messages import is_wanted, message_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.alarming.delivery.spec import DeliverySpec
    from engine.running.frames import Frame
    from engine.streams.backoff import Backoff


FILES = "deliveries"


class Deliveries:
    """The carriers of a policy.

    Parameters
    ----------
    folder
        Home of the lab: files go below `deliveries`, where none of the lab's own lies; spools below `spool`.
    plant, run
        Say which plant and run a frame is of.
    """

    def __init__(
        self,
        specs: Sequence[DeliverySpec],
        folder: Path,
        plant: Callable[[], str],
        run: Callable[[], int],
        backoff: Callable[[], Backoff] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plant, self._run = plant, run
        self.routes = tuple(
            (
                spec,
                Carrier(
                    spec.name,
                    channel_of(spec, folder / FILES),
                    folder / "spool" / f"alarms-{spec.name}.jsonl",
                    backoff() if backoff is not None else None,
                    clock,
                ),
            )
            for spec in specs
        )

    def on_frame(self, frame: Frame, plant: str | None = None, run: int | None = None) -> None:
        """Take the alarm changes of a frame; called on the runner's thread, so it only fills queues.

        `plant` and `run` name the plant when it is one that others feed.
        """
        for change in frame.changes:
            wanted = [carrier for spec, carrier in self.routes if is_wanted(spec, change)]
            if wanted:
                message = message_of(change, plant or self._plant(), self._run() if run is None else run)
                for carrier in wanted:
                    carrier.offer(message)

    def figures(self) -> list[dict[str, Any]]:
        """Return for each delivery its name, kind, counts and the problem that holds it up."""
        return [
            {"name": spec.name, "to": spec.model_dump()["to"], **vars(carrier.counts), "problem": carrier.problem}
            for spec, carrier in self.routes
        ]

    def close(self, timeout_s: float = 2.0) -> None:
        """Deliver or spool what waits and end the threads."""
        for _, carrier in self.routes:
            carrier.close(timeout_s)
