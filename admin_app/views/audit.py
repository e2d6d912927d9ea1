"""The audit desk: reading the trail; nothing here changes anything."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from admin_app.desk import own_place, read_session, record_read
from admin_app.pages.audit import desk, lookers, read_asked, replay, wanted
from admin_app.pages.audit_sheet import write_trail
from workflows.audit import Happening
from workflows.policy import Permission

bp = Blueprint("audit", __name__, url_prefix="/audit")
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
def index() -> str:
    """List entries by filters, the newest first."""
    return render_template("audit/desk.html", **desk(read_session(Permission.AUDIT_READ, "audit"), request.args))


@bp.get("/<int:number>")
def entry(number: int) -> str:
    """Show one entry beside the list it was found in."""
    session = read_session(Permission.AUDIT_READ, "audit")
    return render_template("audit/desk.html", **desk(session, request.args, number))


@bp.get("/case/<number>")
def case(number: str) -> str:
    """Replay a case step by step."""
    return render_template("audit/replay.html", **replay(read_session(Permission.AUDIT_READ, "audit"), number))


@bp.get("/child/<int:number>")
def child(number: int) -> str:
    """List who looked at a child."""
    return render_template("office/list.html", screen=lookers(read_session(Permission.AUDIT_READ, "audit"), number))


@bp.get("/export")
def export() -> Response:
    """Give the filtered entries as a sheet, masked; the export is on record."""
    content, rows, digest = write_trail(read_session(Permission.AUDIT_READ, "audit"), wanted(read_asked(request.args)))
    filters = read_asked(request.args).address()
    facts = {"rows": rows, "sha256": digest, "filters": filters}
    record_read(Happening("audit.exported", "audit_event", codes=own_place(), facts=facts))
    return Response(content, mimetype=SHEET, headers={"Content-Disposition": 'attachment; filename="audit.xlsx"'})
