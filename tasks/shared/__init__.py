"""Shared parts of the tasks: datasets, cache, splits, batching, metrics, baselines."""
