"""The engine: trains a run, evaluates it, asks it. Knows torch and no terminal."""
