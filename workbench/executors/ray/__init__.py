"""Ray as an executor."""
