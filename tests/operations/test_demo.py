"""The demonstration: a believable school with a year of history, the same for the same seed, and every mark sound."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.demo.bulk import fill_region
from admin_app.demo.calendar import running, start_of, terms_around
from admin_app.demo.cast import SHOWN
from admin_app.demo.fill import NotForDemo, demo_size, fill
from admin_app.demo.holidays import SATURDAY, days_off, holidays
from admin_app.demo.logins import draw_logins
from admin_app.demo.names import MOBILE
from admin_app.demo.region import RegionSize, seats
from admin_app.demo.school import fill_school
from models.audit import AuditEvent, AuditPending
from models.case import Case, CaseMove, CaseRecord, CaseSlot
from models.child import Child, NameGram, Relative
from models.database import Database
from models.draw import PlaceDraw
from models.place import Place
from models.reports.filing import Filing, filing_by_place
from models.school_year import Term
from models.scope import Branch, Scope, system_scope
from models.search import find_children
from models.staff import Appointment, Staff
from models.terms import latest_term
from models.vault import DataKey, Keystore, learn_keys
from tests.cast import Cast
from tests.shared import DEMO_AS_OF
from workflows.calendar import calendar_in_force
from workflows.clock import local_day
from workflows.engine.allowed import post_named
from workflows.engine.case_facts import known_facts
from workflows.engine.published import form_in_force, workflow_in_force, workflow_version
from workflows.engine.record import is_sealed, open_answers
from workflows.operations.account import log_in
from workflows.operations.calendar import WORKED
from workflows.operations.case_standing import slot_name
from workflows.operations.recounting import progress
from workflows.people import actor_by_login
from workflows.policy import Permission, standard_policy

AS_OF = DEMO_AS_OF
SPRING = date(2027, 4, 15)
EVERYWHERE = system_scope("tests")
BY_PART_ONLY = {"inspection_member"}  # nobody is appointed to it, inspectors work as such in their inspections
EXPECTED = {
    "identification": {"filed", "confirmed", "returned", "open", "not_left_behind"},
    "pairing": {"proposed", "accepted", "active", "ended", "declined"},
    "individual_plan": {"draft", "review", "returned", "active", "achieved", "referred"},
    "inspection": {"announced", "reported", "circulated"},
    "archive": {"gathering", "sealed", "reopened"},
    "transfer": {"requested", "accepted"},
    "commendation": {"nominated", "voted", "awarded", "not_awarded"},
    "emergency": {"responding", "closed"},
    "keep_in_school": {"absent", "reported", "returned"},
}
ALIVE = (
    ("zhangm", "pairing", "proposed"),
    ("liang", "pairing", "proposed"),
    ("jianggh", "pairing", "proposed"),
    ("zhou", "pairing", "accepted"),
    ("zhou", "pairing", "proposed"),
    ("zhou", "commendation", "nominated"),
    ("zhou", "keep_in_school", "absent"),
    ("chen", "keep_in_school", "reported"),
    ("qin", "pairing", "active"),
    ("cen", "archive", "gathering"),
    ("meng", "individual_plan", "returned"),
    ("nong", "individual_plan", "review"),
    ("tan", "commendation", "voted"),
    ("feng", "inspection", "reported"),
)
RANDOM_DAYS = [date(2026, 1, 1) + timedelta(days=5 * n) for n in range(150)]


@pytest.fixture(scope="module")
def school(demo_school: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demonstration school, for all tests that only read it."""
    with _copied(demo_school, tmp_path_factory.mktemp("school")) as database:
        yield database


@contextmanager
def _copied(demo_school: Path, folder: Path) -> Iterator[Database]:
    copy(demo_school / "school.db", folder)
    database = Database(f"sqlite:///{folder / 'school.db'}", Keystore.load(demo_school / "keys.json"))
    yield database
    database.dispose()


def _count(database: Database, row_class: type, *where: object) -> int:
    with database.session(EVERYWHERE) as session:
        return session.scalar(select(func.count()).select_from(row_class).where(*where)) or 0


def _this_term(database: Database) -> dict[str, Filing]:
    with database.session(EVERYWHERE) as session:
        term = latest_term(session, AS_OF)
        assert term is not None
        assert term.first_on <= AS_OF <= term.last_on
        return {filing.code: filing for filing in filing_by_place(session, term.id, "school")}


