"""What holds for every table of counts on PostgreSQL, where the application's role stands behind a wall."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from models.scope import Branch, Scope, system_scope
from models.tally import CaseTally, ChildTally
from tests.cast import Cast

EVERYWHERE = system_scope("tests")


def assert_walled(cast: Cast, tally: type[CaseTally] | type[ChildTally], elsewhere: str) -> None:
    """The application reads counts inside its scope only, and writes none."""
    with cast.database.session(Scope.of([Branch("school", elsewhere)])) as session:
        assert session.scalars(select(tally.amount)).all() == []
    for change in (update(tally).values(amount=9).returning(tally.slot), delete(tally).returning(tally.slot)):
        with cast.database.transaction(EVERYWHERE) as session:
            assert session.execute(change).all() == []
    table = tally.__tablename__
    with pytest.raises(DBAPIError, match="row-level security"), cast.database.transaction(EVERYWHERE) as session:
        session.execute(text(f"INSERT INTO {table} SELECT * FROM {table}"))
