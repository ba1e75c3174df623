"""One ticket's life on loopback stand-ins, played for a person at a terminal.

`story` is what happens, `driver` turns what rings into runs, `screen` shows it, `reckoning` counts
and checks at the end. The model answers (`answers.yml`) were written by hand.
"""

from patchgate.standins.demo.story import play

__all__ = ["play"]
