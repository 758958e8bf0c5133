"""The Inspect screen: a network on one text, step by step."""
