"""Random numbers that depend on nothing but their keys."""
