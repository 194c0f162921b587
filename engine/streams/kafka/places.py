"""Where a consumer is in each partition, and what a broker no longer has of what it did not read yet."""

from __future__ import annotations

from collections.abc import Callable

Place = tuple[str, int]  # topic, partition


class Places:
    """The next offset of each partition; whoever skips or repeats some is found out here and told of.

    Parameters
    ----------
    say
        Who is told; a line for each break.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.at: dict[Place, int] = {}
        self.gone = 0  # records that the broker deleted before they were read
        self.begun_again: list[Place] = []  # partitions that turned out to be shorter than they were

    def keep_only(self, places: set[Place]) -> None:
        """Forget partitions that are read by others now."""
        self.at = {place: at for place, at in self.at.items() if place in places}

    def take(self, place: Place, first: int, last: int, begin: Callable[[], int | None]) -> None:
        """Records from `first` to `last` came of a partition.

        Parameters
        ----------
        begin
            Returns the oldest offset that the broker has: offsets are also left out by compaction and transactions,
            and only what lies before the oldest one is gone.
        """
        expected = self.at.get(place)
        self.at[place] = last + 1
        if expected is None or first == expected:
            return
        if first < expected:
            self.begun_again.append(place)
            self.say(
                f"Offset {expected} of {place[0]} (partition {place[1]}) is beyond its end, so it was made anew; "
                f"reading goes on at offset {first}."
            )
            return
        oldest = begin()
        if oldest is not None and oldest > expected:
            self.gone += oldest - expected
            self.say(
                f"{oldest - expected:,} records of {place[0]} (partition {place[1]}) are gone: the broker deleted them "
                f"before they were read. Reading goes on at offset {first}."
            )
