"""What may be done with many cases is what may be done with each, and is asked of the database as seldom as for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.scope import system_scope
from tests.cast import NOW, POLICY, Cast
from tests.deciding import WHO, begin, open_joint, publish
from tests.playing import stand
from tests.steps import WAYS
from workflows.actor import Actor
from workflows.case_view import view_case
from workflows.clock import local_day
from workflows.engine.vocabulary import Verb
from workflows.evidence import KINDS, evidence_about, evidence_of_cases
from workflows.many_views import Choices, choices_in
from workflows.operations.record import write_record
from workflows.policy import Permission
from workflows.refusal import Missing

ALL = f"{{who: {WHO}, mode: all}}"
NAMES = {*KINDS, *(f"evidence.{key}" for key in ("open_cases", "pairings", "proxy_parents", "is_filed"))}
TALK = {"talked_on": "2026-11-20", "topics": ["life"], "said": "妈妈三周没来电话"}


@contextmanager
def seen_by(cast: Cast, login: str) -> Iterator[tuple[Session, Session, Actor]]:
    """Whoever looks, with a session over what they see and one over everything."""
    with cast.acting(login, Permission.CASE_LIST) as tx, cast.database.session(system_scope("tests")) as everything:
        yield tx.session, everything, tx.actor


def choices(cast: Cast, login: str, *numbers: str) -> list[Choices]:
    with seen_by(cast, login) as (session, everything, actor):
        wanted = select(Case).where(Case.number.in_(numbers)) if numbers else select(Case)
        return choices_in(session, everything, actor, POLICY, session.scalars(wanted.order_by(Case.id)).all(), NOW)


def test_each_case_gets_the_verdicts_that_it_gets_singly(cast: Cast) -> None:
    for begun, states in WAYS.items():
        for state in states:
            stand(cast, begun, state)
    begin(cast, ALL).act("tan", "agree")
    begin(cast, ALL).use("qin", Verb.DELEGATE, "meng")
    begin(cast, ALL).act("meng", "return_it", target="draft")
    compared = 0
    for login in ("zhou", "meng", "qin", "tan", "chen", "feng", "bai", "sec"):
        found = {one.case.number: one for one in choices(cast, login)}
        with seen_by(cast, login) as (session, everything, actor):
            for number in session.scalars(select(Case.number)).all():
                try:
                    view = view_case(session, everything, actor, POLICY, number, NOW)
                except Missing:
                    assert number not in found
                    continue
                compared += len(view.options)
                if number in found or view.options:
                    assert found[number].options == tuple(view.options), (login, number)
                    assert found[number].subject.name == view.subject.name
    assert compared > 150


def test_what_is_counted_is_counted_for_each_as_for_one(cast: Cast) -> None:
    cases = [stand(cast, begun, state) for begun, state in (
        ("pairing", "active"), ("pairing", "ended"), ("archive", "gathering"), ("identification", "filed"),
        ("inspection", "announced"),
    )]  # fmt: skip
    for standing, days in zip(cases, (0, 1, 3, 40, 0), strict=True):
        with cast.database.transaction(system_scope("tests")) as session:
            moved = update(Case).where(Case.number == standing.number)
            session.execute(moved.values(state_since=NOW - timedelta(days=days)))
    for standing, days in ((cases[0], (0, 2)), (cases[2], (0, 2, 2, 5))):
        for back in days:
            with cast.acting("zhou", Permission.RECORD_WRITE) as tx:
                day = (local_day(NOW) - timedelta(days=back)).isoformat()
                write_record(tx, "talk", [standing.subject_id], {**TALK, "talked_on": day})
    with cast.database.session(system_scope("tests")) as session:
        every = session.scalars(select(Case)).all()
        found = evidence_of_cases(NAMES, session, session, every, local_day(NOW))
        for case in every:
            singly = evidence_about(NAMES, session, session, case.child_id, case, local_day(NOW))
            assert found.get(case.id, {}) == singly, case.number
    counted = {one["evidence.talks"] for one in found.values()}
    assert counted == {0, 1, 3}


@pytest.mark.parametrize(
    ("begun", "state", "login"),
    [
        ("identification", "confirmed", "qin"),  # a condition on the child and its relatives
        ("transfer", "requested", "qin"),  # counts pairings
        ("inspection", "announced", "qin"),  # about places
        (None, "review", "tan"),  # decided from seats
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_cases(
    cast: Cast, begun: str | None, state: str, login: str
) -> None:
    publish(cast, ALL)
    made = []
    for _ in range(12):
        if begun is not None:
            made.append(stand(cast, begun, state).number)
            continue
        joint = open_joint(cast)
        joint.act("zhou", "submit")
        made.append(joint.number)
    choices(cast, login, *made)  # what is kept for good is kept now
    asked: list[str] = []

    def notes(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(cast.database.engine, "before_cursor_execute", notes)
    told = {}
    for number in (2, 12):
        asked.clear()
        found = choices(cast, login, *made[:number])
        assert len(found) == number
        assert any(option.is_allowed for option in found[0].options)
        told[number] = len(asked)
    event.remove(cast.database.engine, "before_cursor_execute", notes)
    assert told[2] == told[12], told
