"""Transitions a second with form, guard and trail committed, in alternation with bare transitions and one UPDATE."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from click import ClickException
from sqlalchemy import BigInteger, String, select, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from transitions import Machine

from admin_app.demo.filing import Pupil, file_answers
from bench.data import AS_OF, EVERYWHERE, World
from bench.figure import Figure
from models.case import Case
from models.staff import Appointment, Staff
from workflows.actor import Actor
from workflows.fields import stored
from workflows.operations.case import Request, act_on_case
from workflows.people import actor_of
from workflows.policy import Permission, standard_policy
from workflows.subjects import load_child
from workflows.transaction import Origin, transaction

MOST_CASES, IN_A_BLOCK = 300, 25
OFFICE = "tangmy"
POLICY = standard_policy()
Answers = Mapping[str, object]


class _Base(DeclarativeBase):
    """Base of the comparison's own table."""


class BareCase(_Base):
    """A case with a state and nothing else, as a programmer would begin."""

    __tablename__ = "bench_bare_case"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(40))


class Bare:
    """The peer: `transitions` with one shared machine and SQLAlchemy, one commit a transition, no form, no trail."""

    MOVES = (["complete", "open", "confirmed"], ["send_back", "confirmed", "open"], ["file", "confirmed", "filed"])

    def __init__(self, world: World, many: int) -> None:
        self.engine = world.database.engine.execution_options(shouwang_write=True)
        self.machine = Machine(
            model=None,
            states=["open", "confirmed", "filed"],
            transitions=list(self.MOVES),
            initial="open",
            auto_transitions=False,
        )
        _Base.metadata.drop_all(self.engine)  # a run that was broken off leaves its table
        _Base.metadata.create_all(self.engine)
        with Session(self.engine) as session, session.begin():
            session.add_all([BareCase(id=number, state="open") for number in range(many)])

    def move(self, number: int, trigger: str) -> None:
        """Load a row, fire, write it back, commit."""
        with Session(self.engine) as session, session.begin():
            row = session.get_one(BareCase, number)
            self.machine.add_model(row, initial=row.state)
            getattr(row, trigger)()
            self.machine.remove_model(row)

    def update(self, number: int) -> None:
        """Write one column of a row and commit: the floor."""
        with self.engine.begin() as connection:
            connection.execute(update(BareCase).where(BareCase.id == number).values(state=BareCase.state))

    def drop(self) -> None:
        """Remove the comparison's table."""
        _Base.metadata.drop_all(self.engine)


RNG = Random(1)
REASON = {"reason": "母亲电话打不通，请核实"}


@dataclass(frozen=True)
class Step:
    """One transition under measurement: what it is called, the trigger, who takes it, and what they typed."""

    name: str
    trigger: str
    by_teacher: bool
    answers: Callable[[World, Pupil], Answers | None]


STEPS = (
    Step("complete (form of 27 fields)", "complete", by_teacher=True, answers=lambda world, pupil: _file(world, pupil)),
    Step("send back (form, sealed reason)", "send_back", by_teacher=False, answers=lambda world, pupil: REASON),
    Step("complete again", "complete", by_teacher=True, answers=lambda world, pupil: _file(world, pupil)),
    Step("file (guard)", "file", by_teacher=False, answers=lambda world, pupil: None),
)


def _file(world: World, pupil: Pupil) -> Answers:
    """Return what a browser would send for a child's file: what stood on the page and what was typed."""
    with world.database.session(EVERYWHERE) as session:
        subject = load_child(session, pupil.child_id)
        assert subject is not None
        facts = {name: stored(value) for name, value in subject.facts().items()}
        return file_answers(session, RNG, facts)


def transition(world: World) -> Iterator[Figure]:
    """Measure each step of an identification case, block by block in alternation with the peer and the floor."""
    pupils, teachers = _open_cases(world)
    office = world.actor(OFFICE)
    with _bare(world, len(pupils)) as bare:
        for step in STEPS:
            spent = [0.0, 0.0, 0.0]
            for start in range(0, len(pupils), IN_A_BLOCK):
                block = range(start, min(start + IN_A_BLOCK, len(pupils)))
                typed = {
                    n: step.answers(world, pupils[n]) for n in block
                }  # a person's work, and a page's: not measured
                spent[0] += _spent(
                    lambda n, s=step, t=typed: _ours(world, s, pupils[n], t[n], teachers, office),  # type: ignore[misc]
                    block,
                )
                spent[1] += _spent(lambda n, s=step: bare.move(n, s.trigger), block)  # type: ignore[misc]
                spent[2] += _spent(bare.update, block)
            yield from _figures(world, step, len(pupils), spent)


def _figures(world: World, step: Step, many: int, spent: list[float]) -> Iterator[Figure]:
    ours, peer, floor = (many / seconds for seconds in spent)
    beside = {"bare_per_s": round(peer), "floor_per_s": round(floor), "cases": many}
    yield Figure(step.name, ours, "/s", details=beside)
    yield Figure(f"{step.name}: times bare", peer / ours, "×", 2 if world.kind == "sqlite" else 3)


def _spent(work: Callable[[int], object], block: Sequence[int]) -> float:
    began = time.perf_counter()
    for number in block:
        work(number)
    return time.perf_counter() - began


def _ours(
    world: World, step: Step, pupil: Pupil, answers: Answers | None, teachers: dict[str, Actor], office: Actor
) -> None:
    actor = teachers[pupil.teacher] if step.by_teacher else office
    scope = POLICY.scope(actor, Permission.CASE_ACT)
    with transaction(world.database, actor, POLICY, scope, origin=Origin("bench"), clock=lambda: world.now) as tx:
        act_on_case(tx, pupil.case, Request(step.trigger, answers=answers))


def _open_cases(world: World) -> tuple[list[Pupil], dict[str, Actor]]:
    """Return open cases, and the actor of the class teacher of each by the code of class or school."""
    with world.database.session(EVERYWHERE) as session:
        held = select(Appointment.class_code, Appointment.school_code, Staff)
        posts = session.execute(
            held.join(Staff, Staff.id == Appointment.staff_id).where(Appointment.role == "class_teacher")
        )
        people = {(klass if klass != "-" else school): person for klass, school, person in posts}
        rows = session.execute(
            select(Case.child_id, Case.class_code, Case.school_code, Case.number)
            .where(Case.state == "open")
            .order_by(Case.number)
            .limit(MOST_CASES)
        ).all()
        pupils = [
            Pupil(child or 0, klass if klass in people else school, number) for child, klass, school, number in rows
        ]
        return pupils, {p.teacher: actor_of(session, people[p.teacher], AS_OF) for p in pupils}


@contextmanager
def _bare(world: World, many: int) -> Iterator[Bare]:
    try:
        bare = Bare(world, many)
    except ProgrammingError as fault:
        asked = "the comparison needs a table of its own: GRANT CREATE ON SCHEMA public TO the application's role"
        raise ClickException(f"{asked} ({fault.orig})") from fault
    try:
        yield bare
    finally:
        bare.drop()
