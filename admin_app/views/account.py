"""Logging in and out, passwords, sessions and looks of a person's own account."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from admin_app.desk import current_actor, perform_in, system_session
from admin_app.listing.ids import row_id
from admin_app.pages.deputies import deputed_card, deputy_card
from admin_app.security import local_path
from admin_app.shell import role_word
from admin_app.wording import say, say_moment
from models.scope import system_scope
from models.staff import LoginSession, Staff
from models.vault import learn_keys
from workflows.fields import STAFF
from workflows.mask import masked
from workflows.operations import account
from workflows.operations.draft import save_draft
from workflows.operations.own_messages import change_own_messages
from workflows.refusal import Refusal

bp = Blueprint("account", __name__)
OWN = system_scope("own account")
RULES = (_l("至少 10 个字符"), _l("不含账号和姓名"), _l("不是常见密码"))


class LogInForm(FlaskForm):
    """Account and password."""

    login = StringField(_l("账号"), render_kw={"autocomplete": "username", "autofocus": True, "maxlength": 60})
    password = PasswordField(_l("密码"), render_kw={"autocomplete": "current-password", "maxlength": 200})


class PasswordForm(FlaskForm):
    """A new password, twice."""

    current = PasswordField(_l("当前密码"), render_kw={"autocomplete": "current-password"})
    new = PasswordField(_l("新密码"), render_kw={"autocomplete": "new-password", "maxlength": 200})
    repeat = PasswordField(_l("再输一次"), render_kw={"autocomplete": "new-password", "maxlength": 200})


class LooksForm(FlaskForm):
    """Language, theme and text size."""

    language = SelectField(_l("语言"), choices=[SelectChoice("zh", "中文"), SelectChoice("en", "English")])
    theme = SelectField(
        _l("外观"),
        choices=[
            SelectChoice("auto", _l("跟随系统")),
            SelectChoice("light", _l("浅色")),
            SelectChoice("dark", _l("深色")),
        ],
    )
    size = SelectField(_l("字号"), choices=[SelectChoice("normal", _l("标准")), SelectChoice("large", _l("大字"))])


class MessagesForm(LooksForm):
    """Beside the looks, where and when the person is written to."""

    email = StringField(
        _l("电子邮箱"),
        description=_l("带 * 的照原样留着就不变；留空就不发邮件"),
        render_kw={"autocomplete": "email", "maxlength": 120},
    )
    told = SelectField(
        _l("邮件提醒"),
        choices=[
            SelectChoice("at_once", _l("随时")),
            SelectChoice("daily", _l("每个工作日 7:30 汇总")),
            SelectChoice("never", _l("不发")),
        ],
        validate_choice=False,
    )


@bp.route("/login", methods=["GET", "POST"])
def log_in() -> Response | str:
    """Ask for account and password; a form that waits is given back afterwards."""
    form = LogInForm()
    target = local_path(request.args.get("next"))
    if request.method == "POST" and form.validate():
        login, password = (form.login.data or "").strip(), form.password.data or ""
        proof = account.prove(system_session("log-in"), login, password)
        agent = request.user_agent.string
        found = perform_in(OWN, current_actor(), account.log_in, login, password, agent, proof=proof)
        if found.token is not None:
            language = session.get("language")
            session.clear()  # a token of its own for every log-in
            session.update({"token": found.token} | ({"language": language} if language else {}))
            return redirect(target or url_for("home.index"))
        form.form_errors = [say(found.refusal)]
        form.errors  # noqa: B018 — computed before the page asks
    kept = _("已为你保留刚才填写的内容，登录后继续。") if request.args.get("kept") else None
    return render_template("account/login.html", form=form, next_text=kept)


@bp.post("/logout")
def log_out() -> Response:
    """End this browser's session."""
    perform_in(OWN, current_actor(), account.log_out, current_user.session_id)
    session.clear()
    return redirect(url_for("account.log_in"))


@bp.route("/account/password", methods=["GET", "POST"])
def change_password() -> Response | str:
    """Change the own password; forced at the first log-in."""
    form, is_first = PasswordForm(), current_user.must_change_password
    if is_first:
        del form.current
    if form.validate_on_submit() and _change(form, is_first):
        flash(_("密码已修改，其他设备上的登录已退出。"), "ok")
        return redirect(url_for("home.index"))
    cancel = url_for("account.settings")
    return render_template("account/password.html", form=form, is_first=is_first, rules=RULES, cancel_url=cancel)


def _change(form: PasswordForm, is_first: bool) -> bool:
    if form.new.data != form.repeat.data:
        form.repeat.errors = [_("两次输入不一样")]
        return False
    current = None if is_first else form.current.data
    try:
        kept = current_user.session_id
        perform_in(OWN, current_actor(), account.change_password, current, form.new.data or "", kept_session=kept)
    except Refusal as refusal:
        for key, fault in refusal.faults.items():
            form[key].errors = [say(fault)]
        return False
    return True


