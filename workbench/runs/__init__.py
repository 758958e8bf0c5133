"""The run store: folders, events, journal, summaries, filters, export, launch."""
