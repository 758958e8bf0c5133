"""Copying: symbols that are recalled after many blanks, a test of memory."""
