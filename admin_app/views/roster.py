"""The import wizard: upload a register, settle its headings, see the dry run, import it, take it back."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Concatenate, ParamSpec, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from admin_app.desk import may, now, perform, perform_in, permit, read_session, record_read
from admin_app.exchange.roster_sheet import write_refused_rows, write_template
from admin_app.exchange.spreadsheet import read_grids
from admin_app.forms.kept_draft import draft_of
from admin_app.listing.ids import LARGEST, number
from admin_app.office import current_office
from admin_app.pages.roster import index_page, result_page, school_to_import
from admin_app.pages.roster_check import check_page
from admin_app.pages.roster_file import Finished, check, look_at, office_words, open_register
from admin_app.pages.roster_headings import headings_page
from admin_app.wording import say
from models.scope import system_scope
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.operations.draft import drop_draft
from workflows.operations.roster import undo_import
from workflows.operations.roster_upload import (
    drop_old_uploads,
    drop_upload,
    import_upload,
    keep_upload,
    settle_headings,
)
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.roster import RosterFault
from workflows.roster.look import look_at_tables
from workflows.text import text
from workflows.transaction import Transaction

Args = ParamSpec("Args")
Result = TypeVar("Result")
BATCH = f"/<int(max={LARGEST}):batch_id>"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

bp = Blueprint("roster", __name__, url_prefix="/roster")


@bp.errorhandler(Finished)
def finished(fault: Finished) -> Response:
    """Answer whoever comes too late, or twice, with the page of what became of the upload."""
    return redirect(url_for("roster.show", batch_id=fault.batch_id))


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_fault: RequestEntityTooLarge) -> Response:
    """Tell on the upload page that the file is too large to be read at all."""
    flash(_("文件太大，没有上传；请删去图片和多余的表，或分成几个文件。"), "bad")
    return redirect(url_for("roster.index"))


@bp.get("/")
def index() -> str:
    """List past imports and ask for a register."""
    page = index_page(before=number(request.args.get("before")), school=request.args.get("school", ""))
    return render_template("roster/index.html", **page)


@bp.get("/template")
def template() -> Response:
    """Send an empty register with drop-downs and a guide."""
    permit(P.ROSTER_IMPORT)
    return _sheet(write_template(_), _("名册模板.xlsx"))


@bp.post("/")
def upload() -> Response | tuple[str, int]:
    """Keep a register that can be read; a broken one is told on the same page and not kept."""
    code = request.form.get("school", "")
    try:
        return redirect(url_for("roster.headings", batch_id=_receive(code)))
    except RosterFault as fault:
        return render_template("roster/index.html", **index_page(school=code, fault=fault.text)), 422


def _receive(school_code: str) -> int:
    school = school_to_import(read_session(P.ROSTER_IMPORT), school_code)
    sent = request.files.get("file")
    name = (sent.filename or "").replace("\\", "/").rpartition("/")[2] if sent else ""
    if sent is None or not name:
        raise RosterFault("empty_file", text("请先选择名册文件"))
    content = sent.read()
    look_at_tables(read_grids(content, name), file=name, synonyms=office_words())
    kept = timedelta(days=current_office().settings.uploads_kept_days)
    perform_in(system_scope("old uploads"), Actor.of_system("old uploads"), drop_old_uploads, now() - kept)
    return perform(keep_upload, P.ROSTER_IMPORT, school, name, sha256(content).hexdigest(), content).id


@bp.get(f"{BATCH}/headings")
def headings(batch_id: int) -> str:
    """Show what each heading is taken for, to be changed by hand."""
    page = headings_page(open_register(batch_id), draft_of(request.path))
    return render_template("roster/headings.html", **page)


@bp.post(f"{BATCH}/headings")
def settle(batch_id: int) -> Response:
    """Keep what was chosen by hand; with a tick the office's words learn it too."""
    form = request.form
    asked = zip(form.getlist("header"), form.getlist("was"), form.getlist("field"), strict=False)
    chosen = {header: field for header, was, field in asked if field != was}
    remember = bool(form.get("remember")) and may(P.HEADING_MANAGE)
    _once(batch_id, settle_headings, P.ROSTER_IMPORT, batch_id, chosen, remember=remember)
    perform(drop_draft, P.ROSTER_IMPORT, request.path)
    if look_at(open_register(batch_id)).fault is not None:
        return redirect(url_for("roster.headings", batch_id=batch_id))
    return redirect(url_for("roster.dry_run", batch_id=batch_id))


