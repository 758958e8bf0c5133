"""Datasets: registry, download, verification, archives, cache, splits."""
