"""Climate: the next two days of temperature from the last five days of a weather station's readings."""
