"""The lists of the inbox on both databases: each by its order, forth and back, and no case beyond the scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.reports.inbox import (
    Desk,
    Narrowed,
    claimable_cases,
    copied_cases,
    count_claimable,
    count_unread,
    count_waiting,
    count_watched,
    handled_cases,
    keys_of,
    opened_cases,
    waiting_cases,
    watched_cases,
)
from models.scope import system_scope
from tests.cast import NOW, POLICY, Cast
from tests.deciding import begin, open_joint, publish
from workflows.clock import local_day
from workflows.engine.vocabulary import Verb
from workflows.inbox import desk_of
from workflows.opening_view import workflows_in_force
from workflows.operations.copies import has_unread_copy, read_copies
from workflows.policy import Permission

ALL = "{who: [principal@school, office@school], mode: all}"
EVERY = Narrowed()


def desk(cast: Cast, session: Session, login: str) -> Desk:
    with cast.database.session(system_scope("tests")) as everything:
        return desk_of(session, everything, cast[login], POLICY, workflows_in_force(session), local_day(NOW))


def test_what_waits_is_listed_by_its_due_time_and_counted(cast: Cast) -> None:
    made = [cast.open_case(cast.add_child("ZX-2302"), "qin") for _ in range(4)]
    with cast.database.transaction(system_scope("tests")) as session:
        for number, days in zip(made, (2, None, -1, 2), strict=True):
            due = NOW + timedelta(days=days) if days else None
            session.execute(update(Case).where(Case.number == number).values(due_at=due, state_since=NOW))
    with cast.acting("zhou", Permission.CASE_LIST) as tx:
        own = desk(cast, tx.session, "zhou")
        listing = waiting_cases(own, EVERY)
        rows = listing.fetch(tx.session, None, True, 10)
        assert [row[0].number for row in rows] == [made[2], made[0], made[3], made[1]]
        after = listing.fetch(tx.session, keys_of(rows[1]), True, 10)
        assert [row[0].number for row in after] == [made[3], made[1]]
        before = listing.fetch(tx.session, keys_of(rows[3]), False, 2)
        assert [row[0].number for row in before] == [made[0], made[3]]
        assert count_waiting(tx.session, own) == 4
        late = waiting_cases(own, Narrowed(overdue_at=NOW)).fetch(tx.session, None, True, 10)
        assert [row[0].number for row in late] == [made[2]]


@pytest.mark.parametrize(("login", "waits"), [("tan", 1), ("qin", 1), ("zhou", 0), ("chen", 0), ("bai", 0)])
def test_a_case_with_seats_waits_for_those_who_sit(cast: Cast, login: str, waits: int) -> None:
    begin(cast, ALL)
    with cast.acting(login, Permission.CASE_LIST) as tx:
        assert count_waiting(tx.session, desk(cast, tx.session, login)) == waits


def test_a_pool_is_claimed_from_and_a_voice_is_found_again(cast: Cast) -> None:
    publish(cast, "{who: [office@school], mode: any}")
    joint = open_joint(cast)
    joint.act("zhou", "submit")
    with cast.acting("qin", Permission.CASE_LIST) as tx:
        own = desk(cast, tx.session, "qin")
        assert (count_waiting(tx.session, own), count_claimable(tx.session, own)) == (0, 1)
        assert len(claimable_cases(own, EVERY).fetch(tx.session, None, True, 10)) == 1
    joint.use("qin", Verb.CLAIM)
    joint.act("qin", "agree")
    with cast.acting("qin", Permission.CASE_LIST) as tx:
        done = handled_cases(own, EVERY).fetch(tx.session, None, True, 10)
        assert [(row[0].number, row[2], row[3]) for row in done] == [(joint.number, "agree", "moved")]
    with cast.acting("zhou", Permission.CASE_LIST) as tx:
        own = desk(cast, tx.session, "zhou")
        assert [row[0].number for row in opened_cases(own, EVERY).fetch(tx.session, None, True, 10)] == [joint.number]
        assert watched_cases(own, EVERY).fetch(tx.session, None, True, 10) == []
        assert count_watched(tx.session, own) == 0


def test_a_copy_is_read_once_and_stays_listed(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("zhou", Verb.COPY, "meng")
    told = len(cast.events())
    with cast.acting("meng", Permission.CASE_READ) as tx:
        case = tx.session.scalars(select(Case).where(Case.number == joint.number)).one()
        own = desk(cast, tx.session, "meng")
        assert count_unread(tx.session, own) == 1
        assert has_unread_copy(tx.session, case.id, cast["meng"].staff_id)
        read_copies(tx, case.id)
        assert not has_unread_copy(tx.session, case.id, cast["meng"].staff_id)
        assert count_unread(tx.session, own) == 0
        assert [row[3] for row in copied_cases(own, EVERY).fetch(tx.session, None, True, 10)] == ["read"]
    assert len(cast.events()) == told, "opening the page is what goes on record"
