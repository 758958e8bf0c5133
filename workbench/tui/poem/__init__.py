"""The Poem screen: a trained network writes."""
