"""The streams page: the pipeline lab."""
