"""The page that puts a place below another parent: what goes along, what that means, where to and why."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from models.place import Place
from workflows.operations.place_move import LONGEST_REASON, Moving


def move_form(place: Any) -> Any:
    """Return the form that asks for the new parent and the reason."""
    reason = TextAreaField(_("理由"), render_kw={"rows": 2, "maxlength": LONGEST_REASON})
    return type("MoveForm", (FlaskForm,), {"place": place, "reason": reason})()


def move_page(place: Place, parent: str, moving: Moving, form: Any, back_url: str) -> dict[str, Any]:
    """Return the context of `office/form.html`."""
    counts = (
        (_("下级单位"), moving.places),
        (_("班级"), moving.classes),
        (_("儿童"), moving.children),
        (_("未办结事项"), moving.cases),
        (_("人员"), moving.staff),
        (_("任职"), moving.posts),
    )
    section = {"title": _("划转到"), "note": _("输入名称或代码"), "fields": [form["place"], form["reason"]]}
    screen = {
        "title": _("划转 %(place)s", place=place.name),
        "subtitle": _("现上级 %(place)s", place=parent),
        "facts_title": _("一起划转的"),
        "facts": [{"key": label, "value": f"{count:,}"} for label, count in counts],
        "sections": [section],
        "note": _("原上级立即看不到，新上级立即看到；建档学校和审计记录不变"),
        "verbs": [{"label": _("划转"), "icon": "arrows-exchange", "is_primary": True}],
        "version": place.rev,
        "cancel_url": back_url,
        "back_url": back_url,
    }
    return {"form": form, "screen": screen}
