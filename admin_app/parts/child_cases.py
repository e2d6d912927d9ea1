"""A child's pairings with what was done, plans and other matters, and what may be begun, for the child's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, current_policy, may, now, read_session
from admin_app.pages.case import state_tag
from admin_app.pages.case_cards import case_columns, case_rows
from admin_app.pages.case_words import say_answer
from admin_app.parts.records import may_see_records
from admin_app.printing.case_paper import own_papers
from admin_app.wording import say
from models.case import Case, CaseParticipant
from models.child import Child
from models.reports.records import records_count
from workflows.clock import local_day
from workflows.engine.case_facts import known_facts
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.opening_view import openings
from workflows.policy import Permission
from workflows.subjects import ChildSubject

MOST = 60  # a child meets far fewer cases in all its years of school
PAIRING, PLAN = "pairing", "individual_plan"
TABS = ("pairing", "plan", "cases")
EVIDENCE = {"talk": ("talk",), "visit": ("home_visit",), "call": ("call", "video"), "letter": ("letter",)}


@dataclass(frozen=True)
class CasePart:
    """What a child's page shows of the child's cases, as far as the person may see them."""

    counts: dict[str, int]
    cards: list[dict[str, Any]]
    openings: list[dict[str, Any]]
    may_see: bool = True


def case_part(child: Child, tab: str) -> CasePart:
    """Return how many cases stand behind each tab, the cards of one tab, and what the person may begin.

    Closed circles are left out for others by the session's scope: no tab, no count.
    """
    begun = _openings(child)
    if not may(Permission.CASE_LIST):
        return CasePart({}, [], begun, may_see=False)
    session = read_session(Permission.CASE_LIST)
    found = session.scalars(
        select(Case).where(Case.child_id == child.id).order_by(Case.closed_at.is_not(None), Case.id.desc()).limit(MOST)
    ).all()
    of = {key: [case for case in found if tab_of(case) == key] for key in TABS}
    counts = {key: len(cases) for key, cases in of.items()}
    return CasePart(counts, _cards(child, tab, of.get(tab, [])), begun)


def tab_of(case: Case) -> str:
    """Return the tab under which a case stands."""
    return {PAIRING: "pairing", PLAN: "plan"}.get(case.workflow, "cases")


def _openings(child: Child) -> list[dict[str, Any]]:
    """Return the kinds of case that the person may open about the child, as links."""
    if not (may(Permission.CASE_ACT) and may(Permission.CASE_READ)):
        return []
    session, day = read_session(Permission.CASE_READ), local_day(now())
    found = openings(session, current_actor(), current_policy(), ChildSubject(child), day)
    return [
        {
            "label": say(version.workflow.title),
            "url": url_for("case_opening.ask", workflow=version.workflow.key, kind="child", number=child.id),
        }
        for version in found
    ]


def _cards(child: Child, tab: str, cases: Sequence[Case]) -> list[dict[str, Any]]:
    if tab not in TABS:
        return []
    if not cases:
        return [_none(tab)]
    if tab != "pairing":
        table = {"columns": case_columns(), "rows": case_rows(read_session(Permission.CASE_LIST), cases)}
        return [{"title": _("方案") if tab == "plan" else _("事项"), "table": table}]
    names = _helpers(cases)
    return [_pairing(child, case, names.get(case.id)) for case in cases]


def _none(tab: str) -> dict[str, Any]:
    if tab == "pairing":
        return {"title": _("结对"), "empty": {"icon": "heart-handshake", "title": _("还没有结对")}}
    return {"title": _("事项"), "empty": {"icon": "clipboard-list", "title": _("还没有事项")}}


def _version(case: Case) -> WorkflowVersion:
    return workflow_version(read_session(Permission.CASE_LIST), case.definition_id)


def _helpers(cases: Sequence[Case]) -> dict[int, CaseParticipant]:
    """Return the latest helper of each pairing."""
    parts = read_session(Permission.CASE_LIST).scalars(
        select(CaseParticipant)
        .where(CaseParticipant.case_id.in_([case.id for case in cases]), CaseParticipant.relation == "helper")
        .order_by(CaseParticipant.id)
    )
    return {part.case_id: part for part in parts}


def _pairing(child: Child, case: Case, part: CaseParticipant | None) -> dict[str, Any]:
    version = _version(case)
    sees = current_policy().sees(current_actor(), case.related_codes)
    known = known_facts(read_session(Permission.CASE_LIST), case, version, sees)
    helper = part.name if part is not None else known.get("helper_name") or _("未指定")
    tag = state_tag(version.workflow, case.state)
    since = local_day(part.since_at if part is not None else case.opened_at)
    facts = [
        {"key": _("环节"), "value": {"tag": tag | {"icon": None}}},
        *_said(version, known, ("kind", "term_goal")),
        {"key": _("起"), "value": since.isoformat()},
    ]
    if case.closed_at is not None:
        facts.append({"key": _("止"), "value": local_day(case.closed_at).isoformat()})
    if may_see_records(child):
        facts.append({"key": _("期间记录"), "value": _counted(child, case, part)})
    facts += _said(version, known, ("rating", "remark"))
    url = url_for("cases.show", number=case.number)
    links = [{"label": _("打开"), "url": url}]
    if case.closed_at is None:
        links += own_papers(read_session(Permission.CASE_LIST), version.workflow, case.number)
    return {"title": helper, "sub": case.number, "facts": facts, "shape": "grid", "links": links}


def _counted(child: Child, case: Case, part: CaseParticipant | None) -> dict[str, str]:
    """Count the child's records from the day the helper took part to today or the end, and name their list."""
    session = read_session(Permission.RECORD_LIST)
    since = local_day(part.since_at if part is not None else case.opened_at)
    until = local_day(case.closed_at or now())
    n = {key: records_count(session, child.id, kinds, since, until) for key, kinds in EVIDENCE.items()}
    said = _("谈心 %(talks)s · 家访 %(visits)s · 通话 %(calls)s · 书信 %(letters)s",
             talks=n["talk"], visits=n["visit"], calls=n["call"], letters=n["letter"])  # fmt: skip
    url = url_for("records.index_view", child=child.id, since=since.isoformat(), until=until.isoformat())
    return {"text": said, "url": url}


def _said(version: WorkflowVersion, known: dict[str, Any], keys: Sequence[str]) -> list[dict[str, Any]]:
    found = ((version.fields.get(key), known.get(key)) for key in keys)
    return [{"key": say(f.label), "value": say_answer(f, value, {})} for f, value in found if f is not None and value]
