"""IMDB: whether a film's review is in favour."""
