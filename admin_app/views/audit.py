"""The audit desk: reading the trail; nothing here changes anything."""

from __future__ import annotations

from flask import Blueprint, render_template, request, send_file
from werkzeug.wrappers import Response

from admin_app.desk import now, own_place, read_session, record_read
from admin_app.pages.audit import desk
from admin_app.pages.audit_child import lookers
from admin_app.pages.audit_entry import Opened
from admin_app.pages.audit_filter import meant_by, read_asked
from admin_app.pages.audit_replay import replay
from admin_app.pages.audit_sheet import export_facts, write_trail
from admin_app.parts.sheet import XLSX
from workflows.audit import Happening
from workflows.policy import Permission

bp = Blueprint("audit", __name__, url_prefix="/audit")


def _shown(template: str, opened: Opened) -> str:
    page, read = opened
    if read is not None:
        record_read(read)
    return render_template(template, **page)


@bp.get("/")
def index() -> str:
    """List entries by filters, the newest first."""
    return _shown("audit/desk.html", desk(read_session(Permission.AUDIT_READ, kind="audit"), request.args))


@bp.get("/entries/<entry>")
def entry(entry: str) -> str:
    """Show one entry beside the list it was found in; one that shows values above P0 is on record."""
    return _shown("audit/desk.html", desk(read_session(Permission.AUDIT_READ, kind="audit"), request.args, entry))


@bp.get("/cases/<case>")
def case(case: str) -> str:
    """Replay a case step by step; one that shows values above P0 is on record."""
    return _shown("audit/replay.html", replay(read_session(Permission.AUDIT_READ, kind="audit"), case))


@bp.get("/children/<child>")
def child(child: str) -> str:
    """List who looked at a child."""
    return render_template("audit/child.html", **lookers(read_session(Permission.AUDIT_READ, kind="audit"), child))


@bp.get("/export")
def export() -> Response:
    """Send the filtered entries as a sheet, masked; its row count and digest go on record first."""
    session, asked = read_session(Permission.AUDIT_READ, kind="audit"), read_asked(request.args)
    condition = meant_by(asked).condition

    def record(rows: int, digest: str) -> None:
        facts = export_facts(asked, condition) | {"rows": rows, "sha256": digest}
        record_read(Happening("audit.exported", "audit_event", codes=own_place(), facts=facts))

    file = write_trail(session, condition, record)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"audit-{now():%Y%m%d}.xlsx")
