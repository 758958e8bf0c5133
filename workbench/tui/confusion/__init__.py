"""The Confusion screen: a run's confusion matrix and the examples in its cells."""
