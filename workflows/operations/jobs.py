"""Starts, carries on, cancels and tells of long work: one transition over many cases, a chunk in a transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.database import Database
from models.job import Job, JobChunk
from models.locks import hold
from models.scope import system_scope
from models.staff import Staff
from models.types import new_id
from models.vault import learn_keys, vault_of
from workflows.audit import Happening
from workflows.clock import Clock, local_day, system_clock
from workflows.engine.answers import is_unanswered
from workflows.engine.published import workflow_in_force
from workflows.engine.vocabulary import Label
from workflows.many_steps import SAID, answers_for_many, form_for, may_move_many
from workflows.operations.many_cases import Refused, Result, move_cases
from workflows.operations.setting import policy_in_force
from workflows.people import actor_of
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal, Stale
from workflows.text import Text, text
from workflows.transaction import Origin, Transaction, transaction
from workflows.verdicts import Said

CHUNK = 500  # cases in one transaction
MOST_CASES = 400_000
ORIGIN = Origin("worker", "local")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a job is: its row's facts, how many cases moved so far, and which were refused with what words."""

    id: int
    workflow: str
    transition: str
    state: str
    total: int
    seen: int
    moved: int
    refused: tuple[Refused, ...]
    made_at: datetime
    ended_at: datetime | None
    failure: str | None


def start_job(tx: Transaction, workflow: str, transition: str, case_ids: Sequence[int], said: Said, key: str) -> int:
    """Start moving cases (by number, `id`) in the background and return the job's number; the same key starts one.

    Raises Refusal where the transition cannot be taken in many cases, where what it asks is not answered, or where
    nothing was chosen.
    """
    tx.require(Permission.CASE_ACT)
    staff_id = tx.actor.staff_id
    if staff_id is None:
        raise Missing("no_account", text("没有这个账号"))
    hold(tx.session, f"job:{staff_id}:{key}")  # the second of two at once waits for the first
    if (before := started_job(tx.session, staff_id, key)) is not None:
        return before
    words = _answered(tx, workflow, transition, said)
    ids = sorted(set(case_ids))
    if not ids or len(ids) > MOST_CASES:
        raise Refusal("no_cases", text("请先选要办理的事项") if not ids else text("一次最多 {n} 件", n=MOST_CASES))
    learn_keys(tx.session, [staff_id])
    job_id = new_id()
    sealed = vault_of(tx.session).seal(staff_id, f"job:{job_id}:words", json.dumps(words, ensure_ascii=False))
    row = {"id": job_id, "made_by": staff_id, "made_at": tx.now, "key": key, "workflow": workflow,
           "transition": transition, "words_sealed": sealed, "total": len(ids), "state": "running"}  # fmt: skip
    insert_rows(tx.session, Job, [row])
    parts = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    chunks = [{"job_id": job_id, "number": n, "cases": part, "moved": 0, "refused": []} for n, part in enumerate(parts)]
    insert_rows(tx.session, JobChunk, chunks)
    _tell(tx, "job.started", job_id, {"workflow": workflow, "transition": transition, "count": len(ids)})
    return job_id


def started_job(session: Session, staff_id: int | None, key: str) -> int | None:
    """Return the job that a person's request started, None for a request that started none yet."""
    return session.scalar(select(Job.id).where(Job.made_by == staff_id, Job.key == key))


def _answered(tx: Transaction, workflow: str, transition: str, said: Said) -> dict[str, str | list[str]]:
    """Return what is said with a transition of many as typed; raises Refusal where it is taken in one case only."""
    version = workflow_in_force(tx.session, workflow)
    form = form_for(tx.session, version, transition)
    refusal = may_move_many(version, transition, form)
    if refusal is not None:
        raise Refusal("not_for_many", refusal)
    asked = SAID if form is None else tuple(f.key for f in form.form.fields)
    typed = {key: said[key] for key in asked if not is_unanswered(said.get(key))}
    answers_for_many(form, typed, version.workflow.transitions[transition].require, tx.now)
    return typed


def cancel_job(tx: Transaction, job_id: int) -> bool:
    """Stop one's own job and return whether it ran still; what has moved stays moved, a chunk that runs is finished.

    Raises Missing for others' jobs.
    """
    mine = (Job.id == job_id, Job.made_by == tx.actor.staff_id)
    if tx.session.scalar(select(Job.id).where(*mine)) is None:
        raise Missing("not_found", text("没有这条记录"))
    stopped = update(Job).where(*mine, Job.state == "running").values(state="cancelled", ended_at=tx.now)
    done = tx.session.execute(stopped.execution_options(synchronize_session=False))
    ran: bool = done.rowcount > 0  # type: ignore[attr-defined]
    if ran:
        _tell(tx, "job.cancelled", job_id, {})
    return ran


def _tell(tx: Transaction, action: str, job_id: int, facts: Mapping[str, Any]) -> None:
    tx.tell(Happening(action, "job", job_id, facts=facts))


