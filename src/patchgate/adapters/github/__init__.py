"""GitHub over REST, through PyGithub, and git: both halves of the forge.

Begin with `forge`; nothing is sent and no vendor library is loaded before the first call.
"""

from patchgate.adapters.github.bell import GitHubDoorbell
from patchgate.adapters.github.connection import AppCredential, Connection, TokenCredential
from patchgate.adapters.github.forge import GitHubForge

__all__ = ["AppCredential", "Connection", "GitHubDoorbell", "GitHubForge", "TokenCredential"]
