"""Whole-sequence kernels: the recurrences of the cells, compiled. The Python cells are their reference and fallback."""
