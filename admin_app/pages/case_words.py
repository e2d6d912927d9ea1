"""Says in words what a case knows: choices, people and places, days, repeated rows as small tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.wording import language, say, say_moment
from models.case import Case, CaseParticipant
from models.place import Place
from workflows.engine.catalogue import standard_code_lists
from workflows.engine.definition import Form, FormField
from workflows.engine.form import FILES
from workflows.engine.published import WorkflowVersion
from workflows.fields import visible

Names = Mapping[str, str]
Behind = Callable[[FormField], str | None]


def names_on(session: Session, cases: Iterable[Case]) -> dict[str, str]:
    """Return the names of the people and places that cases name, by number."""
    found: dict[str, str] = {}
    ids = [case.id for case in cases]
    parts = session.scalars(select(CaseParticipant).where(CaseParticipant.case_id.in_(ids)))
    found |= {str(part.staff_id or part.place_id): part.name for part in parts}
    places = {str(value) for case in cases for key, value in case.facts.items() if key.startswith("to_")}
    missing = [int(number) for number in places - set(found) if number.isdecimal()]
    if missing:
        rows = session.execute(select(Place.id, Place.name).where(Place.id.in_(missing)))
        found |= {str(number): name for number, name in rows}
    return found


def say_answer(f: FormField, value: Any, names: Names) -> str:
    """Return one answer in words."""
    if value is None or value == "":
        return ""
    if f.type in ("person", "place"):
        return names.get(str(value), _("（已不在名单）"))
    if f.type == "yes_no":
        return str(_("是") if value else _("否"))
    if f.type in FILES:
        return str(_("%(n)s 个附件", n=len(value) if isinstance(value, list) else 1))
    if f.type in ("choice", "multi_choice"):
        chosen = value if isinstance(value, list) else [value]
        return str(_("、")).join(_choice(f, str(one)) for one in chosen)
    if isinstance(value, datetime):
        return say_moment(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _choice(f: FormField, value: str) -> str:
    if f.options is None:
        return value
    if f.options.code_list is not None:
        label = standard_code_lists().get(f.options.code_list, {}).get(value)
        return label.say(language()) if label else value
    return next((item.said.say(language()) for item in f.options.items if item.value == value), value)


def answer_cards(
    form: Form, answers: Mapping[str, Any], sees: str, names: Names, behind: Behind = lambda f: None
) -> list[dict[str, Any]]:
    """Return a form's answers as cards: pairs first, then a table for each group of rows.

    `behind` gives the address of what stands behind an answer: the files it names, the records it counts.
    """
    pairs, tables = [], []
    for f in form.fields:
        if f.bind or (f.key not in answers and visible(f.protection.value, sees)):
            continue
        if not visible(f.protection.value, sees):
            pairs.append({"key": say(f.label), "value": {"secret": _("内容保密")}})
        elif f.columns:
            tables.append(_table(f, answers[f.key], names))
        else:
            said, url = say_answer(f, answers[f.key], names), behind(f) if answers[f.key] else None
            pairs.append({"key": say(f.label), "value": {"text": said, "url": url} if url else said})
    first = [{"title": say(form.title), "facts": pairs, "shape": "grid"}] if pairs else []
    return first + tables


def _table(f: FormField, rows: Any, names: Names) -> dict[str, Any]:
    columns = [{"key": column.key, "label": say(column.label)} for column in f.columns]
    lines = [
        {
            "id": str(number),
            "cells": [
                {"kind": "text", "value": say_answer(column, row.get(column.key), names)} for column in f.columns
            ],
        }
        for number, row in enumerate(rows if isinstance(rows, list) else [])
    ]
    return {"title": say(f.label), "table": {"columns": columns, "rows": lines}}


def key_facts(version: WorkflowVersion, case: Case, names: Names) -> list[dict[str, str]]:
    """Return the answers that stand for a case in lists, as pairs; protected ones never do."""
    found = []
    for key in version.workflow.key_facts:
        f, value = version.fields.get(key), case.facts.get(key)
        if f is not None and f.protection.value <= "P1" and value not in (None, ""):
            found.append({"key": say(f.label), "value": say_answer(f, value, names)})
    return found
