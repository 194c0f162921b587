"""Comparing detectors: contenders on stretches of readings, the same results in one thread and on many processes."""
