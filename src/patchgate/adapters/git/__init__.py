"""Git itself: one hermetic runner, and what is built on it."""
