"""The Lab screen: choose a task and a cell, set what matters, start."""