@bp.get(f"{BATCH}/check")
def dry_run(batch_id: int) -> str | Response:
    """Show what an import would do, row by row where it refuses."""
    register = open_register(batch_id)
    try:
        report = check(register)
    except RosterFault:  # the page of the headings tells what is missing there
        return redirect(url_for("roster.headings", batch_id=batch_id))
    return render_template("roster/check.html", **check_page(register, report))


@bp.get(f"{BATCH}/refused")
def refused(batch_id: int) -> Response:
    """Send the refused rows with their reasons; they hold protected values, so the sheet goes on record first."""
    register = open_register(batch_id)
    report, batch = check(register), register.batch
    content = write_refused_rows(report, register.grids, _)
    facts = {"rows": len(report.refused), "sha256": sha256(content).hexdigest(), "file": batch.digest}
    record_read(Happening("roster.exported", "roster_batch", batch_id, codes=batch.level_codes, facts=facts))
    return _sheet(content, _("有问题的行-%(file)s.xlsx", file=batch.file_name.rpartition(".")[0] or batch.file_name))


@bp.post(f"{BATCH}/import")
def commit(batch_id: int) -> Response:
    """Store what the dry run promised, once; where it would be something else by now, show the dry run again."""
    report = check(open_register(batch_id))
    rev, promised = (number(request.form.get(name)) or 0 for name in ("rev", "accepted"))
    try:
        _once(batch_id, import_upload, P.ROSTER_IMPORT, batch_id, rev, report, promised)
    except Refusal as refusal:
        _tell(refusal)
        return redirect(url_for("roster.dry_run", batch_id=batch_id))
    return redirect(url_for("roster.show", batch_id=batch_id))


@bp.get(BATCH)
def show(batch_id: int) -> str | Response:
    """Show how an import ended, with the ways on and the way back."""
    page = result_page(batch_id)
    if page["line"]["is_open"]:
        return redirect(url_for("roster.headings", batch_id=batch_id))
    return render_template("roster/result.html", **page)


@bp.post(f"{BATCH}/undo")
def undo(batch_id: int) -> Response:
    """Take an import back, or say what stands in the way."""
    try:
        _once(batch_id, undo_import, P.ROSTER_UNDO, batch_id)
    except Refusal as refusal:
        _tell(refusal)
    return redirect(url_for("roster.show", batch_id=batch_id))


@bp.post(f"{BATCH}/drop")
def drop(batch_id: int) -> Response:
    """Forget an upload."""
    _once(batch_id, drop_upload, P.ROSTER_IMPORT, batch_id)
    flash(_("已放弃这个文件，内容已删除。"), "ok")
    return redirect(url_for("roster.index"))


def _once(
    batch_id: int,
    operation: Callable[Concatenate[Transaction, Args], Result],
    permission: P,
    /,
    *args: Args.args,
    **kwargs: Args.kwargs,
) -> Result:
    """Run an operation on a batch; where somebody, or a second press, was faster, its page is the answer."""
    try:
        return perform(operation, permission, *args, **kwargs)
    except Refusal as refusal:
        if refusal.code.startswith("already_"):
            raise Finished(batch_id) from refusal
        raise


def _tell(refusal: Refusal) -> None:
    """Say on the next page why it was not done; who may not, or sees no such import, gets the page for that."""
    if isinstance(refusal, Denied | Missing):
        raise refusal
    flash(say(refusal.message), "bad")


def _sheet(content: bytes, name: str) -> Response:
    return send_file(io.BytesIO(content), mimetype=SHEET, as_attachment=True, download_name=name)
