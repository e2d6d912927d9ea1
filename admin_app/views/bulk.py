"""Cases handled in bulk: choosing a step, answering it once, the verdicts before, the job with its progress after."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, own_place, perform, permit, record_read, system_session
from admin_app.listing.ids import number
from admin_app.pages.bulk_check import Step, check_page, chosen_numbers, fill_page, step_for
from admin_app.pages.bulk_choice import BACK, MARK, NAMED, STEP, Chosen, choose_page, chosen_cases
from admin_app.pages.bulk_jobs import job_page, jobs_page, the_job
from admin_app.pages.bulk_sheet import write_refused
from admin_app.parts.sheet import XLSX
from admin_app.wording import say
from workflows.audit import Happening
from workflows.operations.jobs import cancel_job, start_job, started_job
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("bulk", __name__, url_prefix="/bulk")
LONGEST_KEY = 80
MOST_SKIPPED = 10**7


@bp.get("/")
def index() -> str:
    """List the person's jobs."""
    permit(Permission.CASE_ACT)
    return render_template("bulk/index.html", **jobs_page(number(request.args.get("before"))))


@bp.route("/choose", methods=["GET", "POST"])
def choose() -> str:
    """Offer the steps that ticked cases, or all that the list selects, may take together."""
    permit(Permission.CASE_ACT)
    return render_template("bulk/choose.html", **choose_page(chosen_cases()))


@bp.post("/check")
def check() -> str | tuple[str, int]:
    """Ask what the step asks once for all, then show what it would do."""
    permit(Permission.CASE_ACT)
    chosen = chosen_cases()
    try:
        step = step_for(chosen, request.form.get(STEP, ""))
    except Refusal as refusal:
        return render_template("bulk/choose.html", **choose_page(chosen, say(refusal.message))), 422
    chosen = chosen.leaving_by(step.key)
    is_filled = "bulk-filled" in request.form
    if step.asks is not None and (not is_filled or BACK in request.form):
        return render_template("office/form.html", **fill_page(chosen, step, step.asks, _typed(is_filled)))
    return _checked(chosen, step, named=request.form.get(NAMED, ""))


def _typed(is_filled: bool) -> Any:
    return request.form if is_filled else None


def _checked(chosen: Chosen, step: Step, named: str = "", warning: str = "") -> str | tuple[str, int]:
    try:
        page = check_page(chosen, step, step.read(request.form), _key(), named, warning)
    except Refusal as refusal:
        if step.asks is None or isinstance(refusal, Denied | Missing):
            raise
        return render_template("office/form.html", **fill_page(chosen, step, step.asks, request.form, refusal)), 422
    return render_template("bulk/check.html", **page), 409 if warning else 200


@bp.post("/start")
def start() -> Response | str | tuple[str, int]:
    """Start the job and lead to its progress; cases that are others than those checked are checked once more."""
    permit(Permission.CASE_ACT)
    before = started_job(system_session("own jobs"), current_actor().staff_id, _key())
    if before is not None:
        return redirect(url_for("bulk.show", job=before))
    chosen = chosen_cases()
    step = step_for(chosen, request.form.get(STEP, ""))
    chosen = chosen.leaving_by(step.key)
    ids, mark = chosen_numbers(chosen)
    if mark != request.form.get(MARK, ""):
        return _checked(chosen, step, warning=_("核对之后有事项进入或离开了所选范围，请再看一遍"))
    workflow = chosen.version.workflow.key
    try:
        said = step.read(request.form)
        job = perform(start_job, Permission.CASE_ACT, workflow, step.key, ids, said, _key())
    except Refusal as refusal:
        if step.asks is None or not refusal.faults:
            raise
        return render_template("office/form.html", **fill_page(chosen, step, step.asks, request.form, refusal)), 422
    return redirect(url_for("bulk.show", job=job))


@bp.get("/<job>")
def show(job: str) -> str:
    """Show how far a job is, and what was refused in it once it is over."""
    permit(Permission.CASE_ACT)
    skipped = min(number(request.args.get("after")) or 0, MOST_SKIPPED)
    return render_template("bulk/job.html", **job_page(_number(job), request.args.get("reason", ""), skipped))


@bp.post("/<job>/cancel")
def cancel(job: str) -> Response:
    """Stop a job; what has moved stays moved."""
    if perform(cancel_job, Permission.CASE_ACT, _number(job)):
        flash(_("已停止，还没办的不再办理。"), "ok")
    else:
        flash(_("已经结束了，不用停止。"), "info")
    return redirect(url_for("bulk.show", job=job))


@bp.get("/<job>/export")
def export(job: str) -> Response:
    """Send what was refused in a job as a sheet; its row count and digest go on record first."""
    permit(Permission.CASE_ACT)
    permit(Permission.CHILD_EXPORT)
    found = the_job(system_session("own jobs"), _number(job))
    file, rows, digest = write_refused(found)
    facts = {"screen": "bulk", "rows": rows, "sha256": digest, "grants": [post.grant for post in current_actor().posts]}
    record_read(Happening("job.exported", "job", found.id, codes=own_place(), facts=facts))
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"refused-{found.id}.xlsx")


def _number(job: str) -> int:
    found = number(job)
    if found is None:
        raise Missing("not_found", text("没有这条记录"))
    return found


def _key() -> str:
    return request.form.get("request_key", "")[:LONGEST_KEY] or uuid.uuid4().hex
