"""Streams: sources, queues, windows and sinks, with every row accounted for."""
