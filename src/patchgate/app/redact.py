"""Secrets kept out of text for people: messages, logs, reasons. Never used on content by digest."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from patchgate.app.environment import Environment

HIDDEN = "***"
SHORTEST = 6
"""Characters; a shorter value is no secret that could be told from ordinary words."""
SHAPES = re.compile(
    r"\bgh[opsur]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{20,}|\bsk-[A-Za-z0-9_-]{16,}"
    r"|(?i:\b(?:Bearer|Basic)\s+)[A-Za-z0-9+/=_.~-]{12,}|-----BEGIN [A-Z ]+-----[^-]*(?:-----END)?"
)
"""What is a credential by its looks, also one that was made meanwhile (an installation's token)."""
USERINFO = re.compile(r"://[^/@\s]+@")


class Redactor:
    """Takes every form of this environment's secrets out of a text."""

    def __init__(self, env: Environment) -> None:
        held = {form for secret in env.secrets() for form in _forms(secret, env.jira_email)}
        self._forms = sorted(held, key=len, reverse=True)

    @property
    def forms(self) -> tuple[str, ...]:
        """Every form of the secrets, the longest first."""
        return tuple(self._forms)

    def __call__(self, text: str) -> str:
        """The text with `***` in place of each secret."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return USERINFO.sub(f"://{HIDDEN}@", SHAPES.sub(HIDDEN, text))


def _forms(secret: str, email: str) -> Iterator[str]:
    """How a secret may stand in a message: plain, escaped, and as headers carry it."""
    if len(secret) < SHORTEST:
        return
    yield from (secret, secret[::-1], quote(secret, safe=""), json.dumps(secret)[1:-1])
    yield secret.encode().hex()
    pairs: Iterable[str] = (secret, f"x-access-token:{secret}", f"{email}:{secret}")
    for pair in pairs:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            sent = encode(pair.encode()).decode()
            yield from (sent, sent.rstrip("="))
    for line in secret.splitlines():
        if len(line) >= SHORTEST and line != secret and not line.startswith("-----"):
            yield line
