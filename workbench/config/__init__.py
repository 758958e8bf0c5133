"""The description of a run: its fields, their defaults and bounds."""
