"""A Jira Automation rule of the kind "Send web request": it rings a doorbell when issues change."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

WATCHED = frozenset({"assignee", "status", "labels", "comment"})
"""The changes that trigger the rule."""
TIMEOUT = 10.0


@dataclass(frozen=True)
class Delivery:
    """One line of the rule's audit log; `status` is None when nothing answered."""

    key: str
    status: int | None
    error: str = ""


class AutomationRule:
    """POSTs `{"event_type", "client_payload": {"v": 1, "issue": KEY}}` to `url`.

    Triggered by a change of assignee, status or labels or by a new comment whose initiator is not
    the runner. `headers` hold what the rule's form holds, its hidden Authorization among them.
    Requests leave from a thread each; `settle` waits for them. Delivery is at most once, as in
    life, but for what `drop`, `delay` and `duplicate` say.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], event_type: str, runner_account_id: str
    ) -> None:
        self.url = url
        self.headers = dict(headers)
        self.event_type = event_type
        self.runner_account_id = runner_account_id
        self.delay = 0.0
        """Seconds before each request."""
        self.deliveries: list[Delivery] = []
        self._drops = 0
        self._duplicates = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def drop(self, times: int = 1) -> None:
        """Lose the next requests."""
        with self._lock:
            self._drops += times

    def duplicate(self, times: int = 1) -> None:
        """Send the next requests twice."""
        with self._lock:
            self._duplicates += times

    def __call__(self, key: str, what: frozenset[str], actor: str) -> None:
        """A listener for `JiraCloud.on_change`."""
        if not what & WATCHED or actor == self.runner_account_id:
            return
        with self._lock:
            if self._drops:
                self._drops -= 1
                return
            copies = 1
            if self._duplicates:
                self._duplicates -= 1
                copies = 2
            for _ in range(copies):
                thread = threading.Thread(target=self._send, args=(key,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def settle(self, timeout: float = TIMEOUT) -> None:
        """Wait until every request so far was answered; TimeoutError after `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._lock:
            waiting, self._threads = self._threads, []
        for thread in waiting:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError(f"a web request to {self.url} is still under way")

    def _send(self, key: str) -> None:
        if self.delay:
            time.sleep(self.delay)
        body = {"event_type": self.event_type, "client_payload": {"v": 1, "issue": key}}
        try:
            with requests.Session() as session:
                session.trust_env = False  # a room played in this process changes it meanwhile
                answer = session.post(self.url, json=body, headers=self.headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            delivery = Delivery(key, None, str(error))
        else:
            delivery = Delivery(key, answer.status_code, "" if answer.ok else answer.text[:500])
        with self._lock:
            self.deliveries.append(delivery)
