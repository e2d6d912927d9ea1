"""Asks for a channel: each kind has its own questions, and what is hidden is never shown again."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import IntegerField, PasswordField, SelectField, SelectMultipleField, StringField

from admin_app.forms.fact_form import Starred, choices
from admin_app.forms.place_choice import place_field
from admin_app.wording import say
from models.channel import Channel
from models.place import Place
from workflows.fields import CHANNEL, CODE_LISTS
from workflows.operations.channel_values import HIDDEN, QUESTIONS
from workflows.outbox.topics import OFFERED, TOPICS

FOR_GROUPS = ("case.watched", "case.overdue", "wave.opened", "roster.imported", "school.turned", "digest")
OPTIONAL = frozenset({("mail", "login"), ("mail", "secret"), ("dingtalk", "secret")})


def channel_form(kind: str, lookup_url: str, place: Place | None = None, channel: Channel | None = None) -> Any:
    """Return the form for a new channel, or filled with what is not hidden of one that exists."""
    fields: dict[str, Any] = {} if channel is not None else {"place": place_field(_("单位"), lookup_url, place)}
    for key in QUESTIONS[kind]:
        fields[key] = _field(kind, key, channel is not None)
    offered = [(topic, say(TOPICS[topic].label)) for topic in OFFERED]
    fields["topics"] = SelectMultipleField(_("发送内容"), choices=choices(offered), validate_choice=False)
    held = {key: getattr(channel, key) for key in QUESTIONS[kind] if channel is not None and key not in HIDDEN}
    topics = (OFFERED if kind == "mail" else FOR_GROUPS) if channel is None else channel.topics
    return type("ChannelForm", (FlaskForm,), fields)(data={**held, "topics": topics})


def typed(form: Any, kind: str) -> dict[str, str]:
    """Return what was typed, by question."""
    return {key: " ".join(form[key].raw_data or []) for key in QUESTIONS[kind]}


def ticked(form: Any) -> list[str]:
    """Return the topics that were ticked."""
    return list(form["topics"].raw_data or [])


def sections(form: Any, kind: str) -> list[dict[str, Any]]:
    """Return the sections for `office/form.html`."""
    own = [form[key] for key in QUESTIONS[kind]]
    where = [form["place"]] if "place" in form else []
    return [
        {"title": _("渠道"), "fields": [*where, *own]},
        {"title": _("发送内容"), "note": _("只发案号、事项名称和环节，不发儿童姓名"), "fields": [form["topics"]]},
    ]


def _field(kind: str, key: str, exists: bool) -> Any:
    label = _hidden_label(kind, key) if key in HIDDEN else say(CHANNEL[key].label)
    stars = [] if (kind, key) in OPTIONAL or (exists and key in HIDDEN) else [Starred()]
    if key == "security":
        listed = [(code, say(word)) for code, word in CODE_LISTS["channel_security"].items()]
        return SelectField(label, choices=choices(listed), validate_choice=False)
    if key in HIDDEN:
        note = _("不再显示；留空就不变") if exists else _("保存后不再显示")
        return PasswordField(label, description=note, validators=stars, render_kw={"autocomplete": "off"})
    if key == "port":
        return IntegerField(label, validators=stars, default=465)
    return StringField(label, validators=stars, render_kw={"autocomplete": "off", "maxlength": 200})


def _hidden_label(kind: str, key: str) -> str:
    words: dict[tuple[str, str], str] = {
        ("mail", "secret"): _("登录密码"),
        ("webhook", "url"): _("接收地址"),
        ("webhook", "secret"): _("签名密钥"),
        ("wecom", "url"): _("群机器人的 Webhook 地址"),
        ("dingtalk", "url"): _("群机器人的 Webhook 地址"),
        ("dingtalk", "secret"): _("加签密钥"),
    }
    return words[kind, key]
