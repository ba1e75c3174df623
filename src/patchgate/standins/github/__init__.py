"""A stand-in for GitHub: REST, git over HTTP on real bare repositories, events.

Begin with `server`; `rest_*` are the operations, `talk`, `moves` and `checking` what they do,
`shapes*` how answers look, `smart` git's protocol, `people` everybody who is not a program.
"""

from patchgate.standins.github.events import Deliveries, Delivery, Subscriber
from patchgate.standins.github.hub import Snapshot
from patchgate.standins.github.people import Person
from patchgate.standins.github.server import GitHub

__all__ = ["Deliveries", "Delivery", "GitHub", "Person", "Snapshot", "Subscriber"]
