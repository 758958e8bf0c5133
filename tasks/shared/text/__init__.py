"""LabelledTexts with classes: tokens, vocabulary, word vectors, encoding."""
