"""Sessions see the rows of their posts and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from models.child import Child, Relative
from models.database import Database
from models.scope import Branch, OutOfScope, Scope, ScopeMissing, system_scope
from models.staff import Staff
from models.types import new_id
from models.vault import vault_of
from tests.cast import Cast, fill

AT = datetime(2026, 9, 1, tzinfo=UTC)


def _child(cast: Cast, place: str, name: str = "林小禾") -> Child:
    codes = cast.codes(place)
    child = Child(
        id=new_id(), name=name, name_key="lin xiao he", sex="female", made_at=AT, made_at_school=codes["school"]
    )
    child.place_at(codes)
    return child


def _add(cast: Cast, *places: str) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        for place in places:
            child = _child(cast, place, name=f"儿童{place}")
            session.add_all([vault_of(session).new_key(child.id), child])


def _names(database: Database, *branches: Branch) -> set[str]:
    with database.session(Scope.of(branches)) as session:
        return set(session.scalars(select(Child.name)))


def test_each_level_sees_its_subtree_and_mixed_posts_their_union(cast: Cast) -> None:
    _add(cast, "ZX-2302", "ZX-2101", "SQ-2101", "BX-2101", "XZ-2101")
    db = cast.database
    assert _names(db, Branch("class", "ZX-2302")) == {"儿童ZX-2302"}
    assert _names(db, Branch("school", "ZX")) == {"儿童ZX-2302", "儿童ZX-2101"}
    assert _names(db, Branch("township", "LX")) == {"儿童ZX-2302", "儿童ZX-2101", "儿童SQ-2101"}
    assert len(_names(db, Branch("county", "QH"))) == 5
    assert _names(db, Branch("township", "BT"), Branch("class", "ZX-2101")) == {"儿童BX-2101", "儿童ZX-2101"}
    assert _names(db, Branch("class", "ZX-2302"), Branch("class", "SQ-2101")) == {"儿童ZX-2302", "儿童SQ-2101"}
    assert _names(db) == set()


def test_a_county_school_is_in_no_township_scope() -> None:
    with pytest.raises(ValueError, match="no such branch"):
        Branch("township", "-")


def test_a_session_without_scope_refuses_scoped_tables(cast: Cast) -> None:
    with cast.database.session(Scope()) as session:
        session.info.pop("criteria")
        with pytest.raises(ScopeMissing):
            session.scalars(select(Child)).all()


def test_a_foreign_row_is_not_found_by_its_key_nor_changed_by_a_bulk_update(cast: Cast) -> None:
    _add(cast, "ZX-2302", "BX-2101")
    with cast.database.session(system_scope("tests")) as session:
        foreign = session.scalars(select(Child.id).where(Child.school_code == "BX")).one()
    with cast.database.transaction(Scope.of([Branch("township", "LX")])) as session:
        assert session.get(Child, foreign) is None
        session.query(Child).update({"name": "改"})
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, foreign).name == "儿童BX-2101"


def test_a_row_cannot_be_written_outside_or_moved_out_of_the_scope(cast: Cast) -> None:
    scope = Scope.of([Branch("township", "LX")])
    with pytest.raises(OutOfScope), cast.database.transaction(scope) as session:
        child = _child(cast, "BX-2101")
        session.add_all([vault_of(session).new_key(child.id), child])
    _add(cast, "ZX-2302")
    with pytest.raises(OutOfScope), cast.database.transaction(scope) as session:
        session.scalars(select(Child)).one().place_at(cast.codes("BX-2101"))


def test_the_school_where_a_record_was_made_never_changes(cast: Cast) -> None:
    _add(cast, "ZX-2302")
    with pytest.raises(OutOfScope), cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(Child)).one().made_at_school = "SQ"


def test_postgresql_shows_no_row_to_a_connection_that_announced_no_scope(postgresql: Database) -> None:
    cast = fill(postgresql)
    _add(cast, "ZX-2302")
    with postgresql.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM staff")).scalar() == 0
        with pytest.raises(DBAPIError):
            connection.execute(text("UPDATE audit_event SET action = 'x'"))


def test_audit_and_business_rows_are_never_seen_by_the_same_session(cast: Cast) -> None:
    with cast.database.session(Scope.of([Branch("city", "QZ")]), kind="audit") as session:
        assert session.scalars(select(Staff)).all() == []


def test_a_child_that_moves_carries_its_rows_along(cast: Cast) -> None:
    _add(cast, "ZX-2302")
    with cast.database.transaction(system_scope("tests")) as session:
        child = session.scalars(select(Child)).one()
        session.add(_relative(child))
    with cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(Child)).one().place_at(cast.codes("SQ-2101"))
    with cast.database.session(Scope.of([Branch("school", "SQ")])) as session:
        assert session.scalars(select(Child)).one().relatives[0].school_code == "SQ"


def _relative(child: Child) -> Relative:
    relative = Relative(id=new_id(), child_id=child.id, slot="guardian", call_order=1, name="林长顺")
    relative.place_at(child.level_codes)
    return relative
