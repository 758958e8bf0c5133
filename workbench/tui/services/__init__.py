"""Work beside the screen: threads, watchers, child processes."""
