"""Migrations lead up and down with rows in the tables, and end where the models are."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from models.child import Child
from models.database import Database
from models.schema import downgrade, drift, upgrade
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from tests.cast import Cast


def test_the_migrated_schema_is_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        assert present_version(connection) == newest_version()
        assert drift(connection) == []


def test_the_walls_can_be_taken_down_and_raised_again_around_rows(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2302")
    owner = cast.database
    if not owner.is_sqlite:
        url = make_url(str(owner.url)).set(username="office_owner")
        owner = Database(url.render_as_string(hide_password=False), owner.keystore, pooled=False)
    downgrade(owner.engine, "0001")
    upgrade(owner.engine, application_role="office_app")
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, child_id).name == "林小禾"
    with owner.engine.connect() as connection:
        assert drift(connection) == []
    owner.dispose()


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
