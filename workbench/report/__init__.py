"""Pictures of runs for a report, drawn by matplotlib, which nothing else imports. No torch, no terminal."""
