"""A workflow with several clocks side by side for the tests of time, and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from models.case import Case
from models.clock import CaseClock, ClockFiring
from models.definition import Definition
from models.scope import system_scope
from models.types import new_id
from tests.cast import NOW, Cast
from workflows.engine.catalogue import standard_catalogue
from workflows.engine.loader import load_definition, load_pack
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission

KNOWN = """\
form: incident_known
title: {zh: 事件报告}
fields:
  - {key: known_at, type: datetime, label: {zh: 知悉时刻}, max: today, required: true}
  - key: risk
    type: choice
    label: {zh: 程度}
    options: [{value: low, label: {zh: 低}}, {value: high, label: {zh: 高}}]
"""
TOLD = """\
form: incident_told
title: {zh: 告知登记}
fields:
  - {key: told_at, type: datetime, label: {zh: 告知时刻}, required: true}
"""
REPORT = """\
workflow: incident
title: {zh: 事件}
prefix: SJ
subject: child
open: {by: [class_teacher, office], form: incident_known}
states:
  reported: {label: {zh: 已报告}, kind: start}
  closed: {label: {zh: 办结}, kind: end}
limits:
  guardian:
    label: {zh: 告知监护人}
    after: 30 minutes
    since: case.known_at
    met: tell_guardian
    met_at: case.told_at
    at: [{80%: remind}, {100%: urge}, {150%: assign office@township}]
  parents:
    label: {zh: 告知父母}
    after: 60 minutes
    since: case.known_at
    met: tell_parents
    met_at: case.told_at
    at: [{100%: urge}]
  authority:
    label: {zh: 上报}
    after: 120 minutes
    since: case.known_at
    when: case.risk == 'high'
    met: report_up
transitions:
  tell_guardian: {label: {zh: 告知}, from: reported, to: reported, by: [office, class_teacher], form: incident_told}
  tell_parents: {label: {zh: 告知}, from: reported, to: reported, by: [office, class_teacher], form: incident_told}
  report_up: {label: {zh: 已上报}, from: reported, to: reported, by: [office, class_teacher]}
  correct: {label: {zh: 更正}, from: reported, to: reported, by: [office, class_teacher], form: incident_known}
  close: {label: {zh: 办结}, from: reported, to: closed, by: [class_teacher, office], style: primary}
"""


def publish_report(cast: Cast, *texts: str) -> None:
    """Put the workflow of reports (or other texts) into force, without anybody's post."""
    catalogue = standard_catalogue(load_pack().forms)
    with cast.database.transaction(system_scope("tests")) as session:
        for written in texts or (KNOWN, TOLD, REPORT):
            loaded = load_definition(written, "test.yaml", catalogue)
            assert not loaded.problems, loaded.problems
            assert loaded.definition is not None
            kind = written.partition(":")[0]
            if kind == "form":
                catalogue = catalogue.with_forms({loaded.definition.key: loaded.definition})  # type: ignore[dict-item]
            session.add(
                Definition(
                    id=new_id(), kind=kind, key=loaded.definition.key, version=1, content=written,
                    digest=loaded.digest, state="in_force", published_at=NOW,
                )
            )  # fmt: skip


def open_report(cast: Cast, at: datetime = NOW, who: str = "zhou", **answers: str) -> str:
    """Open a report about a new child; returns its number."""
    child = cast.add_child("ZX-2302")
    with cast.acting(who, Permission.CASE_ACT, at=at) as tx:
        return open_case_about(tx, "incident", "child", child, Beginning(answers)).number


def move(
    cast: Cast, number: str, transition: str, answers: Mapping[str, str], *, at: datetime, who: str = "zhou"
) -> None:
    """Take a transition of a report at a moment."""
    with cast.acting(who, Permission.CASE_ACT, at=at) as tx:
        act_on_case(tx, number, Request(transition, answers=answers))


def clocks_of(cast: Cast, number: str, key: str | None = None) -> list[CaseClock]:
    """Return the clocks of a case in the order of their start, those of one key only where it is given."""
    with cast.database.session(system_scope("tests")) as session:
        wanted = select(CaseClock).join(Case, Case.id == CaseClock.case_id).where(Case.number == number)
        if key is not None:
            wanted = wanted.where(CaseClock.limit_key == key)
        return list(session.scalars(wanted.order_by(CaseClock.entry_id, CaseClock.id)))


def due_of(cast: Cast, number: str) -> datetime | None:
    """Return when a case is due."""
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case.due_at).where(Case.number == number)).one()


def fired(cast: Cast, number: str, key: str | None = None) -> list[tuple[int, str]]:
    """Return what the clocks of a case fired, by per cent and action, in the order of their ladders."""
    with cast.database.session(system_scope("tests")) as session:
        wanted = (
            select(ClockFiring.percent, ClockFiring.action)
            .join(CaseClock, CaseClock.id == ClockFiring.clock_id)
            .join(Case, Case.id == ClockFiring.case_id)
            .where(Case.number == number)
        )
        if key is not None:
            wanted = wanted.where(CaseClock.limit_key == key)
        return [
            (percent, action) for percent, action in session.execute(wanted.order_by(CaseClock.id, ClockFiring.rung))
        ]
