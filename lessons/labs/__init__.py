"""The kinds of experiment a lesson can ask for: one file per kind, found by looking in this folder."""
