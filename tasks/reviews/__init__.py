"""Chinese shopping reviews: which of ten kinds of goods a review speaks of."""
