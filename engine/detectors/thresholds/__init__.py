"""Thresholds without labels: rules that turn a stream of scores into the level from which on an alarm is due."""
