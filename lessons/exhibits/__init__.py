"""The bug museum: one re-created bug per file, found by looking in this folder."""
