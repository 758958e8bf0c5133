"""Work beside the screens: threads, polling, run folders, the machine."""
