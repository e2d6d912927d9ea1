"""Migrations lead up and down with rows in the tables, and end where the models are."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import create_engine, inspect, make_url, select, text, update

from models.child import Child
from models.database import Database
from models.schema import downgrade, drift, upgrade
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from models.task import CaseWatch
from tests.cast import NOW, Cast
from tests.deciding import begin
from workflows.operations.watch import Watching, watch_case
from workflows.policy import Permission

ALL = "{who: [principal@school], mode: all}"


def test_the_migrated_schema_is_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        assert present_version(connection) == newest_version()
        assert drift(connection) == []


def test_the_walls_can_be_taken_down_and_raised_again_around_rows(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2302")
    owner = owner_of(cast.database)
    downgrade(owner.engine, "0001")
    upgrade(owner.engine, application_role="office_app")
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, child_id).name == "林小禾"
    with owner.engine.connect() as connection:
        assert drift(connection) == []
    owner.dispose()


def test_watches_over_cases_that_have_ended_end_with_them(cast: Cast) -> None:
    ended, runs = begin(cast, ALL), begin(cast, ALL)
    for joint in (ended, runs):
        with cast.acting("tan", Permission.CASE_WATCH) as tx:
            watch_case(tx, joint.number, Watching("月底前办结"))
    ended.act("qin", "stop")
    owner = owner_of(cast.database)
    downgrade(owner.engine, "0022")
    assert _watched(cast) == [(NOW, cast["tan"].staff_id), (None, None)], "somebody has to be named"
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(CaseWatch).values(ended_at=None, ended_by=None))
    upgrade(owner.engine, application_role="office_app")
    assert _watched(cast) == [(NOW, None), (None, None)]
    with owner.engine.connect() as connection:
        assert drift(connection) == []
        checks = inspect(connection).get_check_constraints("case_watch")
    assert [check["name"] for check in checks] == ["ck_case_watch_ended_by_somebody"]
    owner.dispose()


def _watched(cast: Cast) -> list[tuple[datetime | None, int | None]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.execute(select(CaseWatch.ended_at, CaseWatch.ended_by).order_by(CaseWatch.id))
        return [(row.ended_at, row.ended_by) for row in rows]


def owner_of(database: Database) -> Database:
    """Whoever may change the schema."""
    if database.is_sqlite:
        return database
    url = make_url(str(database.url)).set(username="office_owner")
    return Database(url.render_as_string(hide_password=False), database.keystore, pooled=False)


def test_the_schema_can_be_taken_down_to_nothing(sqlite: Database) -> None:
    downgrade(sqlite.engine, "base")
    assert set(inspect(sqlite.engine).get_table_names()) <= {"alembic_version"}
    upgrade(sqlite.engine)


def test_an_empty_file_is_no_installation() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert present_version(connection) is None


@pytest.mark.parametrize(
    "table", ["child", "staff", "workflow_case", "audit_event", "name_gram", "relative", "field_value"]
)
def test_postgresql_forces_row_level_security_on_the_owner_too(postgresql: Database, table: str) -> None:
    query = text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :table")
    with postgresql.engine.connect() as connection:
        assert connection.execute(query, {"table": table}).scalar() is True
