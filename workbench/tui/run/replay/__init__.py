"""The Run screen fed from a run's events again, at any speed."""
