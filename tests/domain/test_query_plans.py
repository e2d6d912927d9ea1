"""Every declared order of a big list is read from an index at every level: no scan, no sorting, whatever the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from admin_app.listing.cursor import Cursor
from admin_app.listing.page import SortOrder, fetch_page
from admin_app.views.children import ChildScreen
from admin_app.views.records import RecordScreen
from admin_app.views.staff import StaffScreen
from models.case import Case, CaseMove
from models.child import Child, Relative
from models.record import Record
from models.reports.audit_trail import TrailFilter, trail
from models.reports.case_list import CasesWanted, list_cases
from models.reports.records import latest_records, records_count
from models.scope import LEVELS, Branch, Scope, system_scope
from models.search import find_children
from models.staff import Staff
from models.vault import DataKey
from tests.cast import NOW, Cast
from workflows.case_query import CaseQuestion
from workflows.engine.published import workflow_in_force

BIG = (
    "child", "record", "attachment", "workflow_case", "audit_event", "staff", "name_gram", "relative", "data_key",
    "field_value",
)  # fmt: skip
SCREENS = ((Child, ChildScreen), (Staff, StaffScreen), (Record, RecordScreen))
TAKEN_BACK = ((CaseMove, "child_id"), (Case, "child_id"), (Relative, "child_id"), (Child, "id"), (DataKey, "id"))
ORDERS = [(cls, order) for cls, screen in SCREENS for order in screen.sort_orders]


def _plans(cast: Cast, scope: Scope, read: Callable[[Session], Any], kind: str = "business") -> list[str]:
    """The plans of the statements that a read runs, as SQLite explains them."""
    seen: list[tuple[str, Any]] = []
    engine = cast.database.engine

    def note(connection: Connection, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    with cast.database.session(scope, kind=kind) as session:
        read(session)
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        return [
            row[3]
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def _assert_indexed(plans: list[str]) -> None:
    assert plans
    scans = [plan for plan in plans if plan.startswith("SCAN ") and plan.split()[1] in BIG]
    assert not scans, scans
    assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan], plans


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("row_class", "order"), ORDERS, ids=lambda value: getattr(value, "key", ""))
@pytest.mark.parametrize("is_first", [True, False])
def test_a_list_is_read_in_its_order(
    sqlite_cast: Cast, level: str, row_class: type[Any], order: SortOrder, is_first: bool
) -> None:
    values = tuple({"id": 1, "happened_on": "2026-11-20"}.get(name, "x") for name in order.names)
    cursor = None if is_first else Cursor(True, values)
    statement = select(row_class)
    plans = _plans(sqlite_cast, Scope.of([Branch(level, "x")]), lambda s: fetch_page(s, statement, order, cursor, 50))
    _assert_indexed(plans)


@pytest.mark.parametrize("level", LEVELS)
def test_a_childs_records_and_those_of_a_kind_are_found_by_index(sqlite_cast: Cast, level: str) -> None:
    scope = Scope.of([Branch(level, "x")])
    order, first, last = RecordScreen.sort_orders[0], date(2026, 11, 1), date(2026, 11, 30)
    of_kind = select(Record).where(Record.form == "talk", Record.state == "active")
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: fetch_page(s, of_kind, order, None, 50)))
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: latest_records(s, 7)))
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: records_count(s, 7, {"talk"}, first, last)))


@pytest.mark.parametrize("level", LEVELS)
def test_cases_the_trail_and_names_are_found_by_index(sqlite_cast: Cast, level: str) -> None:
    scope = Scope.of([Branch(level, "x")])
    wanted = CasesWanted("identification", 1, ("open",))
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: list_cases(s, wanted, before=10)))
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: trail(s, TrailFilter(), before=10), kind="audit"))
    _assert_indexed(_plans(sqlite_cast, scope, lambda s: trail(s, TrailFilter(child_ids=(7,))), kind="audit"))
    named = [plan for plan in _plans(sqlite_cast, scope, lambda s: find_children(s, "lxh")) if "name_gram" in plan]
    assert named
    assert all("gram=?" in plan for plan in named), named


@pytest.mark.parametrize("level", LEVELS)
def test_cases_that_a_condition_finds_are_read_in_their_order_and_their_answers_by_index(
    sqlite_cast: Cast, level: str
) -> None:
    with sqlite_cast.database.session(system_scope("tests")) as session:
        question = CaseQuestion.of(workflow_in_force(session, "identification"))
    written = "case.guardian_age >= 60 and not contains(case.cause, 'x') or 'basics' in case.five_facts"
    wanted = CasesWanted("identification", condition=question.where(written, NOW).condition)
    _assert_indexed(_plans(sqlite_cast, Scope.of([Branch(level, "x")]), lambda s: list_cases(s, wanted, before=10)))


@pytest.mark.parametrize(("row_class", "column"), TAKEN_BACK, ids=[cls.__name__ for cls, _column in TAKEN_BACK])
def test_what_refers_to_a_row_that_an_undone_import_removes_is_found_by_index(
    sqlite_cast: Cast, row_class: type[Any], column: str
) -> None:
    removal = f"EXPLAIN QUERY PLAN DELETE FROM {row_class.__tablename__} WHERE {column} = 1"
    with sqlite_cast.database.engine.connect() as connection:
        plans = [row[3] for row in connection.exec_driver_sql(removal)]
    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN ")], plans
