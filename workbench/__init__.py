"""Workbench: a terminal laboratory for recurrent networks."""

__version__ = "0.1.0"
