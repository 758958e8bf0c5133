"""The Run screen: one run, live."""
