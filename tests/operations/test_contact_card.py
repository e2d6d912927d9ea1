"""Printing contact cards with clear numbers: one reason, an event for each child, all or nothing."""

from __future__ import annotations

import pytest

from models.vault import learn_keys
from tests.cast import Cast
from workflows.audit import open_value
from workflows.operations.child import LONGEST_REASON
from workflows.operations.contact_card import reveal_cards
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

REVEAL = Permission.CHILD_REVEAL


def reveal(cast: Cast, login: str, children: list[int], reason: str, permission: Permission = REVEAL) -> None:
    with cast.acting(login, permission) as tx:
        reveal_cards(tx, children, reason)


def test_each_child_of_a_class_is_told_under_the_one_reason(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302", name) for name in ("陈一", "陈二")]
    reveal(cast, "zhou", children, "  制作班级联系册 ")
    events = cast.events("child.revealed")
    assert [(e["subject_type"], e["subject_id"], e["child_id"]) for e in events] == [("child", n, n) for n in children]
    assert [e["facts"] for e in events] == [{"field": "contact_card", "class": "P2", "cards": 2}] * 2
    assert {e["role"] for e in events} == {"class_teacher"}
    with cast.system() as tx:
        learn_keys(tx.session, children)
        for event in events:
            assert open_value(tx.session, event["number"], "reason", event["reason"]) == "制作班级联系册"


def test_a_long_reason_is_kept_as_far_as_reasons_go(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    reveal(cast, "zhou", [child], "因" * 900)
    event = cast.events("child.revealed")[0]
    with cast.system() as tx:
        learn_keys(tx.session, [child])
        assert open_value(tx.session, event["number"], "reason", event["reason"]) == "因" * LONGEST_REASON


@pytest.mark.parametrize("reason", ["", "   ", "急", "\u3000\n"])
def test_without_a_reason_nothing_is_revealed(cast: Cast, reason: str) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        reveal(cast, "zhou", [child], reason)
    assert refused.value.code == "reason_missing"
    assert cast.events("child.revealed") == []


def test_one_child_out_of_reach_reveals_none(cast: Cast) -> None:
    own, other = cast.add_child("ZX-2302", "陈一"), cast.add_child("BX-2101", "陈二")
    with pytest.raises(Missing):
        reveal(cast, "zhou", [own, other], "家访")
    assert cast.events("child.revealed") == []


def test_whoever_may_read_but_not_reveal_is_denied(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Denied):
        reveal(cast, "tan", [child], "家访", Permission.CHILD_READ)
    assert cast.events("child.revealed") == []


def test_printing_twice_is_told_twice(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for _again in range(2):
        reveal(cast, "zhou", [child], "家访")
    assert len(cast.events("child.revealed")) == 2
