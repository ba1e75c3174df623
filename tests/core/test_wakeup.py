"""Wake-ups: an event names tickets or nothing, and whatever arrives is at worst malformed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.ids import TicketKey
from patchgate.core.wakeup import Wakeup, read_event, ticket_key
from patchgate.errors import MalformedError

EVENTS = (
    "schedule",
    "repository_dispatch",
    "workflow_dispatch",
    "pull_request",
    "pull_request_review",
    "check_suite",
    "issue_comment",
)


def of_branch(name: str) -> Mapping[str, object]:
    return {"pull_request": {"head": {"ref": name}}}


READ: dict[str, tuple[str, Mapping[str, object], tuple[str, ...]]] = {
    "Jira rings": (
        "repository_dispatch",
        {"client_payload": {"v": 1, "issue": "MWC-1"}},
        ("MWC-1",),
    ),
    "more fields in the payload say nothing": (
        "repository_dispatch",
        {"client_payload": {"v": 1, "issue": "MWC-1", "status": "Approved"}},
        ("MWC-1",),
    ),
    "a person names a ticket": (
        "workflow_dispatch",
        {"inputs": {"issue": "AB_2-30"}},
        ("AB_2-30",),
    ),
    "a pull request of our branch": ("pull_request", of_branch("ai/MWC-7"), ("MWC-7",)),
    "a later generation of it": ("pull_request", of_branch("ai/MWC-7-2"), ("MWC-7",)),
    "a review on our branch": ("pull_request_review", of_branch("ai/MWC-7"), ("MWC-7",)),
    "a branch with another prefix": ("pull_request", of_branch("bot/MWC-7"), ("MWC-7",)),
    "a branch in no folder": ("pull_request", of_branch("MWC-7"), ()),
    "a branch that only begins like a key": ("pull_request", of_branch("ai/MWC-7x"), ()),
    "a branch with no key": ("pull_request", of_branch("ai/readme"), ()),
    "a pull request with no head": ("pull_request", {"pull_request": None}, ()),
    "checks on our branch": (
        "check_suite",
        {"check_suite": {"head_branch": "ai/MWC-8"}},
        ("MWC-8",),
    ),
    "checks on no branch": ("check_suite", {"check_suite": {"head_branch": None}}, ()),
    "a comment on our pull request": (
        "issue_comment",
        {"issue": {"title": "MWC-9: Do it"}},
        ("MWC-9",),
    ),
    "a comment on another issue": ("issue_comment", {"issue": {"title": "About MWC-9: no"}}, ()),
    "a title with no colon": ("issue_comment", {"issue": {"title": "MWC-9 no"}}, ()),
}


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [
        ("13,43 * * * *", 30),
        ("7 * * * *", 60),
        ("*/10 * * * *", 10),
        ("17 */6 * * *", 360),
        ("17 3 * * *", 1440),
        ("17 3,15 * * 1-5", 720),
        ("rubbish", 60),
        ("", 60),
    ],
)
def test_a_schedule_tells_how_often_it_strikes(cron: str, minutes: int) -> None:
    assert read_event("schedule", {"schedule": cron}) == Wakeup(sweep=True, period=minutes)


@pytest.mark.parametrize(
    ("inputs", "keys", "verb"),
    [
        ({"issue": "MWC-1", "command": "wake"}, ("MWC-1",), None),
        ({"issue": "MWC-1", "command": "stop"}, ("MWC-1",), "stop"),
        ({"command": "verify"}, (), "verify"),
        ({"issue": "MWC-1", "command": "approve", "digest": "0123456789ab"}, ("MWC-1",), "approve"),
    ],
)
def test_a_person_asks_by_hand(
    inputs: Mapping[str, str], keys: tuple[str, ...], verb: str | None
) -> None:
    wakeup = read_event("workflow_dispatch", {"inputs": inputs})
    assert wakeup.keys == tuple(map(TicketKey, keys))
    assert (wakeup.asked.verb if wakeup.asked else None) == verb
    assert not wakeup.sweep


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"command": "approve", "issue": "MWC-1"}, "needs a digest"),
        ({"command": "approve", "issue": "MWC-1", "digest": "yes"}, "no digest"),
        ({"command": "stop"}, "for which ticket"),
        ({"command": "merge", "issue": "MWC-1"}, "no command"),
    ],
)
def test_a_slip_by_hand_is_named(inputs: Mapping[str, str], words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        read_event("workflow_dispatch", {"inputs": inputs})


@pytest.mark.covers("S1.8", "S1.69")
@pytest.mark.parametrize("case", READ)
def test_an_event_names_its_ticket(case: str) -> None:
    name, payload, keys = READ[case]
    assert read_event(name, payload) == Wakeup(tuple(map(TicketKey, keys)))


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("schedule", {}),
        ("workflow_dispatch", {}),
        ("workflow_dispatch", {"inputs": {"issue": ""}}),
        ("workflow_dispatch", {"inputs": None}),
        ("repository_dispatch", {"client_payload": {"v": 1, "sweep": True}}),
    ],
)
def test_an_event_that_names_nobody_is_a_sweep(name: str, payload: object) -> None:
    assert read_event(name, payload) == Wakeup(sweep=True)


def test_our_branches_begin_as_settings_say() -> None:
    assert read_event("pull_request", of_branch("bot/MWC-7"), branch_prefix="bot/").keys
    assert not read_event("pull_request", of_branch("ai/MWC-7"), branch_prefix="bot/").keys


@pytest.mark.parametrize(
    ("name", "payload", "told"),
    [
        ("push", {}, "push"),
        ("", {}, "not handled"),
        ("repository_dispatch", {}, "client_payload"),
        ("repository_dispatch", {"client_payload": []}, "client_payload"),
        ("repository_dispatch", {"client_payload": {"issue": "MWC-1"}}, "version"),
        ("repository_dispatch", {"client_payload": {"v": 2, "issue": "MWC-1"}}, "version 2"),
        ("repository_dispatch", {"client_payload": {"v": True, "issue": "MWC-1"}}, "version"),
        ("repository_dispatch", {"client_payload": {"v": 1}}, "issue"),
        ("repository_dispatch", {"client_payload": {"v": 1, "issue": 5}}, "issue"),
        ("repository_dispatch", {"client_payload": {"v": 1, "sweep": "yes"}}, "issue"),
        ("repository_dispatch", {"client_payload": {"v": 1, "issue": "mwc-1"}}, "mwc-1"),
        ("workflow_dispatch", {"inputs": {"issue": "MWC-1\nMWC-2"}}, "ticket key"),
        ("schedule", [], "JSON object"),
        ("schedule", None, "JSON object"),
        ("schedule", "text", "JSON object"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_way_to_do_it(
    name: str, payload: object, told: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        read_event(name, payload)
    assert told in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize("text", ["MWC-1", " MWC-1 ", "A_B-1234567890", "AB-9"])
def test_a_key_is_a_key(text: str) -> None:
    assert ticket_key(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "MWC", "MWC-0", "MWC-01", "-1", "M-1", "MWC-1/..", "MWC-1;rm", "\uff2dWC-1", "MWC-\u0661"],
)
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(MalformedError):
        ticket_key(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("MWC-1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "client_payload", "v", "issue", "inputs", "pull_request", "head", "ref",
                    "check_suite", "head_branch", "title",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(name=st.sampled_from(EVENTS) | st.text(max_size=20), payload=JSON)
def test_whatever_arrives_gives_keys_or_is_malformed(name: str, payload: object) -> None:
    try:
        wakeup = read_event(name, payload)
    except MalformedError:
        return
    assert not (wakeup.sweep and wakeup.keys)
    assert all(ticket_key(key) == key for key in wakeup.keys)
