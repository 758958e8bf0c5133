"""One training in several processes: where each stands, how they talk, how they are started and watched."""
