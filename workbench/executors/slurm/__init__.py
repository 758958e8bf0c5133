"""Slurm as an executor."""
