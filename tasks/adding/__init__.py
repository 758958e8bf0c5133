"""Adding: the sum of the two marked numbers of a long row, a test of memory."""
