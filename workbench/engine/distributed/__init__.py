"""One training in several processes: what they tell one another, and the loss that they share."""
