"""A stranger's CSV: recognise it, say what is wrong with it, score it."""
