"""Writing, correcting and voiding dated records, their sheets of paper, and files added to them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from admin_app.desk import current_actor, current_policy, may, now, perform, permit, read_session, record_read
from admin_app.forms.definition_form import read_answers
from admin_app.forms.kept_files import files_kept, form_place, keep_sent_files, waiting_here, with_photos
from admin_app.forms.sent_files import files_named, keep_each
from admin_app.listing.ids import number as read_number
from admin_app.listing.ids import rev
from admin_app.pages.record import read_event, view_record
from admin_app.pages.record_choice import choice_page, tick_list
from admin_app.pages.record_entry import Entry, answers_typed, entry_page
from admin_app.printing.record_paper import record_paper
from admin_app.wording import say
from models.case import Case
from models.child import Child
from models.reports.records import month_round
from workflows.clock import local_day
from workflows.engine.published import FormVersion
from workflows.file_kind import Upload
from workflows.operations.attachment import add_attachment
from workflows.operations.draft import drop_draft
from workflows.operations.record import correct_record, void_record, write_record
from workflows.policy import Permission as P
from workflows.record_forms import head_of, may_mend, record_form, writes_anywhere
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("entry", __name__)


def _version(form: str) -> FormVersion:
    """Return a form that the person's posts write, or refuse."""
    permit(P.RECORD_WRITE)
    version = record_form(read_session(P.RECORD_WRITE), form)
    if not writes_anywhere(current_actor(), current_policy(), version.form):
        raise Denied("not_your_part", text("这类记录由其他岗位填写"))
    return version


@bp.get("/records/write/<form>")
def write(form: str) -> str:
    """Choose the child, or show the form of a meeting with the children to tick."""
    version = _version(form)
    if head_of(version.form).several:
        return _meeting_page(version)
    return render_template("records/choose.html", **choice_page(version))


@bp.post("/records/write/<form>")
def write_several(form: str) -> Answer | tuple[str, int]:
    """Write one record for several children at once."""
    version = _version(form)
    if not head_of(version.form).several:
        raise Missing("not_found", text("没有这条记录"))
    numbers = [found for one in request.form.getlist("child") if (found := read_number(one)) is not None]
    files = files_named("files")
    try:
        written = _write(version, numbers, files)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        return _meeting_page(version, refusal, files), 422
    flash(_("已为 %(n)s 名儿童保存", n=len(written)), "ok")
    return redirect(url_for("records.index_view", form=form))


def _meeting_page(version: FormVersion, refusal: Refusal | None = None, files: Sequence[Upload] = ()) -> str:
    page = _page(Entry(version, ()), refusal, files)
    fault = refusal.faults.get("children") if refusal is not None else None
    page["screen"]["ticks"] = tick_list() | {"fault": say(fault) if fault is not None else ""}
    return render_template("records/write.html", **page)


@bp.get("/records/write/<form>/<child>")
def write_child(form: str, child: str) -> str:
    """Show the form for one child."""
    about = _child(child)
    entry = Entry(_version(form), [about], case=_case_of(about))
    return render_template("records/write.html", **_page(entry))


@bp.post("/records/write/<form>/<child>")
def save_child(form: str, child: str) -> Answer | tuple[str, int]:
    """Write the record of one child; go on to the next one where that was asked."""
    version, about = _version(form), _child(child)
    files = files_named("files")
    try:
        written = _write(version, [about.id], files)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        entry = Entry(version, [about], case=_case_of(about))
        return render_template("records/write.html", **_page(entry, refusal, files)), 422
    flash(_("%(name)s：%(what)s已保存", name=about.name, what=say(version.form.title)), "ok")
    if case := request.form.get("case"):
        return redirect(url_for("cases.show", number=case, tab="records"))
    return redirect(_onward(version, about) if request.form.get("then") == "next" else _home_of(about, written[0]))


def _page(entry: Entry, refusal: Refusal | None = None, files: Sequence[Upload] = ()) -> dict[str, Any]:
    """Return the page of a form with the photos that wait for it; those of a refused one are kept first."""
    if refusal is None:
        return with_photos(entry_page(entry), waiting_here())
    kept = keep_sent_files(P.RECORD_WRITE, {"files": files} if files else {})
    return with_photos(entry_page(entry, refusal), kept, told=refusal)


