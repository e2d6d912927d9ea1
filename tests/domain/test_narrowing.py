"""Conditions written into a prepared statement show the same rows as those that go along as options."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, product
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from models.case import Case, CaseMove
from models.child import Child, Relative
from models.clock import CaseClock
from models.database import Database
from models.lookup import Lookup
from models.scope import Branch, Scope, system_scope
from models.setting import Setting
from models.vault import DataKey, Keystore

EVERYTHING = system_scope("tests")
OTHER = aliased(Child)
STATEMENTS: dict[str, Select[Any]] = {
    "rows of a child": select(Child.id),
    "rows of a case": select(Case.id),
    "a child with its key": select(Child.id, DataKey.id).outerjoin(DataKey, DataKey.id == Child.id),
    "rows that belong to a child": select(Relative.id),
    "rows that belong to a case": select(CaseMove.id),
    "an optional side": select(Child.id, Case.id).outerjoin(Case, Case.child_id == Child.id),
    "two sides": select(Case.id, Child.id).join(Child, Case.child_id == Child.id),
    "a side that is not asked for": select(Child.id).join(Case, Case.child_id == Child.id),
    "a side without a scope first": select(DataKey.id, Child.id).outerjoin(Child, DataKey.id == Child.id),
    "another name": select(OTHER.id),
    "a SELECT within": select(Setting.key).where(select(func.count(Case.id)).scalar_subquery() > 0),
    "a figure": select(func.count(CaseMove.id)),
    "no scoped row": select(Setting.key),
}
PREPARED = {name: statement.execution_options(prepared=True) for name, statement in STATEMENTS.items()}


@pytest.fixture(scope="module")
def demo(demo_school: Path) -> Iterator[Database]:
    """The demonstration school, to be read only."""
    database = Database(f"sqlite:///{demo_school / 'school.db'}", Keystore.load(demo_school / "keys.json"))
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def scopes(demo: Database) -> list[Scope]:
    """Scopes of every form: one place, several levels, a child, a case, nothing; with and without confidential ones."""
    with demo.session(EVERYTHING) as session:
        cases = session.execute(select(Case.id, Case.child_id, Case.circle).where(Case.child_id.is_not(None))).all()
        classes = session.scalars(select(Child.class_code).distinct().order_by(Child.class_code)).all()
        school = session.scalars(select(Child.school_code).limit(1)).one()
    hidden = next(case for case in cases if case.circle)
    plain = next(case for case in cases if not case.circle)
    branches = [
        [],
        [Branch("school", school)],
        [Branch("class", classes[0])],
        [Branch("class", classes[0]), Branch("class", classes[-1])],
        [Branch("class", classes[0]), Branch("child", str(hidden.child_id))],
        [Branch("child", str(plain.child_id)), Branch("case", str(hidden.id))],
        [Branch("school", "none-such"), Branch("case", str(plain.id))],
    ]
    sights = [((), ()), (("*",), ()), ((hidden.circle,), ()), ((), (hidden.id,))]
    return [Scope.of(branch, *sight) for branch, sight in product(branches, sights)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_prepared_statement_shows_what_the_same_one_shows_unprepared(
    demo: Database, scopes: list[Scope], name: str
) -> None:
    seen = set()
    for scope in [*scopes, *reversed(scopes), EVERYTHING]:
        with demo.session(scope) as session:
            plain = sorted(map(str, session.execute(STATEMENTS[name])))
            assert sorted(map(str, session.execute(PREPARED[name]))) == plain
        seen.add(tuple(plain))
    assert len(seen) > 1 or name == "no scoped row"  # the scopes differ in what they show


def test_what_belongs_to_a_row_is_narrowed_however_the_row_was_loaded(demo: Database) -> None:
    with demo.session(EVERYTHING) as session:
        case = session.scalars(select(Case).where(Case.child_id.is_not(None), Case.circle == "")).first()
        assert case is not None
        number, child = case.id, case.child_id
    by_number = select(Case).where(Case.id == bindparam("number"))
    for statement in (by_number, by_number.execution_options(prepared=True)):
        with demo.session(Scope.of([Branch("case", str(number))])) as session:
            found = session.scalars(statement, {"number": number}).one()
            assert found.child is None  # who takes part in a case does not see the child's file by it
            assert len(found.moves) > 0
        with demo.session(Scope.of([Branch("child", str(child))])) as session:
            found_too = session.scalars(statement, {"number": number}).one_or_none()
            assert found_too is None or found_too.child is not None


def test_a_lookup_reads_with_types_and_sees_what_waits_to_be_written(database: Database) -> None:
    value = Lookup(select(Setting.value).where(Setting.key == bindparam("key")))
    with database.transaction(EVERYTHING) as session:
        assert value.value(session, key="tests.word") is None
        session.add(Setting(key="tests.word", value="九月"))
        assert value.value(session, key="tests.word") == "九月"
        assert value.rows(session, key="tests.word") == [("九月",)]


def test_a_lookup_gives_moments_as_the_orm_does(demo: Database) -> None:
    clocks = select(CaseClock.id, CaseClock.due_at, CaseClock.stopped_at).order_by(CaseClock.id)
    with demo.session(EVERYTHING) as session:
        rows = Lookup(clocks).rows(session)
        assert rows == [tuple(row) for row in session.execute(clocks)]
        assert rows


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name != "no scoped row"])
def test_a_lookup_refuses_rows_that_a_scope_would_narrow(demo: Database, name: str) -> None:
    with demo.session(EVERYTHING) as session, pytest.raises(ValueError, match="no scope would narrow"):
        Lookup(STATEMENTS[name]).rows(session)


def test_a_level_at_which_a_scope_has_nothing_is_not_looked_through(demo_school: Path, tmp_path: Path) -> None:
    copy(demo_school / "school.db", tmp_path)
    known = Database(f"sqlite:///{tmp_path / 'school.db'}", Keystore.load(demo_school / "keys.json"))
    with known.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # it then knows that a city's index finds every row
    with known.session(EVERYTHING) as session:
        about = select(Case.number, Case.class_code).where(Case.child_id.is_not(None), Case.circle == "")
        number, code = session.execute(about).first() or ("", "")
        rows = session.scalar(select(func.count(Case.id))) or 0
        inside = session.scalar(select(func.count(Case.id)).where(Case.class_code == code)) or 0
    with known.session(Scope.of([Branch("class", code), Branch("case", "1"), Branch("child", "1")])) as session:
        steps = _steps_of(session, select(Case.id).where(Case.number == number))
    known.dispose()
    assert rows > 10 * inside  # else nothing would be told by what follows
    assert steps < 5 * rows, f"{steps} steps of the database for {inside} of {rows} rows"


def _steps_of(session: Session, statement: Select[Any]) -> int:
    """Return how many instructions SQLite carries out for a statement."""
    driver, steps = session.connection().connection.driver_connection, count()
    assert driver is not None
    session.execute(statement).all()  # compiled, and read into memory
    driver.set_progress_handler(lambda: next(steps) and None, 1)
    session.execute(statement).all()
    driver.set_progress_handler(None, 0)
    return next(steps)
