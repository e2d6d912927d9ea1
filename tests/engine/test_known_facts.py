"""Facts are read when a condition names them, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.engine.known import Known, ReadOnce

NAMES = ("child.name", "child.health", "child.risk")


def _facts(read: list[str], **values: Any) -> ReadOnce:
    def one(name: str) -> Any:
        read.append(name)
        return values.get(name.removeprefix("child."))

    return ReadOnce(NAMES, one)


def test_only_what_is_asked_for_is_read_and_only_once() -> None:
    read: list[str] = []
    facts = _facts(read, name="林小禾", health="良好") | {"case.state": "open"}
    assert (facts.get("child.name"), facts["child.name"], facts.get("case.state")) == ("林小禾", "林小禾", "open")
    assert read == ["child.name"]


def test_what_is_missing_is_left_out() -> None:
    facts = _facts([], name="林小禾")
    assert dict(facts) == {"child.name": "林小禾"}
    assert ("child.health" in facts, facts.get("child.health", "-"), len(facts)) == (False, "-", 1)
    assert facts.get("child.password") is None
    with pytest.raises(KeyError):
        facts["child.health"]


def test_later_facts_stand_over_earlier_ones() -> None:
    own: dict[str, Any] = {}
    facts = Known(_facts([], risk="low"), own)
    assert facts["child.risk"] == "low"
    own["child.risk"] = "high"
    assert (facts["child.risk"], list(facts)) == ("high", ["child.risk"])
