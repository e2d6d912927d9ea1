"""Whether system, security and audit officer are separate accounts: who holds what, and the switch."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, current_policy, now, perform_in, permit, system_session
from admin_app.pages.officers import officers_page, switch_page
from admin_app.wording import say
from models.scope import system_scope
from workflows.clock import local_day
from workflows.operations.setting import switch_officers
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal, Stale

bp = Blueprint("officers", __name__, url_prefix="/officers")


@bp.get("/")
def index() -> str:
    """Show what the officers keep apart and who they are; the switch holds for every place, so all are shown."""
    permit(Permission.SETTING_MANAGE)
    page = officers_page(system_session(), current_policy(), local_day(now()))
    return render_template("office/detail.html", screen=page)


@bp.route("/switch", methods=["GET", "POST"])
def switch() -> Response | str | tuple[str, int]:
    """Ask for the reason, then switch."""
    permit(Permission.SETTING_MANAGE)
    separate = request.args.get("to") == "on"
    if request.method == "GET":
        return render_template("office/delete.html", screen=switch_page(separate))
    reason, actor = request.form.get("reason", ""), current_actor()
    try:
        perform_in(system_scope("setting"), actor, switch_officers, separate, was_separate=not separate, reason=reason)
    except (Denied, Stale):
        raise
    except Refusal as refusal:
        page = switch_page(separate, reason, say(refusal.message))
        return render_template("office/delete.html", screen=page), 422
    flash(_("三类管理员已分设。") if separate else _("三类管理员不再分设。"), "ok")
    return redirect(url_for("officers.index"))
