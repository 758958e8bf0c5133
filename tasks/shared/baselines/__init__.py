"""Baselines that a network is measured against, and intervals of their errors."""
