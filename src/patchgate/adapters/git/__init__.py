"""Git itself: one hermetic runner (`process`), and what is built on it.

`GitReader` and `GitWriter` are the git half of the forge, with a cache for each repository;
`checkout` and `RoomTree` serve the rooms that work on files.
"""

from patchgate.adapters.git.cache import GitHost
from patchgate.adapters.git.commit import CommitRules
from patchgate.adapters.git.repositories import GitReader, GitWriter
from patchgate.adapters.git.room import RoomTree
from patchgate.adapters.git.worktree import checkout

__all__ = ["CommitRules", "GitHost", "GitReader", "GitWriter", "RoomTree", "checkout"]