@bp.get("/account/sessions")
def sessions() -> str:
    """List where the person is logged in."""
    rows = system_session("own account").scalars(
        select(LoginSession)
        .where(LoginSession.staff_id == current_actor().staff_id, LoginSession.ended_at.is_(None))
        .order_by(LoginSession.seen_at.desc())
        .limit(50)
    )
    shown = [
        {
            "id": row.id,
            "device": _device(row.agent),
            "place": row.address,
            "since": say_moment(row.began_at),
            "last_seen": say_moment(row.seen_at),
            "is_current": row.id == current_user.session_id,
        }
        for row in rows
    ]
    urls = {"end_url": url_for("account.end_session"), "end_all_url": url_for("account.end_others")}
    return render_template("account/sessions.html", sessions=shown, **urls)


def _device(agent: str) -> str:
    system = next((name for name in ("Windows", "Android", "iPhone", "Mac OS", "Linux") if name in agent), _("其他"))
    browser = next((name for name in ("Edg", "Firefox", "Chrome", "Safari") if name in agent), "")
    return f"{system} {browser.replace('Edg', 'Edge')}".strip()


@bp.post("/account/sessions/end")
def end_session() -> Response:
    """End one other session of the person."""
    perform_in(OWN, current_actor(), account.end_session, row_id("session"))
    flash(_("已退出该会话。"), "ok")
    return redirect(url_for("account.sessions"))


@bp.post("/account/sessions/end-others")
def end_others() -> Response:
    """End all other sessions of the person."""
    perform_in(OWN, current_actor(), account.end_other_sessions, current_user.session_id)
    flash(_("其他会话已退出。"), "ok")
    return redirect(url_for("account.sessions"))


@bp.route("/account", methods=["GET", "POST"])
def settings() -> Response | str:
    """Show the own account and change language and looks."""
    actor = current_actor()
    form = MessagesForm(data=dict(actor.preferences) | _messages())
    if form.validate_on_submit() and _save(form):
        flash(_("已保存。"), "ok")
        return redirect(url_for("account.settings"))
    facts = [{"key": _("姓名"), "value": actor.name}, {"key": _("账号"), "value": actor.login}]
    facts += [
        {"key": _("岗位"), "value": f"{p.place_name} {role_word(p.role)}"} for p in actor.posts if p.relation is None
    ]
    urls = {"password_url": url_for("account.change_password"), "sessions_url": url_for("account.sessions")}
    person = system_session("own account").get_one(Staff, actor.staff_id)
    cards = [deputy_card(person, _("我的代理人")), *deputed_card(person)]
    return render_template("account/settings.html", form=form, person_facts=facts, cards=cards, **urls)


def _messages() -> dict[str, str]:
    """Return how the person is told now, the address masked."""
    session = system_session("own account")
    staff = session.get_one(Staff, current_actor().staff_id)
    learn_keys(session, [staff.id])
    return {"email": masked(STAFF["email"], staff.email), "told": staff.told}


def _save(form: MessagesForm) -> bool:
    chosen = (form.language.data, form.theme.data, form.size.data)
    try:
        if form.email.raw_data or form.told.raw_data:
            perform_in(OWN, current_actor(), change_own_messages, form.email.data or "", form.told.data or "")
    except Refusal as refusal:
        for key, fault in refusal.faults.items():
            form[key].errors = [say(fault)]
        return False
    perform_in(OWN, current_actor(), account.change_preferences, *chosen)
    return True


@bp.post("/account/appearance")
def appearance() -> Response:
    """Switch theme or text size and go back."""
    now = dict(current_actor().preferences)
    chosen = (now["language"], request.form.get("theme", now["theme"]), request.form.get("size", now["size"]))
    perform_in(OWN, current_actor(), account.change_preferences, *chosen)
    return redirect(_back())


@bp.get("/language/<to>")
def switch_language(to: str) -> Response:
    """Switch between Chinese and English and go back."""
    language = "en" if to == "en" else "zh"
    session["language"] = language
    actor = current_actor()
    if actor.staff_id is not None:
        looks = actor.preferences
        perform_in(OWN, actor, account.change_preferences, language, looks["theme"], looks["size"])
    return redirect(local_path(request.args.get("next")) or url_for("home.index"))


@bp.post("/account/stay")
def stay() -> tuple[str, int]:
    """Keep the session alive; the idle warning asks for it."""
    perform_in(OWN, current_actor(), account.touch_session, current_user.session_id)
    return "", 204


@bp.post("/drafts")
def draft() -> tuple[str, int]:
    """Keep what is being typed on a form (`for`: its path)."""
    typed = {key: request.form.getlist(key) for key in request.form if key != "for"}
    try:
        perform_in(OWN, current_actor(), save_draft, local_path(request.args.get("for")) or "", typed)
    except Refusal as refusal:
        return say(refusal.message), 413
    return "", 204


def _back() -> str:
    path = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return local_path(path) or url_for("home.index")
