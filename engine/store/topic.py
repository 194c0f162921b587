"""What every topic of the store stands on; `Store` joins the topics into one class."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.store.database import Database
    from engine.store.pending import PendingRows
    from engine.store.plants import PlantTable


class Topic:
    """Shared state of the topics: the database, the plants it knows and the rows not yet written."""

    database: Database
    pending: PendingRows
    plants_lock: threading.RLock
    _plants: dict[str, PlantTable] | None
    _drafts: dict[str, PlantTable]
    write_problem: str | None
