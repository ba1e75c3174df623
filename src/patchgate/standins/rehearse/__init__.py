"""Patchgate on a repository and a ticket of your own, with stand-ins for Jira and GitHub.

`ticket` and `people` read the two files (docs/rehearse.md), `source` clones the repository,
`session` plays from one decision of a person to the next.
"""

from patchgate.standins.rehearse.session import rehearse

__all__ = ["rehearse"]
