"""Batches of sequences of unequal lengths, and sampling from scores."""
