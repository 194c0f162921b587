"""The lab itself: plant, faults, streams, detectors, metrics, store, classroom and command line.

Nothing in here knows Streamlit; truth, clock and randomness are passed in, never global.
"""
