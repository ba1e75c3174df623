"""A deterministic simulator: the real core and rooms against services in memory."""
