"""Triton programs: one file a recurrence. Imports triton, so nothing imports this package off CUDA."""
