"""The verbs of a case beside its steps: what stands in the action bar, and what each asks before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, now, system_session
from admin_app.forms.kept_draft import Draft
from admin_app.pages.case_ask import ask_page, pick_field, text_field
from admin_app.shell import role_word
from admin_app.wording import say, say_day, say_moment
from models.task import CaseWatch
from workflows.case_view import CaseView
from workflows.clock import local_day
from workflows.colleagues import Colleague, colleagues_with_posts
from workflows.engine.vocabulary import Verb
from workflows.operations.verbs import LONGEST_NOTE
from workflows.refusal import Refusal
from workflows.seat_rounds import watches
from workflows.verbs_open import REPLY, UNWATCH, Offer, offers


class _Word(NamedTuple):
    label: Any
    icon: str
    note: Any = None  # what the text beside it is called; none where there is nothing to say
    is_note_required: bool = False
    people: str = ""  # one or many
    kind: str = "plain"
    words: Any = ""


WORDS: dict[str, _Word] = {
    Verb.CLAIM: _Word(_l("认领"), "user-check", words=_l("认领后由你办理，其他人不再看到这件待办。")),
    Verb.RELEASE: _Word(_l("退回待领"), "users", words=_l("退回后，同岗位的人都可以认领。")),
    REPLY: _Word(_l("回复意见"), "messages", _l("意见"), is_note_required=True, kind="primary"),
    Verb.HAND_OVER: _Word(_l("转办"), "user-share", _l("原因"), is_note_required=True, people="one",
                          words=_l("转给别人后不再由你办理。")),
    Verb.ADD_SIGNER: _Word(_l("加签"), "user-plus", _l("说明"), people="many"),
    Verb.DELEGATE: _Word(_l("委派"), "message-2", _l("想请他看什么"), people="one",
                         words=_l("对方回复意见后，仍由你办理。")),
    Verb.RECUSE: _Word(_l("回避"), "ban", _l("原因"), is_note_required=True, kind="bad",
                       words=_l("回避后由其余的人决定，不能再参与。")),
    Verb.REMOVE_SIGNER: _Word(_l("减签"), "minus", _l("原因"), kind="bad"),
    Verb.WITHDRAW: _Word(_l("撤回"), "arrow-back-up", _l("原因"), kind="bad"),
    Verb.COPY: _Word(_l("抄送"), "send", _l("附言"), people="many", words=_l("收到的人可以看这件事项，不用办理。")),
    Verb.URGE: _Word(_l("催办"), "bell-ringing", _l("附言")),
    Verb.WATCH: _Word(_l("督办"), "eye", _l("要求"), is_note_required=True),
    UNWATCH: _Word(_l("结束督办"), "eye-off", words=_l("这件事项不再列入你的督办。")),
}  # fmt: skip


def given_offers(session: Session, view: CaseView) -> tuple[Offer, ...]:
    """Return the verbs that the person may use on a case now."""
    actor = current_actor()
    own = select(CaseWatch.id).where(
        CaseWatch.case_id == view.case.id, CaseWatch.made_by == actor.staff_id, CaseWatch.ended_at.is_(None)
    )
    return offers(view, actor, current_policy(), is_watching=session.scalar(own) is not None)


def verb_actions(view: CaseView, given: Sequence[Offer]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the verbs for the action bar, and the refused ones with their reasons."""
    shown = [offer for offer in given if offer.verb != Verb.REMOVE_SIGNER]
    allowed = [
        {
            "label": _label(view, offer),
            "icon": WORDS[offer.verb].icon,
            "kind": "primary" if offer.verb == REPLY else "plain",
            "url": url_for("verbs.ask", number=view.case.number, case_verb=offer.verb),
            "is_modal": True,
        }
        for offer in shown
        if offer.is_open
    ]
    refused = [
        {"label": _label(view, offer), "icon": WORDS[offer.verb].icon, "reason": say(offer.reason)}
        for offer in shown
        if not offer.is_open
    ]
    return allowed, refused


