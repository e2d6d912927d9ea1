"""The page on which a record is written or corrected: whom it is about, few fields first, the rest folded."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, now, read_session, system_session
from admin_app.forms.definition_form import make_form, read_answers, show_computed, show_faults, written
from admin_app.forms.kept_draft import draft_line, draft_of, draft_url
from admin_app.forms.kept_files import form_place
from admin_app.pages.child import age_on
from admin_app.pages.places import names_of
from admin_app.pages.record_words import clip, day_line, say_answer, verb_of
from admin_app.wording import language, say
from models.case import Case
from models.child import Child
from models.record import Record
from models.reports.records import last_of, month_round
from models.vault import learn_keys
from workflows.clock import local_day
from workflows.engine.definition import Form
from workflows.engine.page_conditions import page_conditions
from workflows.engine.published import FormVersion, forms_numbered
from workflows.fields import CODE_LISTS, visible
from workflows.file_kind import LARGEST
from workflows.operations.attachment import MOST_FILES
from workflows.policy import Permission
from workflows.record_forms import answers_of, head_of
from workflows.refusal import Refusal
from workflows.subjects import ChildSubject

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """One page of entry: the form, whom it is about, the record that is corrected, the case it is written for."""

    version: FormVersion
    children: Sequence[Child]
    corrected: Record | None = None
    sees: str = "P3"
    case: Case | None = None


def entry_page(entry: Entry, refusal: Refusal | None = None) -> dict[str, Any]:
    """Return the context of `records/write.html`: filled in with what was typed, a draft, or what is known."""
    form, line = _bound(entry)
    if refusal is not None:
        show_faults(form, refusal.faults)
        if not any(key.split("-")[0] in form for key in refusal.faults):
            flash(say(refusal.message), "bad")
    definition = _seen(entry.version.form, entry.sees)
    screen = _screen(entry, line) | {"sections": _sections(definition, form)}
    return {"screen": screen, "form": form, "request_key": uuid.uuid4().hex}


def _bound(entry: Entry) -> tuple[Any, str]:
    if request.method == "POST":
        return _filled(entry, {}, request.form), ""
    kept = draft_of(form_place())
    if kept is not None:
        return _filled(entry, {}, MultiDict(kept[1])), draft_line(kept)
    return _filled(entry, _known(entry), None), ""


def _filled(entry: Entry, answers: Mapping[str, Any], posted: MultiDict[str, str] | None) -> Any:
    """Return the form with what was posted or is known; for several children nothing is computed beforehand."""
    validator = entry.version.validator
    form = make_form(validator, answers, posted)
    on_page = {key: written(value) for key, value in answers.items()}
    raw = on_page if posted is None else read_answers(validator.definition, posted)
    alone = len(entry.children) == 1
    facts = ChildSubject(entry.children[0]).facts() if alone and validator.names else {}
    show_computed(form, validator, raw, facts, now=now(), sees=entry.sees)
    return form


def _known(entry: Entry) -> dict[str, Any]:
    if entry.corrected is not None:
        session = read_session(Permission.RECORD_READ)
        learn_keys(session, [entry.corrected.child_id])
        return answers_of(session, entry.version.form, entry.corrected, entry.sees)
    return {head_of(entry.version.form).happened_on: local_day(now())}


def _seen(form: Form, level: str) -> Form:
    return form.model_copy(update={"fields": tuple(f for f in form.fields if visible(f.protection.value, level))})


def _sections(definition: Form, form: Any) -> list[dict[str, Any]]:
    found = []
    for section in definition.sections:
        fields = [form[f.key] for f in definition.fields if f.section == section.key and f.key in form]
        if not fields:
            continue
        is_folded = section.folded or section.confidential
        found.append(
            {
                "title": say(section.title),
                "note": _("只有你、班主任和心理老师可看") if section.confidential else say(section.help),
                "fields": fields,
                "is_confidential": section.confidential,
                "is_folded": is_folded,
                "is_open": is_folded and any(field.errors or field.data for field in fields),
            }
        )
    return found


def _screen(entry: Entry, line: str) -> dict[str, Any]:
    title = verb_of(entry.version.form)
    child = entry.children[0] if len(entry.children) == 1 else None
    several = head_of(entry.version.form).several
    screen: dict[str, Any] = {
        "title": title if entry.corrected is None else _("更正 %(what)s", what=say(entry.version.form.title)),
        "icon": head_of(entry.version.form).icon,
        "action": request.path,
        "draft_url": draft_url(form_place()),
        "draft_line": line,
        "most_bytes": LARGEST,
        "too_big": _("照片不能超过 %(most)s MB", most=LARGEST // MEGABYTE),
        "most_files": MOST_FILES,
        "takes_photos": entry.corrected is None,
        "reason": request.form.get("reason", "") if entry.corrected is not None else None,
        "rev": entry.corrected.rev if entry.corrected is not None else None,
        "back_url": _back(entry),
        "case": _case(entry),
        "conditions": _conditions(entry),
    }
    if child is not None and not (several and entry.corrected is None and "child" not in (request.view_args or {})):
        screen["child"] = child_head(entry.version, child, says_last=entry.corrected is None)
        screen |= _next(entry, child)
    return screen


def _conditions(entry: Entry) -> dict[str, Any] | None:
    """Return the form's conditions for the page; for several children only the server knows what holds for each."""
    if len(entry.children) != 1:
        return None
    child = entry.children[0]
    sees = current_policy().sees(current_actor(), child.level_codes)
    facts = ChildSubject(child).facts()
    return page_conditions(entry.version.validator, facts, now=now(), sees=sees, language=language())


