"""Sequence classification: network, loss, metrics, views."""
