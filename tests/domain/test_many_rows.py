"""Many rows are written at once, past the unit of work, but never past the scope or somebody else's change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from models.bulk import CHUNK, insert_rows, insert_values, update_row
from models.child import Child
from models.database import Database
from models.outbox import OutboxMessage
from models.scope import Branch, OutOfScope, Scope, ScopeMissing, system_scope
from models.types import new_id
from tests.cast import Cast

AT = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
EVERYWHERE = system_scope("tests")
NAMED = select(Child.name).where(Child.name == bindparam("name")).execution_options(prepared=True)


def _row(cast: Cast, place: str, name: str = "林小禾") -> dict[str, Any]:
    codes = cast.codes(place)
    return {
        "id": new_id(), "name": name, "name_key": "lin xiao he", "birth_on": date(2016, 5, 4), "is_boarding": True,
        "is_focus": False, "risk": "low", "status": "on_file", "residence_township": "-", "residence_village": "-",
        "health_sealed": b"\x01sealed", "made_at_school": codes["school"], "made_at": AT, "rev": 1,
    } | {f"{level}_code": code for level, code in codes.items()}  # fmt: skip


def _count(database: Database) -> int:
    with database.session(EVERYWHERE) as session:
        return len(session.scalars(select(Child.id)).all())


def test_rows_come_back_with_the_types_of_their_columns(cast: Cast) -> None:
    row, without = _row(cast, "ZX-2302"), _row(cast, "ZX-2302") | {"birth_on": None, "health_sealed": None}
    with cast.database.transaction(EVERYWHERE) as session:
        insert_rows(session, Child, [row, without])
    with cast.database.session(EVERYWHERE) as session:
        child = session.get_one(Child, row["id"])
        assert (child.birth_on, child.is_boarding, child.made_at) == (date(2016, 5, 4), True, AT)
        assert child.health_sealed == b"\x01sealed"
        assert session.get_one(Child, without["id"]).birth_on is None


def test_more_rows_than_one_part_are_all_written(cast: Cast) -> None:
    rows = [(new_id(), "t", "inbox", "place:ZX", {"n": n}, AT, AT, 0) for n in range(CHUNK + 1)]
    columns = ("id", "topic", "channel", "recipient", "payload", "made_at", "due_at", "tries")
    with cast.database.transaction(EVERYWHERE) as session:
        insert_values(session, OutboxMessage, columns, rows)
        insert_values(session, OutboxMessage, columns, [])
        kept = session.scalars(select(OutboxMessage.payload)).all()
    assert sorted(payload["n"] for payload in kept) == list(range(CHUNK + 1))


def test_one_row_outside_the_scope_stops_them_all(cast: Cast) -> None:
    rows = [_row(cast, "ZX-2302"), _row(cast, "BX-2101")]
    with pytest.raises(OutOfScope), cast.database.transaction(Scope.of([Branch("school", "ZX")])) as session:
        insert_rows(session, Child, rows)
    with pytest.raises(ScopeMissing), cast.database.transaction(EVERYWHERE) as session:
        del session.info["scope"]
        insert_rows(session, Child, rows)
    assert _count(cast.database) == 0


def test_who_is_paired_with_a_child_writes_that_childs_rows_only(cast: Cast) -> None:
    own, other = _row(cast, "ZX-2302"), _row(cast, "ZX-2302")
    mine = Scope.of([Branch("child", str(own["id"]))])
    with pytest.raises(OutOfScope), cast.database.transaction(mine) as session:
        insert_rows(session, Child, [own, other])
    with cast.database.transaction(EVERYWHERE) as session:
        insert_rows(session, Child, [own])
    with cast.database.transaction(mine) as session:
        child = session.get_one(Child, own["id"])
        assert update_row(session, child, {"interests": "下棋"})


def test_a_row_is_changed_only_at_the_revision_that_was_read_and_inside_the_scope(cast: Cast) -> None:
    row = _row(cast, "ZX-2302")
    with cast.database.transaction(EVERYWHERE) as session:
        insert_rows(session, Child, [row])
    with cast.database.transaction(EVERYWHERE) as session:
        child = session.get_one(Child, row["id"])
        assert update_row(session, child, {"interests": "画画", "absence_since": date(2025, 2, 1)})
        assert not update_row(session, child, {"interests": "唱歌"})
    with cast.database.session(EVERYWHERE) as session:
        child = session.get_one(Child, row["id"])
        assert (child.interests, child.absence_since, child.rev) == ("画画", date(2025, 2, 1), 2)
    with cast.database.transaction(Scope.of([Branch("school", "BX")])) as session, pytest.raises(OutOfScope):
        update_row(session, child, {"interests": "跑步"})


def test_a_prepared_statement_keeps_to_the_scope_of_each_session(cast: Cast) -> None:
    with cast.database.transaction(EVERYWHERE) as session:
        insert_rows(session, Child, [_row(cast, "ZX-2302"), _row(cast, "BX-2101")])
    for branches, found in (
        ([Branch("school", "ZX")], 1),
        ([Branch("school", "SQ")], 0),
        ([Branch("school", "BX"), Branch("class", "ZX-2302")], 2),
        ([Branch("county", "QH")], 2),
        ([], 0),
        ([Branch("school", "ZX")], 1),
    ):
        with cast.database.session(Scope.of(branches)) as session:
            assert len(session.scalars(NAMED, {"name": "林小禾"}).all()) == found, branches
    with cast.database.session(EVERYWHERE, kind="audit") as session:
        assert session.scalars(NAMED, {"name": "林小禾"}).all() == []
