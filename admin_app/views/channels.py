"""The channels outside: which there are, what goes there, a test message, and what did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import close_sessions, current_actor, now, perform, permit, read_session, system_session
from admin_app.forms.channel_form import channel_form, sections, ticked, typed
from admin_app.forms.fact_form import show_faults
from admin_app.forms.place_choice import chosen_place
from admin_app.listing.ids import number, rev
from admin_app.office import current_office
from admin_app.outside import outside_of
from admin_app.pages.channels import channel_page, index_page, kind_word, remove_page
from admin_app.wording import say
from models.channel import KINDS, Channel
from models.place import Place
from models.staff import Staff
from models.vault import learn_keys
from workflows.operations.channel import (
    change_channel,
    make_channel,
    note_trial,
    remove_channel,
    send_again,
    switch_channel,
)
from workflows.outbox.trial import failure_words, try_channel
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.text import text

LONGEST_WAIT = 8.0  # seconds that a person waits for a test
bp = Blueprint("channels", __name__, url_prefix="/channels")


@bp.get("/")
def index() -> str:
    """List the channels of the person's places."""
    page = index_page(read_session(P.CHANNEL_MANAGE), can_add=True)
    return render_template("office/list.html", screen=page)


@bp.route("/new/<kind>", methods=["GET", "POST"])
def new(kind: str) -> Any:
    """Ask for a channel and add it."""
    permit(P.CHANNEL_MANAGE)
    if kind not in KINDS:
        raise Missing("no_kind", text("没有这种渠道"))
    form = channel_form(kind, url_for("places.ajax_lookup"), _own_place())

    def make() -> Channel:
        place = chosen_place(form["place"], P.CHANNEL_MANAGE)
        return perform(make_channel, P.CHANNEL_MANAGE, place.id, kind, typed(form, kind), ticked(form))

    return _answer(form, kind, _("新建%(kind)s", kind=kind_word(kind)), url_for("channels.index"), make)


@bp.get("/<channel>")
def show(channel: str) -> str:
    """Show a channel."""
    found = _found(channel)
    page = channel_page(read_session(P.CHANNEL_MANAGE), found, _own_email())
    return render_template("office/detail.html", screen=page)


@bp.route("/<channel>/edit", methods=["GET", "POST"])
def edit(channel: str) -> Any:
    """Change a channel."""
    found = _found(channel)
    form = channel_form(found.kind, url_for("places.ajax_lookup"), channel=found)

    def change() -> Channel:
        asked = (found.id, rev(), typed(form, found.kind), ticked(form))
        return perform(change_channel, P.CHANNEL_MANAGE, *asked)

    back = url_for("channels.show", channel=found.id)
    return _answer(form, found.kind, _("修改%(name)s", name=found.name), back, change, found.rev)


@bp.get("/<channel>/remove")
def remove(channel: str) -> str:
    """Ask before a channel is removed."""
    return render_template("office/delete.html", screen=remove_page(_found(channel)))


@bp.post("/<channel>/<verb>")
def act(channel: str, verb: str) -> Response:
    """Switch, try or remove a channel, or send again what was given up."""
    found = _found(channel)
    if verb not in _VERBS:
        raise Missing("not_found", text("没有这条记录"))
    kind, said = _VERBS[verb](found)
    flash(said, kind)
    home = url_for("channels.index") if verb == "remove" else url_for("channels.show", channel=found.id)
    return redirect(home)


def _switch_on(found: Channel) -> tuple[str, str]:
    perform(switch_channel, P.CHANNEL_MANAGE, found.id, rev(), True)
    return "ok", _("已启用。")


def _switch_off(found: Channel) -> tuple[str, str]:
    perform(switch_channel, P.CHANNEL_MANAGE, found.id, rev(), False)
    return "ok", _("已停用，期间的消息启用后再发。")


def _remove(found: Channel) -> tuple[str, str]:
    perform(remove_channel, P.CHANNEL_MANAGE, found.id, rev())
    return "ok", _("已删除。")


def _again(found: Channel) -> tuple[str, str]:
    count = perform(send_again, P.CHANNEL_MANAGE, found.id)
    return "ok", _("%(n)s 条消息将重新发送。", n=count)


def _try(found: Channel) -> tuple[str, str]:
    """Send while no transaction of this request is open, then note how it ended."""
    to = _own_email() or ""
    if found.kind == "mail" and not to:
        return "bad", _("请先在“我的账号”填写电子邮箱，试发会发到那里")
    close_sessions()
    office = current_office()
    world = replace(outside_of(office.settings), seconds=LONGEST_WAIT, silence=LONGEST_WAIT)
    failure = try_channel(office.database, found.id, to, now(), world)
    perform(note_trial, P.CHANNEL_MANAGE, found.id, failure)
    if failure is None:
        return "ok", _("已送到。")
    return "bad", _("没有送到：%(why)s", why=say(failure_words(failure)))


_VERBS: Mapping[str, Callable[[Channel], tuple[str, str]]] = {
    "on": _switch_on,
    "off": _switch_off,
    "remove": _remove,
    "again": _again,
    "try": _try,
}


def _answer(
    form: Any, kind: str, title: str, back: str, save: Callable[[], Channel], version: int | None = None
) -> Response | str | tuple[str, int]:
    page: dict[str, Any] = {"title": title, "back_url": back, "cancel_url": back, "sections": sections(form, kind)}
    page |= {} if version is None else {"version": version}
    if request.method == "GET":
        return render_template("office/form.html", form=form, screen=page)
    form.validate()
    try:
        saved = save()
    except (Denied, Missing, Stale):
        raise
    except Refusal as refusal:
        show_faults(form, refusal.faults)
        return render_template("office/form.html", form=form, screen=page), 422
    flash(_("已保存，请试发一条看看。"), "ok")
    return redirect(url_for("channels.show", channel=saved.id))


def _found(channel: str) -> Channel:
    key = number(channel)
    found = read_session(P.CHANNEL_MANAGE).get(Channel, key) if key is not None else None
    if found is None:
        raise Missing("not_found", text("没有这条记录"))
    return found


def _own_place() -> Place | None:
    post = next((post for post in current_actor().posts if post.place_id), None)
    return None if post is None else system_session().get(Place, post.place_id)


def _own_email() -> str | None:
    session = system_session("own account")
    person = session.get(Staff, current_actor().staff_id)
    if person is None:
        return None
    learn_keys(session, [person.id])
    return person.email
