"""Charts, grids and number formats for Rich; no Textual, no torch."""
