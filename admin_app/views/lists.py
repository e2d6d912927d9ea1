"""The person's own choices for lists: columns, and views saved under a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField

from admin_app.desk import current_actor, perform_in, permit, read_session
from admin_app.forms.fact_form import show_faults
from admin_app.listing.asked import declared_query
from admin_app.pages import case_views
from admin_app.screen import OfficeView
from admin_app.security import local_path
from admin_app.views.screens import SCREENS
from admin_app.wording import say
from models.scope import system_scope
from workflows.operations.list_choice import LONGEST_NAME, choose_columns, drop_view, save_view
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.text import Text, text

bp = Blueprint("lists", __name__, url_prefix="/lists")
OWN = system_scope("own account")


@dataclass(frozen=True)
class _Listed:
    """A list whose filters can be saved: its title, where it is, and what of an address a view keeps."""

    title: Text
    endpoint: str
    kept: Callable[[], dict[str, Any]]


def _screen(key: str) -> type[OfficeView]:
    """Return a screen whose list the person may see; what others see is refused as the list itself is."""
    found = next((screen for screen in SCREENS if screen.key == key and "list" in screen.permissions), None)
    if found is None:
        raise Missing("not_found", text("没有这个列表"))
    permit(found.permissions["list"])
    return found


def _listed(key: str) -> _Listed:
    """Return a list that the person may see."""
    if key == case_views.SCREEN:
        session = read_session(Permission.CASE_LIST)
        return _Listed(text("事项"), "cases.index", lambda: case_views.query_to_save(session, request.args))
    found = _screen(key)
    declared = (found.sizes, found.sort_orders, found.filters, found.by_place)
    return _Listed(found.title, f"{key}.index_view", lambda: declared_query(request.args, *declared))


@bp.post("/<screen>/columns")
def choose(screen: str) -> Response:
    """Remember which columns are shown, in their order."""
    of_screen = _screen(screen)
    known = {column.key for column in of_screen.columns if not column.is_sticky}
    asked = [] if request.form.get("reset") else request.form.getlist("column")
    chosen = [key for key in dict.fromkeys(asked) if key in known]
    perform_in(OWN, current_actor(), choose_columns, screen, chosen)
    return redirect(local_path(request.args.get("next")) or url_for(f"{screen}.index_view"))


@bp.route("/<screen>/save", methods=["GET", "POST"])
def save(screen: str) -> Any:
    """Ask for a name, then save the filters that the address holds."""
    listed = _listed(screen)
    query = listed.kept()
    form, status = _name_form(), 200
    back = url_for(listed.endpoint, **query)
    if request.method == "POST":
        try:
            name = perform_in(OWN, current_actor(), save_view, screen, form["name"].data or "", query)
        except Missing:
            raise
        except Refusal as refusal:
            show_faults(form, refusal.faults)
            status = 422
        else:
            flash(_("已存为视图“%(name)s”。", name=name), "ok")
            return redirect(back)
    shown = {
        "title": _("存为视图"),
        "subtitle": say(listed.title),
        "sections": [{"title": "", "fields": [form["name"]]}],
        "note": _("只有你自己看得到；搜索的字不存"),
        "cancel_url": back,
        "back_url": back,
    }
    return render_template("office/form.html", screen=shown, form=form), status


def _name_form() -> Any:
    field = StringField(_("名称"), render_kw={"maxlength": LONGEST_NAME, "autocomplete": "off", "autofocus": True})
    return type("ViewForm", (FlaskForm,), {"name": field})()


@bp.post("/<screen>/drop")
def drop(screen: str) -> Response:
    """Forget a saved view."""
    listed = _listed(screen)
    perform_in(OWN, current_actor(), drop_view, screen, request.args.get("name", ""))
    flash(_("视图已删除。"), "ok")
    return redirect(url_for(listed.endpoint))
