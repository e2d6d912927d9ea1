"""The cards of a case page: what its forms hold, who takes part, other cases of the subject, every form filled in."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.pages.case_evidence import may_count, records_url, span_before
from admin_app.pages.case_words import Behind, answer_cards, names_on
from admin_app.wording import say, say_moment, say_short
from models.case import Case, CaseParticipant, CaseRecord
from models.vault import learn_keys
from workflows.case_view import CaseView
from workflows.engine.case_facts import known_facts
from workflows.engine.definition import FormField
from workflows.engine.form import FILES
from workflows.engine.published import form_in_force, forms_numbered, workflow_version
from workflows.engine.record import open_answers
from workflows.engine.standing import ASKED, OPENER
from workflows.engine.stored import restored
from workflows.evidence import KINDS
from workflows.fields import CHILD, RELATIVE
from workflows.mask import masked

MOST_LINKED = 20


def detail_cards(session: Session, view: CaseView) -> list[dict[str, Any]]:
    """Return the latest answers form by form, who takes part, and the subject's other cases."""
    names = names_on(session, [view.case])
    answers = known_facts(session, view.case, view.version, view.sees)
    cards: list[dict[str, Any]] = []
    told: set[str] = set()
    filled = select(CaseRecord.form, CaseRecord.move_id).where(CaseRecord.case_id == view.case.id)
    latest: dict[str, int] = dict(session.execute(filled.order_by(CaseRecord.id)).all())
    for key, move in sorted(latest.items(), key=lambda item: -item[1]):
        form = form_in_force(session, key).form
        own = {f.key: answers[f.key] for f in form.fields if f.key in answers and f.key not in told}
        told |= set(own)
        cards = (answer_cards(form, own, view.sees, names, _behind(view, move)) if own else []) + cards
    return [*cards, *_people(session, view), *_linked(session, view)]


def _behind(view: CaseView, move_id: int) -> Behind:
    """Return where an answer leads that was given with a move: to the case's files, or to the records it counts."""
    span = span_before(view.moves, move_id) if may_count(view) else None

    def url(f: FormField) -> str | None:
        if f.type in FILES:
            return url_for("cases.show", number=view.case.number, tab="files")
        if span is not None and f.fact in KINDS and view.case.child_id is not None:
            return records_url(view.case.child_id, f.fact or "", span)
        return None

    return url


def _people(session: Session, view: CaseView) -> list[dict[str, Any]]:
    parts = session.scalars(
        select(CaseParticipant).where(CaseParticipant.case_id == view.case.id).order_by(CaseParticipant.id)
    ).all()
    if not parts:
        return []
    columns = [{"key": str(n), "label": label} for n, label in enumerate((_("身份"), _("姓名"), _("起"), _("止")))]
    rows = [
        {
            "id": str(part.id),
            "cells": [
                {"kind": "text", "value": relation_word(view, part.relation)},
                {"kind": "text", "value": part.name},
                {"kind": "date", "value": say_short(part.since_at)},
                {"kind": "date", "value": say_short(part.until_at) if part.until_at else _("至今")},
            ],
        }
        for part in parts
    ]
    return [{"title": _("参与人"), "table": {"columns": columns, "rows": rows}}]


def relation_word(view: CaseView, relation: str) -> str:
    """Return what a participant is called: by the question that names them, or as let in by a verb or a seat."""
    rule = view.version.workflow.participants.get(relation)
    if rule is None:
        return str(_("受邀知情")) if relation == ASKED else relation
    f = view.version.fields.get(rule.source)
    return _("发起人") if rule.source == OPENER else (say(f.label) if f is not None else relation)


def _linked(session: Session, view: CaseView) -> list[dict[str, Any]]:
    same = (Case.subject_type == view.case.subject_type, Case.subject_id == view.case.subject_id)
    others = session.scalars(
        select(Case).where(*same, Case.id != view.case.id).order_by(Case.id.desc()).limit(MOST_LINKED)
    ).all()
    if not others:
        return []
    return [{"title": _("相关事项"), "table": {"columns": case_columns(), "rows": case_rows(session, others)}}]


def case_columns() -> list[dict[str, Any]]:
    """Return the head of a short table of cases."""
    labels = (_("事项"), _("编号"), _("环节"), _("进入环节"))
    return [{"key": str(n), "label": label} for n, label in enumerate(labels)]


def case_rows(session: Session, cases: Any) -> list[dict[str, Any]]:
    """Return cases as lines of a short table, each opening its case."""
    rows = []
    for case in cases:
        workflow = workflow_version(session, case.definition_id).workflow
        url = url_for("cases.show", number=case.number)
        state = workflow.states[case.state]
        rows.append(
            {
                "id": str(case.id),
                "url": url,
                "cells": [
                    {"kind": "link", "value": say(workflow.title), "url": url},
                    {"kind": "text", "value": case.number},
                    {"kind": "tag", "value": say(state.label), "tag_kind": state.tag},
                    {"kind": "date", "value": say_short(case.state_since)},
                ],
            }
        )
    return rows


def record_cards(session: Session, view: CaseView) -> list[dict[str, Any]]:
    """Return every form that was filled in on the case, the newest first, as far as the person may see."""
    records = session.scalars(
        select(CaseRecord).where(CaseRecord.case_id == view.case.id).order_by(CaseRecord.id.desc())
    ).all()
    if not records:
        return [{"title": _("记录"), "empty": {"icon": "clipboard-list", "title": _("还没有填写过表单")}}]
    learn_keys(session, [view.case.key_owner])
    names = names_on(session, [view.case])
    forms = forms_numbered(session, {(record.form, record.form_version) for record in records})
    who = {move.id: move.actor_name for move in view.moves}
    cards: list[dict[str, Any]] = []
    for record in records:
        form = forms[(record.form, record.form_version)].form
        opened = open_answers(session, form, record.data, record.child_id or record.case_id, record.id, view.sees)
        answers = {key: in_part(form.field(key), restored(form.field(key), value)) for key, value in opened.items()}
        behind = _behind(view, record.move_id)
        filled = answer_cards(form.model_copy(update={"fields": _unbound(form)}), answers, view.sees, names, behind)
        if filled:
            filled[0]["sub"] = f"{who.get(record.move_id, '')} {say_moment(record.made_at)}"
        cards += filled
    return cards


def in_part(f: FormField, value: Any) -> Any:
    """Return an answer as the page may show it: numbers and addresses of the file stand in part, as everywhere."""
    if not f.bind or f.protection != "P2":
        return value
    subject, key = f.bind.split(".")
    fact = (CHILD if subject == "child" else RELATIVE).get(key)
    return value if fact is None else masked(fact, value)


def _unbound(form: Any) -> Any:
    return tuple(f.model_copy(update={"bind": None}) for f in form.fields)
