"""The Help screen and the command palette."""
