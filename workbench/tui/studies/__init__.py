"""The Studies screen: the runs of a study as they fill its table."""
