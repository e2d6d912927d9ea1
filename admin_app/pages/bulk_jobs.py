"""The jobs of a person: how far each is, what was refused in it and why, and who else handles cases in bulk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, may, now, read_session, system_session
from admin_app.listing.column import Cell, tag, words
from admin_app.pages.bulk_choice import bulk_steps
from admin_app.wording import say, say_moment
from models.case import Case
from models.child import Child
from models.job import Job
from models.place import Place
from models.reports.jobs import Far, how_far, jobs_of_colleagues, own_job, own_jobs, refused_in
from workflows.engine.published import WorkflowVersion
from workflows.opening_view import workflows_in_force
from workflows.operations.jobs import read_refused
from workflows.operations.many_cases import Refused
from workflows.policy import Permission
from workflows.refusal import Missing, Words
from workflows.text import Text, text
from workflows.worker.beat import presence

PAGE, REFUSED, COLLEAGUES = 20, 50, 20
STATES: Mapping[str, tuple[str, Text, str]] = {
    "running": ("info", text("办理中"), "hourglass"),
    "done": ("ok", text("已办完"), "circle-check"),
    "cancelled": ("neutral", text("已停止"), "minus"),
    "broken_off": ("bad", text("已中断"), "alert-triangle"),
}
Versions = Mapping[str, WorkflowVersion]


def jobs_page(before: int | None) -> dict[str, Any]:
    """Return the context of `bulk/index.html`: the person's jobs, the last first, and those of colleagues."""
    session = system_session("own jobs")
    found = own_jobs(session, current_actor().staff_id, before=before, limit=PAGE + 1)
    shown, versions = found[:PAGE], _versions(session)
    far = how_far(session, [job.id for job in shown])
    older = url_for("bulk.index", before=shown[-1].id) if len(found) > PAGE else None
    first = url_for("bulk.index") if before is not None else None
    return {
        "columns": _columns(_("步骤"), _("事项"), _("进度"), _("已办"), _("未办成"), _("状态"), _("开始")),
        "rows": [_row(job, far[job.id], versions) for job in shown],
        "pager": {"first": first, "previous": None, "next": older, "size": PAGE} if older or first else None,
        "colleagues": _colleagues(versions) if before is None else None,
        "waits": _waits(shown),
    }


def _columns(*labels: str) -> list[dict[str, Any]]:
    right = {_("已办"), _("未办成"), _("进度")}
    return [
        {"key": str(n), "label": label, "is_sticky": n == 0, "align": "right" if label in right else "left"}
        for n, label in enumerate(labels)
    ]


def _row(job: Job, far: Far, versions: Versions) -> dict[str, Any]:
    url = url_for("bulk.show", job=job.id)
    cells = [
        words(step_title(job, versions), url=url),
        words(workflow_title(job, versions)),
        words(f"{far.seen:,} / {job.total:,}"),
        words(f"{far.moved:,}"),
        words(f"{far.refused:,}"),
        _state(job),
        words(say_moment(job.made_at)),
    ]
    return {"id": str(job.id), "url": url, "cells": cells}


def _state(job: Job) -> Cell:
    return tag(*STATES[job.state])


def _colleagues(versions: Versions) -> dict[str, Any] | None:
    """Return what others of the person's places handle in bulk: who, what and since when, but of no case how many."""
    if not may(Permission.STAFF_READ):
        return None
    session, own = read_session(Permission.STAFF_READ), current_actor().staff_id
    closed = [key for key, version in versions.items() if version.workflow.confidential]
    rows = [
        {
            "id": str(job.id),
            "cells": [
                words(name),
                words(step_title(job, versions)),
                words(workflow_title(job, versions)),
                _state(job),
                words(say_moment(job.made_at)),
            ],
        }
        for job, name in jobs_of_colleagues(session, own, closed, COLLEAGUES)
    ]
    columns = _columns(_("办理人"), _("步骤"), _("事项"), _("状态"), _("开始"))
    return {"columns": columns, "rows": rows} if rows else None


def job_page(job_id: int, reason: str, before: int) -> dict[str, Any]:
    """Return the context of `bulk/job.html`; raises Missing for another's job.

    `reason` narrows the refused cases to one reason, `before` leaves out so many of them. They are listed once the job
    is over: until then they change under the reader.
    """
    session = system_session("own jobs")
    job = the_job(session, job_id)
    versions, far = _versions(session), how_far(session, [job.id])[job.id]
    is_running = job.state == "running"
    url = url_for("bulk.show", job=job.id)
    page: dict[str, Any] = {
        "url": url,
        "bar": bulk_steps("run") if is_running else None,
        "label": step_title(job, versions),
        "workflow": workflow_title(job, versions),
        "state": {"kind": STATES[job.state][0], "word": say(STATES[job.state][1]), "icon": STATES[job.state][2]},
        "is_running": is_running,
        "is_broken_off": job.state == "broken_off",
        "total": job.total,
        "seen": far.seen,
        "moved": far.moved,
        "refused": far.refused,
        "left": job.total - far.seen,
        "began": say_moment(job.made_at),
        "ended": say_moment(job.ended_at),
        "waits": _waits([job]),
        "cancel_url": url_for("bulk.cancel", job=job.id),
        "list_url": url_for("cases.index", workflow=job.workflow),
        "reasons": [],
        "rows": [],
        "export_url": None,
        "next_url": None,
    }
    return page if is_running or not far.refused else page | _refused(session, job, reason, before)


