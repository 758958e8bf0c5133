"""The poem prompt: a read-evaluate-print loop over a trained network."""
