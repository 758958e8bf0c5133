"""Text generation with a trained network: sampling, decoding, best of several."""
