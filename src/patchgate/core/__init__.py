"""The pure heart: events, the state folded from them, and what to do next. No I/O, no clock."""
