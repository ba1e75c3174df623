"""A Jira Cloud site on loopback: REST v3, workflows, changelog, people and Automation.

`JiraCloud` is the service; `site()` and the dataclasses of `state` describe what it holds;
`as_user` acts as a person does in the browser; `AutomationRule` rings a doorbell.
"""

from patchgate.standins.jira.automation import AutomationRule, Delivery
from patchgate.standins.jira.people import Person
from patchgate.standins.jira.service import JiraCloud
from patchgate.standins.jira.state import (
    Comment,
    Issue,
    OAuthClient,
    Project,
    Site,
    Transition,
    User,
    Workflow,
    site,
)

__all__ = [
    "AutomationRule",
    "Comment",
    "Delivery",
    "Issue",
    "JiraCloud",
    "OAuthClient",
    "Person",
    "Project",
    "Site",
    "Transition",
    "User",
    "Workflow",
    "site",
]
