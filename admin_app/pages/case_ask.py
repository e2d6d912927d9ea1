"""What a step without a form, or a verb, asks before it is taken; with everything typed when it was refused."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from admin_app.forms.kept_draft import Draft, draft_line, draft_url
from admin_app.wording import say
from workflows.actor import Behalf
from workflows.case_files import SIGNATURE
from workflows.case_view import CaseView
from workflows.engine.allowed import Option
from workflows.operations.case_answers import LONGEST_SAID
from workflows.refusal import Refusal

STYLES = {"primary": "primary", "danger": "bad", "plain": "plain"}
SAID = ("opinion", "reason")


def asks_more(view: CaseView, option: Option) -> bool:
    """Tell whether a step asks for more than words: a state to choose, a signature."""
    return bool(option.targets) or SIGNATURE in _required(view, option)


def _required(view: CaseView, option: Option) -> tuple[str, ...]:
    return view.version.workflow.requires(option.transition, view.case.state)


def said_with(view: CaseView, option: Option) -> list[dict[str, Any]]:
    """Return the words that a step without a form asks for, required ones and an opinion that may be given."""
    required = _required(view, option)
    found = [text_field(key, _word(key), is_required=True) for key in SAID if key in required]
    tasks = view.version.workflow.states[view.case.state].tasks
    is_theirs = tasks is not None and not option.definition.by and tasks.opinion == "optional"
    if not found and is_theirs:
        found = [text_field("opinion", _word("opinion"), is_required=False)]
    return found


def _word(key: str) -> str:
    return str(_("原因") if key == "reason" else _("意见"))


def step_ask(
    view: CaseView,
    option: Option,
    typed: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
    drawn: str = "",
    draft: Draft | None = None,
) -> dict[str, Any]:
    """Return the page of a step without a form."""
    label = say(option.definition.label)
    fields = []
    if option.targets:
        states = view.version.workflow.states
        found = [(key, say(states[key].label)) for key in option.targets if states[key].kind != "end"]
        fields.append(pick_field("target", _("退回到"), found))
    fields += said_with(view, option)
    if SIGNATURE in _required(view, option):
        fields.append({"kind": "signature", "name": SIGNATURE, "label": _("签名"), "drawn": drawn})
    return ask_page(
        view,
        label,
        url_for("cases.take", number=view.case.number, transition=option.transition),
        fields,
        typed=typed,
        refusal=refusal,
        words=say(option.definition.confirm) or ("" if fields else _("确定办理“%(verb)s”吗？", verb=label)),
        kind=STYLES[option.definition.style],
        behalf=option.behalf,
        draft=draft,
    )


def ask_page(
    view: CaseView,
    label: str,
    url: str,
    fields: list[dict[str, Any]],
    *,
    typed: Mapping[str, str] | None = None,
    draft: Draft | None = None,
    refusal: Refusal | None = None,
    words: str = "",
    kind: str = "primary",
    behalf: Behalf | None = None,
    seat: str | None = None,
) -> dict[str, Any]:
    """Return the context of `cases/ask.html`, filled in with what was typed or else the draft."""
    if typed is None and draft is not None:
        typed = MultiDict(draft[1])
    faults = {key: say(fault) for key, fault in refusal.faults.items()} if refusal else {}
    for field in fields:
        field["error"] = faults.pop(field["name"], "")
        if typed is not None and "value" in field:
            field["value"] = typed.get(field["name"], "")
    is_told = refusal is not None and any(field["error"] for field in fields)
    return {
        "label": label,
        "title": f"{label} · {view.case.number}",
        "url": url,
        "kind": kind,
        "words": words,
        "behalf": behalf_line(behalf),
        "message": "" if refusal is None or is_told else say(refusal.message),
        "fields": fields,
        "rev": view.case.rev,
        "request_key": uuid.uuid4().hex,
        "seat": seat,
        "is_upload": any(field["kind"] == "signature" for field in fields),
        "draft_url": draft_url(url) if any(field["kind"] == "text" for field in fields) else "",
        "draft_line": draft_line(draft),
        "back_url": url_for("cases.show", number=view.case.number),
    }


def behalf_line(behalf: Behalf | None) -> str:
    """Return for whom a deputy is about to act, empty for those who act for themselves."""
    return "" if behalf is None else str(_("代 %(name)s 办理", name=behalf.name))


def text_field(name: str, label: str, *, is_required: bool, most: int = LONGEST_SAID) -> dict[str, Any]:
    """Return a field of several lines."""
    return {"kind": "text", "name": name, "label": label, "value": "", "is_required": is_required, "most": most}


def pick_field(name: str, label: str, options: list[tuple[str, str]], chosen: str = "") -> dict[str, Any]:
    """Return a field of which one answer is picked; a single one is picked already."""
    value = chosen or (options[0][0] if len(options) == 1 else "")
    return {"kind": "pick", "name": name, "label": label, "options": options, "value": value}