def _case(entry: Entry) -> dict[str, Any] | None:
    if entry.case is None:
        return None
    return {"number": entry.case.number, "is_secret": bool(entry.case.circle)}


def _back(entry: Entry) -> str:
    if entry.case is not None:
        return url_for("cases.show", number=entry.case.number, tab="records")
    if entry.corrected is not None:
        return url_for("records.details_view", id=entry.corrected.id)
    if "child" in (request.view_args or {}) and not head_of(entry.version.form).several:
        return url_for("entry.write", form=entry.version.form.key)
    return url_for("records.index_view")


def _next(entry: Entry, child: Child) -> dict[str, Any]:
    author = current_actor().staff_id
    if entry.corrected is not None or entry.case is not None or author is None:
        return {}
    session = read_session(Permission.RECORD_WRITE)
    round_ = month_round(session, author, entry.version.form.key, local_day(now()), after=child.id)
    following = session.get(Child, round_.next_child) if round_.next_child not in (None, child.id) else None
    return {
        "round": {"done": round_.done, "total": round_.total},
        "next_name": following.name if following is not None else None,
    }


def child_head(version: FormVersion, child: Child, *, says_last: bool = True) -> dict[str, Any]:
    """Return who a record is about: name, class, age, risk, and what the last such record said."""
    session = read_session(Permission.RECORD_WRITE if says_last else Permission.RECORD_READ)
    names = names_of(session, [child])
    age = age_on(child.birth_on, local_day(now()))
    parts = [names.get(child.class_code, ""), _("%(n)s 岁", n=age) if age is not None else ""]
    last = last_of(session, [child.id], version.form.key).get(child.id) if says_last else None
    return {
        "name": child.name,
        "initial": child.name[:1],
        "sub": " · ".join(part for part in parts if part),
        "risk": {"level": child.risk, "word": say(CODE_LISTS["risk"][child.risk])},
        "last": (last_line(session, last) if last is not None else _("还没有记过")) if says_last else "",
    }


def last_line(session: Session, last: Record) -> str:
    """Return when the last record was and what one's own said; of others' only what lists show."""
    version = forms_numbered(system_session(), [(last.form, last.form_version)])[last.form, last.form_version]
    learn_keys(session, [last.child_id])
    level = "P2" if last.made_by == current_actor().staff_id else "P1"
    answers = answers_of(session, version.form, last, level)
    fields = [version.form.field(key) for key in head_of(version.form).summary]
    said: list[str] = [words for f in fields if (words := say_answer(version, f, answers.get(f.key)))]
    return str(_("上次 %(day)s %(what)s", day=day_line(last.happened_on), what=clip(said[-1])[:40] if said else ""))


def answers_typed(definition: Form, level: str, typed: Mapping[str, object]) -> dict[str, object]:
    """Return what was typed into the fields that stood on the page."""
    shown = {f.key for f in definition.fields if visible(f.protection.value, level)}
    return {key: value for key, value in typed.items() if key in shown}
