"""Detectors on public real data, with the published results beside ours."""
