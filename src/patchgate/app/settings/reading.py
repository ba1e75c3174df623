"""From YAML to Settings: every complaint names file, line and key, and what was wanted."""

from __future__ import annotations

from patchgate.app.settings.model import Settings
from patchgate.core.yaml_model import read_model

SETTINGS_PATH = ".github/patchgate.yml"
"""Where the control repository keeps its settings."""


def load_settings(text: str, source: str = SETTINGS_PATH) -> Settings:
    """Read settings; ConfigError with one line for each thing that is wrong."""
    return read_model(Settings, text, source)