def test_the_school_has_its_classes_children_and_staff(school: Database) -> None:
    assert _count(school, Place, Place.kind == "class", Place.school_code == "ZX", ~Place.is_closed) == 18
    assert _count(school, Child, Child.school_code == "ZX", Child.status == "on_file") == 122
    assert 40 <= _count(school, Staff) <= 55
    with school.session(EVERYWHERE) as session:
        held = set(session.scalars(select(Appointment.role)))
        titles = session.scalars(select(Place.name).where(Place.kind == "class", Place.school_code == "ZX")).all()
        on_file = (Child.school_code == "ZX", Child.status == "on_file")
        in_classes = set(session.scalars(select(Child.class_code).where(*on_file)))
    assert held == set(standard_policy().roles) - BY_PART_ONLY
    assert "四（2）班" in titles
    assert "一（1）班" in titles
    assert len(in_classes) == 18


def test_care_situations_stand_in_the_proportions_that_are_counted(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        on_file = (Child.school_code == "ZX", Child.status == "on_file")
        found = Counter(session.scalars(select(Child.care_situation).where(*on_file)))
    assert found == {"grandparents": 52, "one_parent": 54, "relatives": 10, "single_or_orphan": 6}


def test_this_terms_files_are_a_believable_mix_and_last_years_are_all_filed(school: Database) -> None:
    filing = _this_term(school)["ZX"]
    assert filing.states == {"filed": 103, "confirmed": 6, "returned": 4, "open": 7, "not_left_behind": 2}
    assert 0.85 < (filing.rate or 0) < 0.87
    with school.session(EVERYWHERE) as session:
        terms = session.scalars(select(Term).order_by(Term.first_on)).all()
        assert len(terms) == 4
        for term in terms[:2]:
            states = {state for f in filing_by_place(session, term.id, "school") for state in f.states}
            assert states == {"filed"}


def test_each_returned_file_says_why(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        moves = session.scalars(select(CaseMove).where(CaseMove.transition == "send_back")).all()
        learn_keys(session, [move.key_owner for move in moves])
        assert all(move.reason for move in moves)


def test_every_workflow_has_a_year_behind_it_and_something_on_its_way(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        found = Counter((workflow, state) for workflow, state in session.execute(select(Case.workflow, Case.state)))
    assert {workflow for workflow, _ in found} == set(EXPECTED)
    for workflow, states in EXPECTED.items():
        assert states <= {state for key, state in found if key == workflow}, workflow
    assert found["pairing", "active"] >= 30
    assert found["pairing", "proposed"] >= 3


def test_a_few_classes_have_four_or_five_children_in_pairings(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        rows = session.execute(
            select(Case.class_code, func.count(Case.child_id.distinct()))
            .where(Case.workflow == "pairing", Case.closed_at.is_(None))
            .group_by(Case.class_code)
        )
        in_pairings = Counter(dict(rows.all()))
    assert sum(many >= 4 for many in in_pairings.values()) >= 3
    assert max(in_pairings.values()) <= 7


def test_the_checks_of_pairings_count_the_records_that_helpers_wrote(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        checks = session.scalars(select(CaseRecord).where(CaseRecord.form == "pairing_check")).all()
        goals = Counter(session.scalars(select(Case.facts["term_goal"].as_string()).where(Case.workflow == "pairing")))
        remarks = Counter(check.data["remark"] for check in checks)
    assert len(checks) > 50
    assert sum(check.data["talks"] > 0 for check in checks) > 0.9 * len(checks)
    assert max(goals.values()) <= 2
    assert max(remarks.values()) < len(checks) / 10


@pytest.mark.parametrize(("login", "workflow", "state"), ALIVE)
def test_whoever_shows_the_demonstration_has_something_to_do(
    school: Database, login: str, workflow: str, state: str
) -> None:
    policy = standard_policy()
    with school.session(EVERYWHERE) as session:
        actor = actor_by_login(session, login, AS_OF)
    assert actor is not None
    with school.session(policy.scope(actor, Permission.CASE_ACT)) as session:
        version = workflow_in_force(session, workflow)
        waiting = session.scalars(select(Case).where(Case.workflow == workflow, Case.state == state)).all()
        may = [
            name
            for case in waiting
            for name, step in version.workflow.transitions.items()
            if case.state in version.workflow.sources(name)
            and post_named(actor.posts_over(case.related_codes), step.by, login) is not None
        ]
    assert may


def test_the_neighbouring_township_sees_its_own_school_only(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        bai = actor_by_login(session, "bai", AS_OF)
    assert bai is not None
    with school.session(Scope.of(post.branch for post in bai.posts)) as session:
        assert set(session.scalars(select(Child.school_code))) == {"BX"}
    with school.session(Scope.of([Branch("township", "LX")])) as session:
        assert set(session.scalars(select(Child.school_code))) == {"ZX", "SQ"}


def test_every_child_and_person_has_a_key_and_every_number_is_nobodys(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        children = session.scalars(select(Child)).all()
        keys = set(session.scalars(select(DataKey.id)))
        # An inspection of a place seals what is written under a key of its own.
        about_places = set(session.scalars(select(Case.id).where(Case.child_id.is_(None))))
        about_places |= set(session.scalars(select(PlaceDraw.id)))  # as does a draw by lot
        assert {child.id for child in children} | set(session.scalars(select(Staff.id))) | about_places == keys
        learn_keys(session, [child.id for child in children])
        assert all((child.id_number or "").startswith("99") for child in children)
        assert len({child.id_number for child in children}) == len(children)
        phones = {relative.phone for relative in session.scalars(select(Relative)) if relative.phone}
        assert all(phone.startswith(MOBILE) for phone in phones)
        assert children[0] in find_children(session, children[0].name)


def test_every_audit_mark_holds_and_time_never_runs_back(school: Database) -> None:
    with school.session(EVERYWHERE, kind="audit") as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert len(events) > 2_000
    for number, event in enumerate(events, 1):
        assert event.id == number
        assert school.keystore.mark(event.body.encode()) == event.mark
        assert json.loads(event.body)["number"] == number
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert events[-1].at < start_of(AS_OF)
    assert events[-1].at - events[0].at > timedelta(days=365)
    assert _count(school, AuditPending) == len(events)


def test_an_inspector_finds_something_to_read(school: Database) -> None:
    with school.session(Scope.of([Branch("county", "QH")]), kind="audit") as session:
        found = Counter(session.scalars(select(AuditEvent.action)))
    for action in ("account.logged_in", "account.login_refused", "access.denied", "child.read", "case.read",
                   "child.revealed", "children.exported", "child.changed", "relative.changed", "roster.imported",
                   "case.moved", "draw.prepared", "draw.made"):  # fmt: skip
        assert found[action] > 0, action


def _told(database: Database) -> list[object]:
    with database.session(EVERYWHERE) as session:
        children = session.execute(select(Child.name, Child.birth_on, Child.class_code, Child.risk).order_by(Child.id))
        moves = session.execute(select(CaseMove.transition, CaseMove.actor_name, CaseMove.at).order_by(CaseMove.id))
        return [*children, *moves]


@pytest.mark.deep
def test_the_same_day_gives_the_same_demonstration(school: Database, sqlite: Database) -> None:
    fill_school(sqlite, AS_OF)
    assert _told(sqlite) == _told(school)


def test_the_office_has_entered_the_holidays_and_nobody_works_on_them(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        calendar = calendar_in_force(session)
        days = {local_day(at) for at in session.scalars(select(CaseMove.at))}
        assert progress(session).is_done
    assert [year for year in range(2024, 2029) if calendar.knows(year)] == [2025, 2026, 2027]
    assert calendar.is_holiday(date(2026, 10, 7))
    assert calendar.is_working(date(2026, 10, 10))
    assert not [day for day in days if day.weekday() < SATURDAY and calendar.is_holiday(day)]


@pytest.mark.parametrize("year", [2020, 2026, 2031, 2045, 2100])
def test_no_day_is_both_a_holiday_and_worked_for_one(year: int) -> None:
    worked = {day for days in holidays(year) if days.kind == WORKED for day in days.each()}
    assert worked
    assert all(day.weekday() >= SATURDAY for day in worked)
    assert not worked & days_off(year)


@pytest.mark.parametrize("day", RANDOM_DAYS, ids=str)
def test_any_day_lies_in_a_running_term(day: date) -> None:
    terms = terms_around(day)
    assert running(terms, day) in (2, 3)
    for before, after in pairwise(terms):
        assert before.last_on < after.first_on


def test_log_ins_are_drawn_anew_each_time_and_work_at_once(school: Database) -> None:
    at = datetime(2026, 11, 22, 2, tzinfo=UTC)
    first, second = draw_logins(school, at), draw_logins(school, at + timedelta(minutes=1))
    assert [login.login for login in second] == list(SHOWN)
    assert {login.role for login in second} == set(standard_policy().roles) - BY_PART_ONLY
    assert not {login.password for login in first} & {login.password for login in second}
    cast = Cast(school, {}, {}, 0)
    with cast.system(at=at + timedelta(minutes=2)) as tx:
        assert log_in(tx, "zhou", first[4].password, "test").token is None
        assert log_in(tx, "zhou", second[4].password, "test").token is not None
        assert tx.session.scalars(select(Staff).where(Staff.login == "zhou")).one().must_change_password is False


def test_a_demonstration_knows_itself(school: Database, sqlite: Database) -> None:
    assert demo_size(school) == "school"
    assert demo_size(sqlite) is None


def test_a_database_that_somebody_works_with_is_left_alone(sqlite_cast: Cast) -> None:
    with pytest.raises(NotForDemo):
        demo_size(sqlite_cast.database)


def _fill_in_bulk(database: Database, monkeypatch: pytest.MonkeyPatch, day: date, term_number: int) -> None:
    monkeypatch.setattr("admin_app.demo.region.SIZES", {"county": (2, 5, 12, 700)})
    fill(database, "county", day)
    size = RegionSize.named("county")
    assert demo_size(database) == "county"
    assert _count(database, Child, Child.status == "on_file") == size.children
    with database.session(EVERYWHERE) as session:
        term = latest_term(session, day)
        assert term is not None
        assert term.number == term_number
    assert _count(database, Place, Place.kind == "school") == size.schools
    assert _count(database, Place, Place.kind == "township") == size.townships
    with database.session(EVERYWHERE) as session:
        children = session.scalars(select(Child).where(Child.made_at_school.not_in(("ZX", "SQ", "BX")))).all()
        learn_keys(session, [child.id for child in children])
        assert all(child.id_number and child.home_address for child in children)
        assert len({child.id_number for child in children}) == len(children)
        cases = session.scalars(select(Case).where(Case.child_id.in_([child.id for child in children]))).all()
        assert sum(case.workflow == "identification" for case in cases) == len(children)
        ids = [case.id for case in cases]
        made = select(CaseMove.case_id, func.count()).where(CaseMove.case_id.in_(ids)).group_by(CaseMove.case_id)
        moves = dict(session.execute(made).all())
        assert all(moves[case.id] == case.rev for case in cases)
        reasons = session.scalars(select(CaseMove).where(CaseMove.transition == "send_back")).all()
        learn_keys(session, [move.key_owner for move in reasons])
        assert all(move.reason for move in reasons)
        assert children[0] in find_children(session, children[0].name, limit=500)
    _sound(database)


def test_a_region_is_filled_in_bulk_with_every_value_sealed_and_every_key_in_place(
    demo_school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.demo.fill.fill_school", lambda database, as_of: None)  # it is there already
    with _copied(demo_school, tmp_path) as database:
        _fill_in_bulk(database, monkeypatch, AS_OF, term_number=1)


@pytest.mark.deep
def test_a_region_is_filled_in_bulk_around_a_school_in_spring(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill_in_bulk(database, monkeypatch, SPRING, term_number=2)


@pytest.fixture(scope="module")
def region(demo_school: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demonstration school with a small region around it, many of whose children have a plan."""
    with _copied(demo_school, tmp_path_factory.mktemp("region")) as database:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("admin_app.demo.bulk.PLANNED", 0.2)
            fill_region(database, AS_OF, RegionSize(counties=1, townships=3, schools=5, children=354))
        yield database


@pytest.mark.parametrize("workflow", ["pairing", "individual_plan"])
def test_a_case_made_in_bulk_is_shaped_as_the_operations_make_it(region: Database, workflow: str) -> None:
    with region.session(EVERYWHERE) as session:
        played, bulk = (
            session.scalars(select(Case).where(Case.workflow == workflow, Case.state == "active", part)).all()
            for part in (Case.school_code == "ZX", Case.school_code.not_in(("ZX", "SQ", "BX")))
        )
        assert bulk
        # The play's cases may have been checked or changed since; then they know more.
        known = min((shape_of(session, case) for case in played), key=lambda shape: len(shape["facts"]))
        for case in bulk:
            shape = shape_of(session, case)
            assert shape["facts"] ^ known["facts"] <= OPTIONAL
            assert shape["standing"] == known["standing"]
            assert shape["parts"] == known["parts"]
            assert shape["steps"][: len(STEPS[workflow])] == STEPS[workflow]
            assert shape["slots"] == expected_slots(case)
            assert case.rev == len(case.moves)
            assert all(move.child_id == case.child_id and move.circle == case.circle for move in case.moves)


OPTIONAL = {"helper_sex", "reason", "handed_over", "wish", "opinion"} | {
    "talks", "home_visits", "calls", "study", "life", "mood", "rating", "decision", "remark", "checked_on",
    "stage_checked", "stage_result", "findings", "next_step",
}  # fmt: skip
STEPS = {
    "pairing": [("open", "pairing_proposal"), ("accept", "pairing_acceptance"), ("sign", "pledge")],
    "individual_plan": [
        ("open", "plan_referral"),
        ("submit", "plan"),
        ("approve", "plan_opinion"),
        ("inform", "guardian_informed"),
    ],
}


def shape_of(session: Session, case: Case) -> dict[str, Any]:
    """Return what a case's rows are made of, without what differs from case to case."""
    learn_keys(session, [case.key_owner])
    records = {r.move_id: r for r in session.scalars(select(CaseRecord).where(CaseRecord.case_id == case.id))}
    version = workflow_version(session, case.definition_id)
    assert known_facts(session, case, version, "P3").keys() == case.facts.keys()  # each sealed one can be opened
    for record in records.values():
        form = form_in_force(session, record.form).form
        opened = open_answers(session, form, record.data, case.key_owner, record.id, "P3")
        assert opened.keys() == record.data.keys()
    slots = session.scalars(select(CaseSlot.slot).where(CaseSlot.case_id == case.id))
    return {
        "facts": set(case.facts),
        "standing": (case.circle, case.open_slot == str(case.subject_id), case.subject_type, case.term_id,
                     {key for key, value in case.facts.items() if is_sealed(value)} - OPTIONAL),
        "parts": sorted((p.relation, p.works_as, p.role, p.place_id, p.circle, p.until_at is None)
                        for p in case.participants if p.until_at is None),
        "steps": [(move.transition, records[move.id].form) for move in case.moves if move.id in records],
        "slots": set(slots),
    }  # fmt: skip


def expected_slots(case: Case) -> set[str]:
    """Return what a pairing occupies alone; a plan occupies nothing but its class's quota."""
    if case.workflow != "pairing":
        return set()
    values = ((case.subject_id, case.facts["kind"]), (case.subject_id, case.facts["helper"]))
    return {slot_name("pairing", rule, each) for rule, each in enumerate(values)}


def test_the_slots_of_a_played_pairing_are_those_expected_of_one_made_in_bulk(school: Database) -> None:
    with school.session(EVERYWHERE) as session:
        active = (Case.workflow == "pairing", Case.state == "active", Case.facts["kind"].as_string() == "helper")
        for case in session.scalars(select(Case).where(*active)):
            assert set(session.scalars(select(CaseSlot.slot).where(CaseSlot.case_id == case.id))) == expected_slots(
                case
            )


def _sound(database: Database) -> None:
    with database.session(EVERYWHERE, kind="audit") as session:
        for event in session.scalars(select(AuditEvent)):
            assert database.keystore.mark(event.body.encode()) == event.mark
    if database.is_sqlite:
        raw = database.engine.raw_connection()
        assert raw.cursor().execute("PRAGMA foreign_key_check").fetchall() == []
        assert raw.cursor().execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.cursor().execute("PRAGMA journal_mode").fetchall() == [("wal",)]
        assert raw.cursor().execute("PRAGMA foreign_keys").fetchall() == [(1,)]
        raw.close()
    assert _count(database, NameGram) > _count(database, Child)


def test_a_region_keeps_its_numbers_and_gives_every_school_children() -> None:
    for name in ("county", "city"):
        size = RegionSize.named(name)
        from_seed = Random(7)
        found = list(seats(size, from_seed))
        assert sum(seat.children for seat in found) == size.children - 154
        assert len(found) == size.schools - 3
        assert len({seat.code for seat in found}) == len(found)
        assert len({seat.township for seat in found}) == size.townships - 2
        assert min(seat.children for seat in found) > 0
