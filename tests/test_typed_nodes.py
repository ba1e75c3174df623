"""The quick judge of Atlassian Documents gives the slow one's verdict."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from jsonschema.protocols import Validator

from tests.adapters.every_node import EVERY_NODE
from tests.contracts import ADF_FILE, contract_book, contracts_folder
from tests.typed_nodes import typed_validator

WRONG: tuple[Any, ...] = ("paragraph", "no-such-node", "text", "doc", "", 7, None, [], {})


@cache
def judges() -> tuple[Validator, Validator]:
    """The quick one, and the library's own."""
    contract_book()
    folder = contracts_folder()
    assert folder is not None
    schema = json.loads((folder / ADF_FILE).read_text("utf-8"))
    return typed_validator(schema), Draft4Validator(schema)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of every container below."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [x for key in keys for x in places(value[key])]


def test_every_kind_of_node_is_accepted_by_both() -> None:
    quick, slow = judges()
    assert quick.is_valid(EVERY_NODE)
    assert slow.is_valid(EVERY_NODE)


@settings(max_examples=25)
@given(block=st.integers(0, 1_000), spot=st.integers(0, 10_000), wrong=st.sampled_from(WRONG))
def test_one_wrong_member_anywhere_gets_the_same_verdict(block: int, spot: int, wrong: Any) -> None:
    quick, slow = judges()
    blocks = EVERY_NODE["content"]
    document = {**EVERY_NODE, "content": [copy.deepcopy(blocks[block % len(blocks)])]}
    found = places(document)
    held, key = found[spot % len(found)]
    held[key] = wrong
    assert quick.is_valid(document) == slow.is_valid(document)