def _write(version: FormVersion, numbers: list[int], files: Sequence[Upload]) -> tuple[int, ...]:
    answers = read_answers(version.form, request.form)
    written = perform(
        write_record,
        P.RECORD_WRITE,
        version.form.key,
        numbers,
        answers,
        files=files,
        kept=files_kept(),
        key=_key(),
        case=request.values.get("case") or None,
    )
    perform(drop_draft, P.RECORD_WRITE, form_place())
    return written.records


def _onward(version: FormVersion, child: Child) -> str:
    author = current_actor().staff_id or 0
    session = read_session(P.RECORD_WRITE)
    round_ = month_round(session, author, version.form.key, local_day(now()), after=child.id)
    if round_.next_child is None:
        flash(_("本月都记过了"), "ok")
        return url_for("entry.write", form=version.form.key)
    return url_for("entry.write_child", form=version.form.key, child=round_.next_child)


def _home_of(child: Child, record: int) -> str:
    codes = child.level_codes
    if may(P.CHILD_READ) and current_policy().post_for(current_actor(), P.CHILD_READ, codes) is not None:
        return url_for("children.details_view", id=child.id, tab="records")
    return url_for("records.details_view", id=record)


def _child(written: str) -> Child:
    found = read_number(written)
    child = read_session(P.RECORD_WRITE).get(Child, found) if found is not None else None
    if child is None:
        raise Missing("not_found", text("没有这条记录"))
    return child


def _case_of(child: Child) -> Case | None:
    """Return the child's open case for which the record is written, where the page was opened from one."""
    written = request.values.get("case")
    if not written:
        return None
    session = read_session(P.CASE_READ)
    case = session.scalars(select(Case).where(Case.number == written, Case.child_id == child.id)).one_or_none()
    if case is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case


def _key() -> str:
    return request.form.get("request_key", "")[:80] or uuid.uuid4().hex


@bp.get("/records/correct/<record>")
def correct(record: str) -> str:
    """Show the form of a record that may be corrected; opening it is on record."""
    entry = _to_correct(record)
    return render_template("records/write.html", **entry_page(entry))


@bp.post("/records/correct/<record>")
def save_correction(record: str) -> Answer | tuple[str, int]:
    """Replace a record by a corrected one; what was typed is given back when it is refused."""
    entry = _to_correct(record, is_late=True)
    assert entry.corrected is not None
    typed = read_answers(entry.version.form, request.form)
    answers = answers_typed(entry.version.form, entry.sees, typed)
    reason = request.form.get("reason", "")
    try:
        new = perform(correct_record, P.RECORD_READ, entry.corrected.id, rev(), answers, reason, key=_key())
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        page = entry_page(_to_correct(record, is_late=True), refusal)
        page["screen"]["rev"] = rev()
        page["screen"]["reason_fault"] = say(refusal.faults["reason"]) if "reason" in refusal.faults else ""
        return render_template("records/write.html", **page), 422
    perform(drop_draft, P.RECORD_READ, request.path)
    flash(_("已更正"), "ok")
    return redirect(url_for("records.details_view", id=new))


def _to_correct(record: str, *, is_late: bool = False) -> Entry:
    view = view_record(read_session(P.RECORD_READ), read_number(record))
    if not may_mend(current_actor(), current_policy(), view.record) and not (is_late and view.record.state != "active"):
        raise Denied("not_permitted", text("只有记录人和办公室能更正、作废这条记录"))
    record_read(read_event(view, tab="edit"))
    return Entry(view.version, [view.child], view.record, view.sees)


@bp.post("/records/void/<record>")
def void(record: str) -> Answer:
    """Void a record with a reason."""
    found = view_record(read_session(P.RECORD_READ), read_number(record)).record.id
    try:
        perform(void_record, P.RECORD_READ, found, rev(), request.form.get("reason", ""))
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    else:
        flash(_("已作废"), "ok")
    return redirect(url_for("records.details_view", id=found))


@bp.get("/records/print/<record>")
def print_record(record: str) -> str:
    """Show a record on paper; what leaves the house is on record."""
    session = read_session(P.RECORD_READ)
    view = view_record(session, read_number(record))
    page = record_paper(session, view)
    record_read(read_event(view, printed=True, rows=page["rows"]))
    return render_template("papers/sheets.html", paper=page)


@bp.post("/records/attach/<record>")
def attach_file(record: str) -> Answer:
    """Add photos or files to a record."""
    found = view_record(read_session(P.RECORD_READ), read_number(record)).record.id
    keep_each(files_named("files"), lambda file: perform(add_attachment, P.RECORD_READ, found, file))
    return redirect(url_for("records.details_view", id=found))
