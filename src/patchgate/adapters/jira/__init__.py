"""Jira Cloud over REST v3, through the `jira` library: the Tracker of the port.

`JiraTracker(Connection(ApiToken(…) | ClientCredentials(…)))`; nothing is sent and no vendor
library is loaded before the first call.
"""

from patchgate.adapters.jira.auth import ApiToken, ClientCredentials, Credential
from patchgate.adapters.jira.connection import Connection
from patchgate.adapters.jira.tracker import JiraTracker

__all__ = ["ApiToken", "ClientCredentials", "Connection", "Credential", "JiraTracker"]
