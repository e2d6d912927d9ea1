"""How far jobs are, and what was refused in them, read without holding a job's cases in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.job import Job, JobChunk
from models.staff import Staff

LARGEST_ID = 2**63 - 1
AT_ONCE = 20  # chunks


class Far(NamedTuple):
    """How far a job is: cases seen and moved so far; those seen and not moved were refused."""

    seen: int = 0
    moved: int = 0

    @property
    def refused(self) -> int:
        """How many cases were refused."""
        return self.seen - self.moved


def own_jobs(session: Session, staff_id: int | None, *, before: int | None, limit: int) -> Sequence[Job]:
    """Return a person's jobs, the last first."""
    wanted = select(Job).where(Job.made_by == staff_id, Job.id < (before or LARGEST_ID))
    return session.scalars(wanted.order_by(Job.id.desc()).limit(limit)).all()


def own_job(session: Session, staff_id: int | None, job_id: int) -> Job | None:
    """Return a job of a person, None for another's."""
    return session.scalars(select(Job).where(Job.id == job_id, Job.made_by == staff_id)).one_or_none()


def jobs_of_colleagues(
    session: Session, staff_id: int | None, closed: Collection[str], limit: int
) -> list[tuple[Job, str]]:
    """Return the latest jobs of others whose account the session sees, with names; none of the `closed` workflows."""
    wanted = (
        select(Job, Staff.name)
        .join(Staff, Staff.id == Job.made_by)
        .where(Job.made_by != staff_id, Job.workflow.not_in(closed))
        .order_by(Job.id.desc())
        .limit(limit)
    )
    return [(job, name) for job, name in session.execute(wanted)]


def how_far(session: Session, jobs: Collection[int]) -> dict[int, Far]:
    """Return how far each of some jobs is, with one query."""
    done = (
        select(JobChunk.job_id, func.sum(_length(session, JobChunk.cases)), func.sum(JobChunk.moved))
        .where(JobChunk.job_id.in_(jobs), JobChunk.done_at.is_not(None))
        .group_by(JobChunk.job_id)
    )
    found = {job: Far(int(seen), int(moved)) for job, seen, moved in session.execute(done)}
    return {job: found.get(job, Far()) for job in jobs}


def refused_in(session: Session, job_id: int, at: tuple[int, int] = (0, 0)) -> Iterator[tuple[int, int, Sequence[Any]]]:
    """Yield what was refused in a job as its chunks keep it, from a place on: chunk, place in the chunk, and the case.

    A few chunks are fetched at a time.
    """
    chunk, place = at
    while True:
        kept = (JobChunk.job_id == job_id, JobChunk.number >= chunk, JobChunk.done_at.is_not(None))
        some = _length(session, JobChunk.refused) > 0
        wanted = select(JobChunk.number, JobChunk.refused).where(*kept, some).order_by(JobChunk.number).limit(AT_ONCE)
        rows = session.execute(wanted).all()
        for number, refused in rows:
            for n, one in enumerate(refused):
                if (number, n) >= (chunk, place):
                    yield number, n, one
        if len(rows) < AT_ONCE:
            return
        chunk, place = rows[-1].number + 1, 0


def _length(session: Session, listed: Any) -> ColumnElement[int]:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return func.jsonb_array_length(listed) if is_postgresql else func.json_array_length(listed)