def _label(view: CaseView, offer: Offer) -> str:
    word = str(WORDS[offer.verb].label)
    if offer.verb == Verb.URGE and view.case.urged:
        return str(_("催办 · 已 %(n)s 次", n=view.case.urged))
    transition = view.version.workflow.transitions.get(offer.transition or "")
    return word if transition is None else str(_("撤回“%(step)s”", step=say(transition.label)))


def verb_ask(
    view: CaseView,
    offer: Offer,
    typed: MultiDict[str, str] | None = None,
    refusal: Refusal | None = None,
    draft: Draft | None = None,
) -> dict[str, Any]:
    """Return the page of a verb, with what was typed when it was refused, or the person's draft."""
    word, fields = WORDS[offer.verb], []
    seat = str(offer.seat.id) if offer.verb == Verb.REMOVE_SIGNER and offer.seat is not None else None
    if draft is not None and draft[1].get("seat", [None])[0] != seat:
        draft = None  # words about somebody else's seat
    if draft is not None:
        typed = MultiDict(draft[1])
    chosen = frozenset(typed.getlist("to")) if typed is not None else frozenset()
    if word.people:
        fields.append(_people_field(view, chosen, is_many=word.people == "many"))
    if offer.verb == Verb.ADD_SIGNER and view.version.workflow.decided_in(view.case.state):
        whens = [("before", str(_("在我之前签"))), ("after", str(_("在我之后签")))]
        fields.append(pick_field("when", _("先后"), whens, "before"))
    if word.note is not None:
        fields.append(text_field("note", str(word.note), is_required=word.is_note_required, most=LONGEST_NOTE))
    if offer.verb == Verb.WATCH:
        day = local_day(now()).isoformat()
        fields.append({"kind": "day", "name": "due_on", "label": _("期限"), "value": "", "least": day})
    return ask_page(
        view,
        _label(view, offer) if offer.verb != Verb.URGE else str(word.label),
        url_for("verbs.use", number=view.case.number, case_verb=offer.verb),
        fields,
        typed=typed,
        draft=draft,
        refusal=refusal,
        words=_words(view, offer, word),
        kind=word.kind if word.kind != "plain" else "primary",
        behalf=offer.behalf,
        seat=seat,
    )


def _words(view: CaseView, offer: Offer, word: _Word) -> str:
    if offer.verb == Verb.URGE and view.case.urged:
        when = say_moment(view.case.urged_at)
        return str(_("已催办 %(n)s 次，上次 %(when)s", n=view.case.urged, when=when))
    if offer.verb == Verb.REMOVE_SIGNER and offer.seat is not None:
        return str(_("不再请 %(name)s 表示意见。", name=offer.seat.name))
    told = str(word.words)
    if word.people and view.case.circle:
        told += str(_("这是保密事项，选中的人会看到它。"))
    return told


def _people_field(view: CaseView, chosen: frozenset[str], *, is_many: bool) -> dict[str, Any]:
    day, own = local_day(now()), current_actor().staff_id
    found = colleagues_with_posts(system_session("colleagues"), view.case, current_policy(), day)
    options = [_person(one) | {"is_chosen": str(one.staff_id) in chosen} for one in found if one.staff_id != own]
    return {"kind": "people", "name": "to", "label": _("选人"), "is_many": is_many, "options": options}


def _person(one: Colleague) -> dict[str, Any]:
    posts = str(_("、")).join(f"{place} {role_word(role)}" for role, place in one.posts)
    return {"id": one.staff_id, "name": one.name, "sub": posts, "words": f"{one.name} {one.name_key} {posts}".lower()}


def watch_lines(session: Session, view: CaseView) -> list[dict[str, str]]:
    """Return who keeps an eye on a case or kept one until it ended, until when, and what they want to see done."""
    return [
        {
            "who": row.made_by_name,
            "when": say_moment(row.made_at),
            "due": say_day(row.due_on) if row.due_on else "",
            "ended": say_moment(row.ended_at) if row.ended_at else "",
            "text": row.note or "",
        }
        for row in watches(session, view.case)
    ]
