"""Dated records on paper: a card of one, the log of a child's term, and empty forms to fill in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy
from admin_app.pages.case import place_line
from admin_app.pages.record import RecordView, beside_the_day
from admin_app.pages.record_words import confidential_of, say_answer
from admin_app.printing.answers import empty_blocks
from admin_app.printing.sheet import Block, card, cell, printed_by, table
from admin_app.wording import say, say_day
from models.record import Record
from workflows.engine.definition import Form
from workflows.fields import visible
from workflows.record_forms import answers_of, form_of, head_of, sees

MOST_ON_PAPER = 60
EMPTY_LINES = 16


def record_paper(session: Session, view: RecordView) -> dict[str, Any]:
    """Return a record for `papers/sheets.html`; `rows` is how many records stand on it.

    What is confidential stands on a sheet of its own, so that whoever signs the first one does not read it.
    """
    record, form = view.record, view.version.form
    head = head_of(form)
    number = _("编号 %(number)s", number=record.id)
    rows = 1
    if head.printed == "log":
        log = _log(session, view)
        rows = len(log["rows"])
        who = [cell(_("姓名"), view.child.name), cell(_("学校班级"), place_line(session, record))]
        sheets = [_sheet(form, [card("", who), log], "")]
    else:
        told = _person(session, view)
        sheets = [_sheet(form, [card("", [*told, *_pairs(beside_the_day(view))])], number)]
        hidden = confidential_of(view.version, view.answers, view.sees)
        if hidden:
            apart = _sheet(form, [card("", [*told, *_pairs(hidden)])], number)
            sheets.append(apart | {"mark": _("保密页 · 单独存放"), "signers": []})
    return _page(form, sheets, view.child.name) | {
        "links": [{"label": _("空白表"), "url": url_for("papers.blank_form", form=form.key)}],
        "back_url": url_for("records.details_view", id=record.id),
        "rows": rows,
    }


def empty_record(form: Form) -> dict[str, Any]:
    """Return an empty form of dated records for `papers/sheets.html`; its confidential part is kept off paper."""
    head = head_of(form)
    who = [cell(_("姓名"), ""), cell(_("学校班级"), "")]
    if head.printed == "log":
        heads = _heads(form, head.summary)
        lines = table("", heads, [[" "] * len(heads)] * EMPTY_LINES) | {"is_empty": True}
        blocks: list[Block] = [card("", who), lines]
    else:
        blocks = [card("", [*who, cell(_("记录人"), "")]), *empty_blocks(form, "", confidential=False)]
    return _page(form, [_sheet(form, blocks, "")], _("空白表")) | {
        "links": [],
        "back_url": url_for("records.index_view", form=form.key),
    }


def _page(form: Form, sheets: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {"title": f"{say(form.title)} · {name}", "sheets": sheets, "foot": printed_by()}


def _sheet(form: Form, blocks: list[Block], number: str) -> dict[str, Any]:
    signed_by = [{"label": say(label), "says": "", "seal": False} for label in head_of(form).signed_by]
    title = say(form.title)
    return {"number": number, "mark": "", "title": title, "sub": "", "blocks": blocks, "signers": signed_by}


def _person(session: Session, view: RecordView) -> list[dict[str, Any]]:
    record = view.record
    return [
        cell(_("姓名"), view.child.name),
        cell(_("学校班级"), place_line(session, record)),
        cell(_("日期"), say_day(record.happened_on)),
        cell(_("记录人"), record.made_by_name),
    ]


def _pairs(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell(pair["key"], pair["value"], wide=True, height="some" if pair["is_long"] else "") for pair in pairs]


def _log(session: Session, view: RecordView) -> Block:
    form = view.version.form
    keys = [key for key in head_of(form).summary if visible(form.field(key).protection.value, view.sees)]
    rows = session.scalars(
        select(Record)
        .where(
            Record.child_id == view.record.child_id,
            Record.form == view.record.form,
            Record.state == "active",
            Record.term_id == view.record.term_id,
        )
        .order_by(Record.happened_on, Record.id)
        .limit(MOST_ON_PAPER)
    ).all()
    lines = []
    for row in rows:
        version = form_of(session, row)
        level = sees(current_actor(), current_policy(), row)
        answers = answers_of(session, version.form, row, level)
        known = {f.key: f for f in version.form.fields}
        said = [say_answer(version, known[key], answers.get(key)) if key in known else None for key in keys]
        lines.append([say_day(row.happened_on), *(one or "" for one in said), row.made_by_name])
    return table("", _heads(form, keys), lines)


def _heads(form: Form, keys: Sequence[str]) -> list[tuple[str, str]]:
    asked = [form.field(key) for key in keys]
    told = [(say(f.label), "wide" if f.type == "long_text" else "") for f in asked]
    return [(_("日期"), "narrow"), *told, (_("记录人"), "")]
