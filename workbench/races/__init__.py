"""A race of cells: its events, its standings, the child process that runs it. No torch."""
