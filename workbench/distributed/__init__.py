"""Processes that train one run together: where each stands, how they are started and watched. No torch."""
