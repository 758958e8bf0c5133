"""The Compare screen: several runs side by side."""
