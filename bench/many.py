"""One transition in thousands of cases, an event each, beside the same rows and payload written by executemany."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from sqlalchemy import BigInteger, String, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.data import EVERYWHERE, World
from bench.engine import OFFICE
from bench.figure import Figure
from models.audit import AuditEvent
from models.case import Case
from workflows.operations.jobs import CHUNK
from workflows.operations.many_cases import move_cases
from workflows.policy import Permission, standard_policy
from workflows.transaction import Origin, transaction

MOST = 26_000
POLICY = standard_policy()


class _Base(DeclarativeBase):
    """Base of the floor's own tables."""


class FloorCase(_Base):
    """A case with a state."""

    __tablename__ = "bench_floor_case"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(40))


class FloorRow(_Base):
    """A row as long as a move or an event."""

    __tablename__ = "bench_floor_row"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(String)
    mark: Mapped[str] = mapped_column(String(64))


def bulk(world: World) -> Iterator[Figure]:
    """Move confirmed files on, chunk by chunk in alternation with the floor; each chunk is one commit."""
    ids, body, mark = _found(world)
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    floor = _Floor(world, ids, body, mark)
    ours = beside = 0.0
    moved = 0
    try:
        for chunk in chunks:
            began = time.perf_counter()
            moved += _move(world, chunk)
            between = time.perf_counter()
            floor.write(chunk)
            ours += between - began
            beside += time.perf_counter() - between
    finally:
        floor.drop()
    details = {"cases": len(ids), "moved": moved, "floor_s": round(beside, 3)}
    yield Figure("many cases, one step", ours, "s", details=details)
    yield Figure("many cases: times executemany", ours / beside, "×", 3)


def _found(world: World) -> tuple[list[int], str, str]:
    actor = world.actor(OFFICE)
    with world.database.session(POLICY.scope(actor, Permission.CASE_ACT)) as session:
        wanted = select(Case.id).where(Case.workflow == "identification", Case.state == "confirmed")
        ids = list(session.scalars(wanted.order_by(Case.id).limit(MOST)))
    with world.database.session(EVERYWHERE, kind="audit") as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "case.moved").limit(1)).one()
        return ids, event.body, event.mark


def _move(world: World, ids: Sequence[int]) -> int:
    actor = world.actor(OFFICE)
    scope = POLICY.scope(actor, Permission.CASE_ACT)
    with transaction(world.database, actor, POLICY, scope, origin=Origin("bench"), clock=lambda: world.now) as tx:
        return move_cases(tx, ids, "file", {}).moved


class _Floor:
    """For each case a changed state and three rows with the payload of an event, by prepared statements."""

    def __init__(self, world: World, ids: Sequence[int], body: str, mark: str) -> None:
        self.engine = world.database.engine.execution_options(shouwang_write=True)
        self.body, self.mark, self.last = body, mark, 0
        _Base.metadata.drop_all(self.engine)
        _Base.metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.execute(insert(FloorCase), [{"id": number, "state": "confirmed"} for number in ids])

    def write(self, ids: Sequence[int]) -> None:
        """Write one chunk and commit."""
        rows = [
            {"id": self.last + number, "body": self.body, "mark": self.mark} for number in range(1, 3 * len(ids) + 1)
        ]
        self.last += len(rows)
        with self.engine.begin() as connection:
            connection.execute(update(FloorCase).where(FloorCase.id.in_(ids)).values(state="filed"))
            connection.execute(insert(FloorRow), rows)

    def drop(self) -> None:
        """Remove the floor's tables."""
        _Base.metadata.drop_all(self.engine)
