"""A deterministic simulator: the real core and rooms against services in memory.

`world` puts the services together, `running` plays runs and sweeps, `wire` lets things go wrong,
`audit` watches. `crashing` kills scenarios everywhere; `fleet` plays many tickets for many days.
"""

from patchgate.standins.simulate.fleet import Plans
from patchgate.standins.simulate.telling import simulate

__all__ = ["Plans", "simulate"]
