"""Judging files from outside the app: intervals, rows, NAB and SKAB formats."""
