"""Texts with classes: tokens, vocabulary, word vectors, encoding."""
