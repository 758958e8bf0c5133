"""Inference in a child process: server, client, protocol."""
