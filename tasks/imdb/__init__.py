"""IMDB: sentiment of film reviews."""
