"""Characters: any text, of which a network learns to write more."""
