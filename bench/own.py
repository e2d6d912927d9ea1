"""The program's own part beside its peers: a wave of cases in a coming term, and one guarded step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from click import ClickException
from sqlalchemy import exists, func, select

from admin_app.demo.calendar import start_of
from bench.data import AS_OF, EVERYWHERE, World
from models.audit import AuditEvent
from models.case import Case
from models.child import Child
from models.definition import Definition
from models.place import Place
from models.school_year import SchoolYear, Term
from workflows.actor import Actor
from workflows.operations.case import Request, act_on_case
from workflows.operations.definition import publish_definition
from workflows.operations.jobs import CHUNK
from workflows.operations.lapse import divide, lapse_cases
from workflows.operations.many_cases import move_cases
from workflows.operations.school_year import make_school_year, make_term
from workflows.operations.wave import open_wave
from workflows.policy import Permission, standard_policy
from workflows.transaction import Origin, Transaction, transaction

OFFICE, WORKFLOW, STEP, ASIDE = "tangmy", "identification", "bench_accept", "send_back"
POLICY = standard_policy()
REASON = {"reason": "母亲电话打不通，请核实"}
# The step that all peers take: a guard over the child's facts, no form. What follows from it is as in the shipped
# workflow: a task for the office and a deadline with its reminders.
ACCEPT = f"""
  {STEP}:
    label: {{zh: 核收, en: Accept}}
    from: open
    to: confirmed
    by: [office]
    when: present(child.care_situation)
    explain: {{zh: 先填监护类型, en: The care situation comes first}}"""


@dataclass(frozen=True)
class Own:
    """Who acts, in which term, at which moment."""

    world: World
    office: Actor
    term_id: int
    at: datetime

    def places(self, wanted: int) -> list[tuple[int, str, int]]:
        """Return townships that have this many children on file between them: number, code, children."""
        children = func.count(Child.id)
        busiest = select(Child.township_code, children).where(Child.status == "on_file").group_by(Child.township_code)
        with self.world.database.session(EVERYWHERE) as session:
            counts = session.execute(busiest.order_by(children.desc(), Child.township_code)).all()
        with self.world.database.session(EVERYWHERE, kind="directory") as session:
            rows = session.execute(select(Place.code, Place.id).where(Place.kind == "township"))
            numbers = {row.code: row.id for row in rows}
        found: list[tuple[int, str, int]] = []
        for code, count in counts:
            if sum(row[2] for row in found) < wanted:
                found.append((numbers[code], code, count))
        return found

    def make_room(self, code: str) -> None:
        """End what is still open from former terms in a township, which a wave would do first."""
        former = select(Case).where(Case.township_code == code, Case.workflow == WORKFLOW, Case.closed_at.is_(None))
        with self._acting(Permission.WAVE_OPEN) as tx:
            ending, _stuck = divide(tx, tx.session.scalars(former).all())
            lapse_cases(tx, ending, "wave")

    def open(self, place_id: int) -> int:
        """Open a case for every child of a township; returns how many."""
        with self._acting(Permission.WAVE_OPEN) as tx:
            return open_wave(tx, place_id, self.term_id).opened

    def opened(self, code: str) -> list[tuple[int, str]]:
        """Return number (`id`) and name of the open cases of a township whose children the guard lets pass."""
        known = exists().where(Child.id == Case.child_id, Child.care_situation.is_not(None))
        wanted = select(Case.id, Case.number).where(
            Case.township_code == code, Case.term_id == self.term_id, Case.state == "open", known
        )
        with self.world.database.session(EVERYWHERE) as session:
            return [(row.id, row.number) for row in session.execute(wanted.order_by(Case.id))]

    def move_many(self, ids: Sequence[int]) -> int:
        """Take the guarded step in cases, chunk by chunk as the job does; returns how many moved."""
        moved = 0
        for start in range(0, len(ids), CHUNK):
            with self._acting(Permission.CASE_ACT) as tx:
                moved += move_cases(tx, ids[start : start + CHUNK], STEP, {}).moved
        return moved

    def move(self, number: str) -> None:
        """Take the guarded step in one case."""
        with self._acting(Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request(STEP))

    def send_back(self, number: str) -> None:
        """Take the step after it, with a form whose reason is kept sealed."""
        with self._acting(Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request(ASIDE, answers=REASON))

    def events(self, ids: Sequence[int]) -> int:
        """Count the audit events of cases."""
        with self.world.database.session(EVERYWHERE, kind="audit") as session:
            wanted = select(func.count()).select_from(AuditEvent)
            parts = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
            return sum(session.scalar(wanted.where(AuditEvent.case_id.in_(part))) or 0 for part in parts)

    def _acting(self, permission: Permission) -> AbstractContextManager[Transaction]:
        return _acting(self.world, self.office, permission, self.at)


@contextmanager
def own_part(world: World) -> Iterator[Own]:
    """Publish the workflow with the peers' step, in the next term without cases; put the shipped one back."""
    office = world.actor(OFFICE)
    term_id, first_on = _free_term(world, office)
    with world.database.session(EVERYWHERE, kind="directory") as session:
        in_force = select(Definition.content).where(Definition.key == WORKFLOW, Definition.state == "in_force")
        shipped = session.scalars(in_force).one().replace(ACCEPT, "")  # a run that was broken off leaves its version
    _publish(world, office, shipped.replace("\ntransitions:", f"\ntransitions:{ACCEPT}", 1))
    try:
        yield Own(world, office, term_id, start_of(first_on + timedelta(days=7)) + timedelta(hours=9, minutes=40))
    finally:
        _publish(world, office, shipped)


def _acting(world: World, office: Actor, permission: Permission, at: datetime) -> AbstractContextManager[Transaction]:
    scope = POLICY.scope(office, permission)
    return transaction(world.database, office, POLICY, scope, origin=Origin("bench"), clock=lambda: at)


def _publish(world: World, office: Actor, content: str) -> None:
    with _acting(world, office, Permission.TERM_MANAGE, world.now) as tx:
        publish_definition(tx, "workflow", WORKFLOW, content)


def _free_term(world: World, office: Actor) -> tuple[int, date]:
    """Return the first coming term without cases, and add a school year where every term has some."""
    with world.database.session(EVERYWHERE) as session:
        used = exists().where(Case.term_id == Term.id)
        coming = select(Term.id, Term.first_on).where(Term.first_on > AS_OF, ~used).order_by(Term.first_on)
        if (found := session.execute(coming).first()) is not None:
            return found.id, found.first_on
        year = (session.scalar(select(func.max(SchoolYear.first_year))) or AS_OF.year) + 1
    if year >= 2099:
        raise ClickException("this folder has no terms left; begin with a fresh one")
    first_on = date(year, 9, 1)
    with _acting(world, office, Permission.TERM_MANAGE, world.now) as tx:
        values = {"number": "1", "first_on": first_on, "last_on": date(year + 1, 1, 20)}
        made = make_term(tx, make_school_year(tx, str(year)).id, values, is_sure=True)
        return made.id, first_on
