"""The compare page: what is chosen, the work, the lanes, the panel of metrics, live mode."""