def the_job(session: Session, job_id: int | None) -> Job:
    """Return a job of the person; raises Missing for another's."""
    job = own_job(session, current_actor().staff_id, job_id) if job_id is not None else None
    if job is None:
        raise Missing("not_found", text("没有这条记录"))
    return job


def _refused(session: Session, job: Job, reason: str, before: int) -> dict[str, Any]:
    counted: Counter[str] = Counter()
    said: dict[str, Words] = {}
    some: list[Refused] = []
    for one in all_refused(session, job):
        mark = _mark(one.message)
        counted[mark] += 1
        said.setdefault(mark, one.message)
        if reason in ("", mark) and len(some) <= before + REFUSED:
            some.append(one)
    shown = some[before : before + REFUSED]
    chosen = reason if reason in counted else ""
    kept: dict[str, Any] = {"reason": chosen} if chosen else {}
    more = url_for("bulk.show", job=job.id, after=before + REFUSED, **kept) if len(some) > before + REFUSED else None
    tabs = [
        {
            "label": say(said[mark]),
            "n": n,
            "url": url_for("bulk.show", job=job.id, reason=mark),
            "is_current": mark == chosen,
        }
        for mark, n in counted.most_common()
    ]
    return {
        "reasons": tabs,
        "all_url": url_for("bulk.show", job=job.id) if chosen else None,
        "rows": refused_lines(shown),
        "first_url": url_for("bulk.show", job=job.id, **kept) if before else None,
        "next_url": more,
        "export_url": url_for("bulk.export", job=job.id) if may(Permission.CHILD_EXPORT) else None,
    }


def all_refused(session: Session, job: Job) -> Iterable[Refused]:
    """Yield what was refused in a job, a few chunks fetched at a time."""
    return (read_refused(one) for _chunk, _place, one in refused_in(session, job.id))


def refused_lines(refused: Sequence[Refused]) -> list[dict[str, Any]]:
    """Return refused cases as far as the person may still see them, all of them fetched together."""
    session = read_session(Permission.CASE_LIST)
    rows = session.execute(
        select(Case.id, Case.number, Child.name, Place.name)
        .outerjoin(Child, Case.child_id == Child.id)
        .outerjoin(Place, Place.code == Case.school_code)
        .where(Case.id.in_([one.case_id for one in refused]))
    )
    seen = {case: (number, name or place or number, place) for case, number, name, place in rows}
    return [
        {"why": say(one.message)}
        | (
            {
                "number": found[0],
                "title": found[1],
                "place": found[2] or "",
                "url": url_for("cases.show", number=found[0]),
            }
            if (found := seen.get(one.case_id))
            else {"number": "", "title": _("已不在你的范围内"), "place": "", "url": None}
        )
        for one in refused
    ]


def _mark(message: Words) -> str:
    """Return a short mark of a reason, for addresses."""
    return sha256(str(message).encode()).hexdigest()[:12]


def _waits(jobs: Sequence[Job]) -> bool:
    """Tell whether a job waits because no worker runs that would carry it on."""
    is_running = any(job.state == "running" for job in jobs)
    return is_running and presence(system_session(), now()).alive == 0


def _versions(session: Session) -> Versions:
    return {version.workflow.key: version for version in workflows_in_force(session)}


def step_title(job: Job, versions: Versions) -> str:
    """Return what a job's step is called, its key where the workflow has it no longer."""
    version = versions.get(job.workflow)
    step = version.workflow.transitions.get(job.transition) if version is not None else None
    return say(step.label) if step is not None else job.transition


def workflow_title(job: Job, versions: Versions) -> str:
    """Return what a job's workflow is called."""
    version = versions.get(job.workflow)
    return say(version.workflow.title) if version is not None else job.workflow


def in_parts(refused: Iterable[Refused], size: int) -> Iterable[list[dict[str, Any]]]:
    """Yield refused cases as lines, so many of them fetched together."""
    rest = iter(refused)
    while part := list(islice(rest, size)):
        yield refused_lines(part)
