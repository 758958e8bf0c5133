"""The Race screen: cells trained in turns, side by side."""
