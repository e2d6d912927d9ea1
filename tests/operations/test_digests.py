"""The digest of the morning: for whom, on which days, once however many workers write it, and never a name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from models.calendar_day import CalendarDay
from models.case import Case
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.setting import Setting
from tests.cast import NOW, Cast
from tests.deciding import begin
from tests.posting import Post, channel, wants
from workflows.calendar import MARK
from workflows.clock import local_day
from workflows.operations.deputy import Absence, name_deputy
from workflows.outbox import send as send_module
from workflows.outbox.digests import make_digests
from workflows.outbox.send import send_due
from workflows.policy import Permission
from workflows.worker.loop import work_once
from workflows.worker.pieces import Tools

MORNING = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)  # Friday, 07:30 in the schools
SATURDAY = MORNING + timedelta(days=1)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Every channel leads here instead of to the network."""
    seen = Post()
    monkeypatch.setattr(send_module, "SENDERS", dict.fromkeys(("mail", "webhook", "wecom", "dingtalk"), seen))
    return seen


def told(posted: Post) -> list[tuple[str, str, dict[str, int]]]:
    return sorted((kind, letter.to, dict(letter.facts)) for kind, letter in posted.sent if letter.topic == "digest")


def two_cases(cast: Cast) -> None:
    """Two cases that wait for the class teacher, one of them overdue."""
    late = cast.open_case(cast.add_child("ZX-2302"))
    cast.open_case(cast.add_child("ZX-2302"))
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == late).values(due_at=MORNING - timedelta(days=1)))


def test_who_wants_it_gets_one_mail_with_what_waits_and_what_is_overdue(cast: Cast, posted: Post) -> None:
    channel(cast, "mail", "QH")
    for login, when in (("zhou", "daily"), ("qin", "at_once"), ("tan", "never"), ("meng", "daily")):
        wants(cast, login, when, f"{login}@school.example.org")
    two_cases(cast)
    assert make_digests(cast.database, MORNING - timedelta(minutes=1)) == 0, "too early"
    assert make_digests(cast.database, MORNING) == 1, "nothing waits for the counsellor"
    assert make_digests(cast.database, MORNING + timedelta(hours=3)) == 0
    send_due(cast.database, NOW)
    assert told(posted) == [("mail", "zhou@school.example.org", {"waiting": 2, "overdue": 1})]
    lines = posted.sent[0][1].lines
    assert lines == ("今天待办汇总", "待办 2 件", "逾期 1 件")
    assert make_digests(cast.database, MORNING + timedelta(days=3)) == 1, "again on Monday"


def test_a_deputy_is_told_of_the_work_of_whoever_is_absent_and_of_what_may_be_claimed(cast: Cast, posted: Post) -> None:
    channel(cast, "mail", "QH")
    for login in ("meng", "qin", "tan"):
        wants(cast, login, "daily", f"{login}@school.example.org")
    begin(cast, "{who: [principal@school], mode: all}")
    begin(cast, "{who: [office@school], mode: any}")
    with cast.acting("tan", Permission.CASE_ACT) as tx:
        day = local_day(MORNING)
        name_deputy(tx, cast["tan"].staff_id or 0, Absence(cast["meng"].staff_id or 0, day, day))
    assert make_digests(cast.database, MORNING) == 3
    send_due(cast.database, NOW)
    assert {to.partition("@")[0]: facts for _kind, to, facts in told(posted)} == {
        "tan": {"waiting": 1, "overdue": 0},
        "meng": {"waiting": 1, "overdue": 0},
        "qin": {"waiting": 0, "overdue": 0, "claimable": 1},
    }
    (lines,) = [letter.lines for _kind, letter in posted.sent if letter.to.startswith("qin")]
    assert lines[-1] == "待领 1 件"


def test_a_group_is_told_of_its_place_without_what_is_confidential(cast: Cast, posted: Post) -> None:
    channel(cast, "wecom", "LX")
    channel(cast, "webhook", "BX")
    two_cases(cast)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).values(due_at=MORNING - timedelta(days=1)))
        first = session.scalars(select(Case.id).limit(1)).one()
        session.execute(update(Case).where(Case.id == first).values(circle="individual_plan"))
    assert make_digests(cast.database, MORNING) == 1
    send_due(cast.database, NOW)
    assert [(kind, facts) for kind, _to, facts in told(posted)] == [("wecom", {"waiting": 1, "overdue": 1})]


def test_it_keeps_weekends_and_holidays_and_comes_on_a_worked_saturday(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    wants(cast, "zhou", "daily")
    two_cases(cast)
    assert make_digests(cast.database, SATURDAY) == 0
    with cast.database.transaction(system_scope("tests")) as session:
        for day, worked in ((MORNING, False), (SATURDAY, True)):
            on = (day + timedelta(hours=8)).date()
            session.add(CalendarDay(day=on, is_working=worked, name="调休", made_at=NOW, made_by=1))
        session.add(Setting(key=MARK, value="another"))
    assert make_digests(cast.database, MORNING) == 0
    assert make_digests(cast.database, SATURDAY) == 1
    assert make_digests(cast.database, SATURDAY + timedelta(hours=13)) == 0, "not at night"


def test_several_workers_write_each_digest_once(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    channel(cast, "wecom")
    for login in ("zhou", "qin", "meng", "tan"):
        wants(cast, login, "daily", f"{login}@school.example.org")
    two_cases(cast)
    made: list[int] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            made.append(make_digests(cast.database, MORNING))
        except BaseException as fault:
            faults.append(fault)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert faults == []
    with cast.database.session(system_scope("tests")) as session:
        digests = session.scalars(select(OutboxMessage).where(OutboxMessage.once.is_not(None))).all()
    assert len(digests) == 5
    assert sum(made) == len([row for row in digests if row.sent_at is None])


def test_a_worker_writes_and_sends_it(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    wants(cast, "zhou", "daily")
    two_cases(cast)
    did = work_once(Tools(cast.database, lambda: MORNING + timedelta(hours=4)))
    assert did["outbox"] >= 2
    assert [facts for _kind, _to, facts in told(posted)] == [{"waiting": 2, "overdue": 1}]


def test_without_a_channel_that_carries_digests_nobody_is_written_to(cast: Cast, posted: Post) -> None:
    channel(cast, "mail", topics=["case.moved"])
    wants(cast, "zhou", "daily")
    two_cases(cast)
    assert make_digests(cast.database, MORNING) == 0
