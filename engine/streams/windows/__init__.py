"""Windows over event time: how rows are assigned, when results are emitted, and what is late."""
