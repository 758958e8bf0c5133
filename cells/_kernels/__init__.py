"""Whole-sequence kernels of the recurrences; the Python cells are their reference and their fallback."""
