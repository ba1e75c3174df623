"""Settings: what `.github/patchgate.yml` may say, how it is read, and where a ticket goes."""

from __future__ import annotations

from patchgate.app.settings.model import (
    JiraSettings,
    ModelSettings,
    Person,
    Provider,
    Role,
    RouteRule,
    Settings,
    StatusNames,
)
from patchgate.app.settings.reading import SETTINGS_PATH, load_settings
from patchgate.app.settings.routing import Routable, Route, route

__all__ = [
    "SETTINGS_PATH",
    "JiraSettings",
    "ModelSettings",
    "Person",
    "Provider",
    "Role",
    "Routable",
    "Route",
    "RouteRule",
    "Settings",
    "StatusNames",
    "load_settings",
    "route",
]
