"""LSTM read both ways.

Two LSTMs, one from the first step to the last and one from the last to the first; the output of a step is both
of theirs, side by side:

    output_t = [h→_t ; h←_t]

Equations and parameters of each direction as in ``lstm``.

Source: M. Schuster and K. K. Paliwal, Bidirectional Recurrent Neural Networks, IEEE Transactions on Signal
Processing 45(11), 1997; A. Graves and J. Schmidhuber, Framewise Phoneme Classification with Bidirectional LSTM,
Neural Networks 18, 2005.
"""

from __future__ import annotations

from cells.lstm import LSTM


class BiLSTM(LSTM):
    """An LSTM that always reads both ways."""

    year = 1997
    purpose = "sequences known as a whole, where each step sees what comes after it too"
    bidirectional = True
