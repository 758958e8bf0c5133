"""How a text is drawn where nobody says otherwise: the same at once, at the prompt and on the screen."""

from typing import Final

TEMPERATURE: Final = 0.8
TOP_P: Final = 0.9
REPETITION: Final = 0.5  # nats that a character costs again
LENGTH: Final = 200  # characters written at most
SEEDS: Final = 2**32  # how many there are
