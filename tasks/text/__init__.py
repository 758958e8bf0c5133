"""Texts of your own with classes of your own, from a table or a folder."""
