"""Who is at the other end: the person behind a session's token, on every request anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, g, redirect, request, session, url_for
from flask_login import UserMixin, current_user
from sqlalchemy import bindparam, func, select
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from admin_app.desk import now, perform_in, system_session
from admin_app.extensions import login_manager
from admin_app.security import local_path
from models.notice import Notice
from models.scope import system_scope
from models.staff import LoginSession, Staff
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.operations.account import IDLE, SEEN_EVERY, token_digest, touch_session
from workflows.operations.draft import save_draft
from workflows.people import actor_of
from workflows.refusal import Refusal

OPEN_TO_ALL = frozenset(
    {"account.log_in", "account.switch_language", "health.healthz", "health.readyz", "health.metrics", "static"}
)
FIRST_PASSWORD_ONLY = frozenset({"account.change_password", "account.log_out", "account.switch_language", "static"})
KEEPS_TYPED = timedelta(hours=12)  # a form left open over a working day is still taken


_UNREAD = (
    select(func.count(Notice.id))
    .where(Notice.staff_id == Staff.id, Notice.read_at.is_(None))
    .correlate(Staff)
    .scalar_subquery()
)
# Asked on every request; what the bell says comes along instead of by a query of its own.
_BY_TOKEN = (
    select(LoginSession, Staff, _UNREAD)
    .join(Staff, Staff.id == LoginSession.staff_id)
    .where(LoginSession.token_digest == bindparam("digest"), Staff.is_active)
    .execution_options(prepared=True)
)


class Person(UserMixin):
    """The logged-in person as Flask-Login sees them."""

    def __init__(self, actor: Actor, session_id: int, must_change_password: bool) -> None:
        self.actor = actor
        self.session_id = session_id
        self.must_change_password = must_change_password

    def get_id(self) -> str:
        """Return the account's number."""
        return str(self.actor.staff_id)


def _load() -> Person | None:
    token = session.get("token")
    if not isinstance(token, str) or g.get("is_frameless"):
        return None
    found = system_session("log-in").execute(_BY_TOKEN, {"digest": token_digest(token)}).one_or_none()
    if found is None:
        return None
    row, staff, g.unread = found
    idle = now() - row.seen_at
    if row.ended_at is not None or idle > IDLE:
        if row.ended_at is None and idle <= KEEPS_TYPED:  # a session that was ended on purpose may write nothing
            _remember_leaver(staff.id)
        return None
    g.actor = actor_of(system_session("log-in"), staff, local_day(now()))
    g.seen_at = row.seen_at
    return Person(g.actor, row.id, staff.must_change_password)


def _remember_leaver(staff_id: int) -> None:
    """Keep whose session ran out, so that a form sent now waits for that person's next log-in."""
    g.leaver = staff_id


def bind(app: Flask) -> None:
    """Load the person on every request and let nobody past the log-in page without one."""
    login_manager.init_app(app)

    @login_manager.request_loader
    def load_from_request(_: Any) -> Person | None:
        return _load()

    @app.before_request
    def require_person() -> Response | None:
        if request.endpoint is None or request.endpoint in OPEN_TO_ALL:
            _load_quietly()
            return None
        if not current_user.is_authenticated:
            return _to_log_in()
        if current_user.must_change_password and request.endpoint not in FIRST_PASSWORD_ONLY:
            return redirect(url_for("account.change_password"))
        if now() - g.seen_at >= SEEN_EVERY:
            perform_in(system_scope("log-in"), current_user.actor, touch_session, current_user.session_id)
        return None


def _load_quietly() -> None:
    if request.endpoint not in ("static", "health.healthz"):
        bool(current_user.is_authenticated)


def _to_log_in() -> Response:
    target = request.path if request.method == "POST" else request.full_path.rstrip("?")
    kept = _keep_typed()
    if _is_background():
        raise Unauthorized
    return redirect(url_for("account.log_in", next=local_path(_form_page(target)), kept="1" if kept else None))


def _is_background() -> bool:
    """Tell whether a script asked: it would follow a redirect and take the log-in page for its answer."""
    return "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Dest") == "empty"


def _form_page(target: str) -> str:
    """Return the page that a form came from, where the browser tells it and it is ours."""
    if request.method != "POST" or request.referrer is None:
        return target
    path = request.referrer.removeprefix(request.host_url.rstrip("/"))
    return local_path(path) or target


def _keep_typed() -> bool:
    staff_id = g.get("leaver")
    if request.method != "POST" or staff_id is None or not request.form:
        return False
    actor = Actor(staff_id, "")
    typed = {key: request.form.getlist(key) for key in request.form}
    place = _form_page(request.path).split("?")[0]
    if case := request.form.get("case"):
        place = f"{place}?case={case}"  # what is written for a case waits for its form alone
    try:
        perform_in(system_scope("log-in"), actor, save_draft, place, typed)
    except Refusal:  # too long to keep: the log-in page comes first all the same
        return False
    return True
