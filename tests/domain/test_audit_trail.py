"""The trail cannot be changed: by the application's own role, by SQL on the file, or without being noticed."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from models.audit import AuditEvent, AuditPending
from models.scope import Branch, Scope, system_scope
from models.vault import DataKey, SealBroken, learn_keys
from tests.cast import Cast
from workflows.audit import Change, Happening, body_of, canonical, is_genuine, open_value

HAPPENING = Happening("thing.done", "place", 7, facts={"a": 1})


def _tell(cast: Cast, *happenings: Happening) -> None:
    with cast.system() as tx:
        for happening in happenings:
            tx.tell(happening)


def test_events_are_numbered_on_and_wait_for_the_seal(cast: Cast) -> None:
    _tell(cast, HAPPENING, HAPPENING)
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        numbers = session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)).all()
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert session.scalars(select(AuditPending.event_id).order_by(AuditPending.event_id)).all() == numbers


def test_the_mark_covers_every_byte_of_an_event(cast: Cast) -> None:
    _tell(cast, HAPPENING)
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "thing.done")).one()
        keystore = cast.database.keystore
        assert event.body == canonical(json.loads(event.body))
        assert event.mark == keystore.mark(event.body.encode())
        assert event.mark != keystore.mark(event.body.replace("thing", "thong").encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "UPDATE audit_event SET body = '{}' WHERE id = 1",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE id = (SELECT max(id) FROM audit_event)",
    ],
)
def test_the_database_refuses_to_change_the_trail(cast: Cast, statement: str) -> None:
    _tell(cast, HAPPENING)
    with cast.database.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(statement))


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("number", ["1", "(SELECT max(id) + 2 FROM audit_event)", "NULL"])
def test_sqlite_takes_the_next_number_only(sqlite_cast: Cast, verb: str, number: str) -> None:
    _tell(sqlite_cast, HAPPENING)
    before = sqlite_cast.events()
    rest = "at, actor_name, role, action, subject_type, outcome, request_id, body, mark, city_code, county_code, "
    columns = "id, " + rest + "township_code, school_code, class_code"
    values = f"{number}, '2026-01-01', 'x', 'x', 'x', 'x', 'x', 'x', '{{}}', 'x', '-', '-', '-', '-', '-'"
    with sqlite_cast.database.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(f"{verb} INTO audit_event ({columns}) VALUES ({values})"))
    assert sqlite_cast.events() == before


def test_protected_values_open_with_the_childs_key_and_never_after_it_is_destroyed(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2302")
    change = Change("home_address", "P2", None, "大坝村三组")
    with cast.system() as tx:
        learn_keys(tx.session, [child_id])
        tx.tell(
            Happening(
                "child.changed",
                "child",
                child_id,
                codes=cast.codes("ZX-2302"),
                child_id=child_id,
                owner=child_id,
                changes=(change,),
                reason="搬家",
            )
        )
    body = cast.events("child.changed")[0]
    assert "大坝" not in canonical(body)
    assert "搬家" not in canonical(body)
    sealed = body["changes"][0]["new"]
    with cast.database.session(system_scope("tests")) as session:
        learn_keys(session, [child_id])
        assert open_value(session, body["number"], "home_address.new", sealed) == "大坝村三组"
        with pytest.raises(SealBroken):
            open_value(session, body["number"], "home_phone.new", sealed)
    with cast.database.transaction(system_scope("tests")) as session:
        session.delete(session.get_one(DataKey, child_id))
    with cast.database.session(system_scope("tests")) as session:
        learn_keys(session, [child_id])
        with pytest.raises(SealBroken):
            open_value(session, body["number"], "home_address.new", sealed)


def test_a_value_without_an_owner_is_refused_rather_than_written_in_clear(cast: Cast) -> None:
    change = Change("phone", "P2", None, "13800002716")
    with pytest.raises(ValueError, match="owner"):
        _tell(cast, Happening("staff.changed", "staff", 1, changes=(change,)))


def test_an_inspector_reads_the_events_of_their_county_only(cast: Cast) -> None:
    _tell(
        cast,
        Happening("here.done", "place", codes=cast.codes("ZX")),
        Happening("there.done", "place", codes=cast.codes("BX")),
    )
    with cast.database.session(Scope.of([Branch("township", "LX")]), kind="audit") as session:
        assert set(session.scalars(select(AuditEvent.action))) == {"here.done"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "{}"),
        ("body", "no JSON"),
        ("mark", "0" * 64),
        ("actor_name", "x"),
        ("case_id", 7),
        ("school_code", "BX"),
    ],
)
def test_an_event_is_genuine_until_any_of_it_is_changed(cast: Cast, column: str, value: object) -> None:
    _tell(cast, HAPPENING)
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "thing.done")).one()
        assert is_genuine(session, event)
        assert body_of(session, event)["facts"] == {"a": 1}
        session.expunge(event)
        setattr(event, column, value)
        assert not is_genuine(session, event)
        assert body_of(session, event)["facts"] == ({} if column in ("body", "mark") else {"a": 1})