def progress_of(session: Session, staff_id: int, job_id: int) -> Progress:
    """Return how far one's own job is; raises Missing for others'."""
    job = session.scalars(select(Job).where(Job.id == job_id, Job.made_by == staff_id)).one_or_none()
    if job is None:
        raise Missing("not_found", text("没有这条记录"))
    chunks = session.scalars(
        select(JobChunk).where(JobChunk.job_id == job_id, JobChunk.done_at.is_not(None)).order_by(JobChunk.number)
    ).all()
    refused = tuple(read_refused(one) for chunk in chunks for one in chunk.refused)
    return Progress(
        job.id, job.workflow, job.transition, job.state, job.total, sum(len(chunk.cases) for chunk in chunks),
        sum(chunk.moved for chunk in chunks), refused, job.made_at, job.ended_at, job.failure,
    )  # fmt: skip


def run_jobs(database: Database, clock: Clock = system_clock, most: int = 20) -> int:
    """Carry running jobs on by some chunks, the oldest first; returns how many chunks were done.

    A job that cannot be carried on holds up none of the others; it is tried again with the next call.
    """
    with database.session(system_scope("worker")) as session:
        running = session.scalars(select(Job.id).where(Job.state == "running").order_by(Job.id).limit(most)).all()
    done = 0
    for job_id in running:
        try:
            while done < most and run_chunk(database, clock, job_id):
                done += 1
        except Exception as fault:
            LOG.warning("job %s cannot be carried on: %s", job_id, type(fault).__name__)
    return done


def run_chunk(database: Database, clock: Clock = system_clock, job_id: int | None = None) -> bool:
    """Do one chunk of the oldest running job, or of one job; returns False when there is none.

    The chunk, its moves, its events and its result are one transaction: a kill leaves all of it or nothing.
    """
    with database.session(system_scope("worker")) as session:
        running = select(Job.id).where(Job.state == "running").order_by(Job.id)
        job = session.scalar(running.where(Job.id == job_id) if job_id is not None else running.limit(1))
    if job is None:
        return False
    try:
        with _as_its_person(database, job, clock) as found:
            return found is None or _do(*found)
    except Stale:
        return True  # somebody closed one of the cases between the reading and the writing: it is done anew


@contextmanager
def _as_its_person(database: Database, job_id: int, clock: Clock) -> Iterator[tuple[Transaction, Job] | None]:
    """Open a transaction of whoever started a job, with the posts they hold now; None where they may act no more."""
    with database.session(system_scope("worker")) as session:
        job = session.get_one(Job, job_id)
        staff = session.get_one(Staff, job.made_by)
        actor = actor_of(session, staff, local_day(clock()))
        policy = policy_in_force(session)
    if not staff.is_active or not policy.has_anywhere(actor, Permission.CASE_ACT):
        _break_off(database, job_id, clock())
        yield None
        return
    scope = policy.scope(actor, Permission.CASE_ACT)
    with transaction(database, actor, policy, scope, origin=ORIGIN, clock=clock) as tx:
        yield tx, job


def _break_off(database: Database, job_id: int, now: datetime) -> None:
    with database.transaction(system_scope("worker")) as session:
        values = {"state": "broken_off", "ended_at": now, "failure": "account_closed"}
        over = update(Job).where(Job.id == job_id, Job.state == "running").values(**values)
        session.execute(over.execution_options(synchronize_session=False))


def _do(tx: Transaction, job: Job) -> bool:
    """Do the next chunk that no other worker does; returns False when there is none."""
    wanted = select(JobChunk).where(JobChunk.job_id == job.id, JobChunk.done_at.is_(None)).order_by(JobChunk.number)
    chunk = tx.session.scalars(wanted.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if chunk is None:
        _finish(tx, job)
        return False
    learn_keys(tx.session, [job.made_by])
    words = vault_of(tx.session).open(job.made_by, f"job:{job.id}:words", job.words_sealed or b"")
    result = move_cases(tx, chunk.cases, job.transition, json.loads(words))
    _keep(tx, chunk, result)
    tx.session.flush()
    _finish(tx, job)
    return True


def _keep(tx: Transaction, chunk: JobChunk, result: Result) -> None:
    chunk.done_at, chunk.moved = tx.now, result.moved
    chunk.refused = [_written(one) for one in result.refused]


def _finish(tx: Transaction, job: Job) -> None:
    left = select(func.count()).select_from(JobChunk).where(JobChunk.job_id == job.id, JobChunk.done_at.is_(None))
    if tx.session.scalar(left):
        return
    over = update(Job).where(Job.id == job.id, Job.state == "running").values(state="done", ended_at=tx.now)
    if tx.session.execute(over.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        moved = tx.session.scalar(select(func.sum(JobChunk.moved)).where(JobChunk.job_id == job.id)) or 0
        step = {"workflow": job.workflow, "transition": job.transition}
        _tell(tx, "job.done", job.id, {**step, "count": job.total, "moved_cases": moved})
        told = {**step, "job": str(job.id), "moved": moved, "of": job.total}
        tx.send("job.done", "inbox", f"staff:{job.made_by}", told)


def _written(one: Refused) -> list[Any]:
    message = one.message
    said = [message.msgid, _plain(message.params)] if isinstance(message, Text) else [message.zh, {}, message.en]
    return [str(one.case_id), one.number, one.code, said]


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, int | str) else str(value) for key, value in params.items()}


def read_refused(one: Sequence[Any]) -> Refused:
    """Return a case that was not moved as a chunk keeps it."""
    case_id, number, code, (words, params, *en) = one
    message = Label(zh=words, en=en[0]) if en else Text(words, params)
    return Refused(int(case_id), number, code, message)
