"""The Runs screen: every run of a folder, filtered, sorted, marked."""
