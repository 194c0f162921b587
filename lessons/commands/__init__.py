"""Commands of the course on the command line: `python -m engine lesson …`."""
