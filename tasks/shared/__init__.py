"""What the tasks share: datasets, cache, splits, batching, metrics, baselines."""
