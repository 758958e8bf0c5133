"""Kernels in plain C: compiled by the machine's own compiler at first use, kept in the cache, called by ctypes."""
