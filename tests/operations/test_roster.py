"""A register is imported whole or not at all, once, and can be taken back while nothing was built on it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from admin_app.exchange.spreadsheet import read_grids
from models.audit import AuditEvent
from models.case import Case
from models.child import Child, NameGram, Relative
from models.notice import Notice
from models.place import Place
from models.scope import system_scope
from models.search import find_children
from models.vault import DataKey
from tests.cast import NOW, Cast
from workflows.engine.vocabulary import Verb
from workflows.operations.case import Request, act_on_case
from workflows.operations.roster import (
    Imported,
    find_school,
    import_roster,
    refuse_those_on_file,
    undo_import,
)
from workflows.operations.verbs import Asking, use_verb
from workflows.outbox.send import send_due
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.roster.check import check_roster
from workflows.roster.report import RosterReport

REGISTER = Path(__file__).parent.parent / "registers" / "school-18-classes.xlsx"


@pytest.fixture(scope="module")
def report() -> RosterReport:
    """The check of a whole school's register."""
    grids = read_grids(REGISTER.read_bytes(), REGISTER.name)
    return check_roster(grids, file=REGISTER.name, today=date(2026, 11, 20))


def _import(cast: Cast, login: str, report: RosterReport, school: str = "ZX") -> Imported:
    with cast.database.session(system_scope("roster")) as session:
        checked = refuse_those_on_file(session, report, school)
    with cast.acting(login, Permission.ROSTER_IMPORT) as tx:
        return import_roster(tx, find_school(tx.session, school), checked)


def _count(cast: Cast, model: type) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_what_the_bells_told_of_its_cases_goes_with_an_import(cast: Cast, report: RosterReport) -> None:
    done = _import(cast, "qin", report)
    with cast.system() as tx:
        case = tx.session.scalars(select(Case).where(Case.batch_id == done.batch).limit(1)).one()
        tx.send("case.moved", "inbox", f"case:{case.number}", {"case": case.number, "staff": [cast["tan"].staff_id]})
    send_due(cast.database, NOW + timedelta(minutes=1))
    assert _count(cast, Notice) == 2, "the office is told of its import, the principal of the case"
    with cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        undo_import(tx, done.batch)
    assert _count(cast, Notice) == 1


def test_accepted_rows_become_children_relatives_and_open_cases(cast: Cast, report: RosterReport) -> None:
    done = _import(cast, "qin", report)
    assert (done.created, done.updated) == (len(report.accepted), 0)
    assert len(done.classes) == 15  # of eighteen, three were there
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalar(select(func.count()).select_from(Child)) == len(report.accepted)
        cases = session.scalars(select(Case)).all()
        assert {(c.state, c.workflow, c.rev) for c in cases} == {("open", "identification", 1)}
        row = report.accepted[0]
        child = session.scalars(select(Child).where(Child.name == row.name)).one()
        assert (child.id_number, child.sex, child.birth_on) == (row.id_number, row.sex, row.birth_on)
        assert {r.slot for r in child.relatives} == {"guardian", "father", "mother"}
        assert row.guardian is not None
        assert next(r.phone for r in child.relatives if r.slot == "guardian") == row.guardian.phone
        place = session.scalars(select(Place).where(Place.code == child.class_code)).one()
        assert (place.grade(2026), place.number) == (row.grade, row.class_number)
        assert [c.id for c in find_children(session, row.name[1:])].count(child.id) == 1
    made = cast.events("child.made")
    assert len(made) == len(cast.events("case.opened")) == len(report.accepted)
    assert len(cast.events("roster.imported")) == 1


def test_the_trail_of_an_import_shows_no_protected_value(cast: Cast, report: RosterReport) -> None:
    _import(cast, "qin", report)
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        everything = "".join(session.scalars(select(AuditEvent.body)))
    for row in report.accepted:
        assert row.id_number not in everything
        assert row.name not in everything


def test_the_same_register_twice_adds_nobody(cast: Cast, report: RosterReport) -> None:
    _import(cast, "qin", report)
    with cast.database.session(system_scope("roster")) as session:
        again = refuse_those_on_file(session, report, "ZX")
        elsewhere = refuse_those_on_file(session, report, "SQ")
    assert again.accepted == []
    assert {f.code for f in again.refused[len(report.refused) :]} == {"already_on_file"}
    assert "其他学校" in str(elsewhere.refused[-1].message)
    assert report.accepted[-1].name not in str(elsewhere.refused[-1].message)
    with pytest.raises(Refusal) as refused:
        _import(cast, "qin", report)
    assert refused.value.code == "nothing_accepted"


@pytest.mark.parametrize("login", ["zhou", "bai", "feng", "sys", "nobody"])
def test_others_cannot_import(cast: Cast, report: RosterReport, login: str) -> None:
    with pytest.raises(Denied):
        _import(cast, login, report)
    assert _count(cast, Child) == 0


def test_an_import_is_taken_back_with_every_row_and_key(cast: Cast, report: RosterReport) -> None:
    keys = _count(cast, DataKey)
    done = _import(cast, "qin", report)
    with cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        assert undo_import(tx, done.batch) == done.created
    assert [_count(cast, model) for model in (Child, Relative, Case, NameGram)] == [0, 0, 0, 0]
    assert _count(cast, DataKey) == keys
    assert len(cast.events("child.removed")) == done.created
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        undo_import(tx, done.batch)
    assert refused.value.code == "already_undone"
    assert _import(cast, "qin", report).created == done.created


def test_an_import_is_not_taken_back_after_work_or_a_day(cast: Cast, report: RosterReport) -> None:
    done = _import(cast, "qin", report)
    later = NOW + timedelta(hours=25)
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.ROSTER_UNDO, at=later) as tx:
        undo_import(tx, done.batch)
    assert refused.value.code == "too_late"
    reason = {"cause": "entered_by_mistake", "reason": "误录"}
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, "MD-2026-0001", Request("not_left_behind", answers=reason))
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        undo_import(tx, done.batch)
    assert refused.value.code == "built_on"
    with pytest.raises(Missing), cast.acting("bai", Permission.ROSTER_UNDO) as tx:
        undo_import(tx, done.batch)


def test_an_import_is_not_taken_back_once_somebody_was_asked(cast: Cast, report: RosterReport) -> None:
    imported = _import(cast, "qin", report)
    with cast.database.session(system_scope("tests")) as session:
        number = session.scalars(select(Case.number).where(Case.batch_id == imported.batch)).first() or ""
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        use_verb(tx, number, Verb.COPY, Asking((cast["chen"].staff_id or 0,)))
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        undo_import(tx, imported.batch)
    assert refused.value.code == "built_on"
