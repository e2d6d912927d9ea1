"""The seats of a case in words: who is asked as what, where it stands with each, what they said and how they signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.desk import current_actor
from admin_app.pages.case_cards import relation_word
from admin_app.shell import role_word
from admin_app.wording import say, say_moment
from models.task import CaseTask
from workflows.case_view import CaseView
from workflows.engine.allowed import acts
from workflows.engine.decision import GONE, Seat, tally
from workflows.engine.definition import Tasks
from workflows.engine.vocabulary import Verb
from workflows.seat_rounds import Round, rounds
from workflows.verbs_open import Offer


def seat_cards(session: Session, view: CaseView, given: Sequence[Offer]) -> list[dict[str, Any]]:
    """Return the card of each round, the latest first; `given` says whom the person may take off again."""
    removable = {offer.seat.id for offer in given if offer.verb == Verb.REMOVE_SIGNER and offer.seat is not None}
    present = view.moves[-1].id if view.moves else 0
    found = rounds(session, view.case, view.version.workflow)
    return [_card(view, one, removable, is_present=one.entry_id == present) for one in found]


def _card(view: CaseView, found: Round, removable: set[int], *, is_present: bool) -> dict[str, Any]:
    state = view.version.workflow.states[found.state]
    seats = [_plain(seat) for seat in found.seats]
    return {
        "title": say(state.label) if is_present else _("以前的%(state)s", state=say(state.label)),
        "summary": _summary(view, found.state, state.tasks, seats),
        "is_present": is_present,
        "seats": [_seat(view, seat, found.seats, removable) for seat in found.seats],
    }


def _plain(row: CaseTask) -> Seat:
    return Seat(**{key: getattr(row, key) for key in Seat.__dataclass_fields__})


def _summary(view: CaseView, state: str, tasks: Tasks | None, seats: list[Seat]) -> str:
    decided = view.version.workflow.decided_in(state)
    if tasks is None or not decided:
        return ""
    stand = tally(seats, tasks, decided[0])
    if tasks.mode == "any":
        return str(_("或签，一人同意即可"))
    if tasks.mode == "ratio":
        return str(_("票签，需要 %(n)s 票，已有 %(done)s 票", n=stand.needed, done=stand.agreed))
    if tasks.order == "sequence" and stand.turn and not stand.against and stand.agreed < stand.groups:
        return str(_("顺序会签，第 %(turn)s 位，共 %(n)s 位", turn=stand.turn, n=stand.groups))
    return str(_("会签 %(done)s/%(n)s 已同意", done=stand.agreed, n=stand.groups))


def _seat(view: CaseView, seat: CaseTask, others: Sequence[CaseTask], removable: set[int]) -> dict[str, Any]:
    names = {one.id: one.name for one in others}
    word, kind = _status(view, seat, others)
    role = _role(view, seat)
    is_pool = seat.staff_id is None
    return {
        "initial": seat.name[:1],
        "name": f"{seat.name} {role}" if is_pool else seat.name,
        "role": "" if is_pool else role,
        "origin": _origin(seat, names.get(seat.from_id or 0, "")),
        "is_inner": seat.from_id in names,
        "is_quiet": seat.status in GONE or seat.status == "waiting",
        "status": {"kind": kind, "word": word, "icon": _icon(seat, kind)},
        "when": say_moment(seat.done_at) if seat.status not in ("over", "skipped") else "",
        "who": seat.acted_name if seat.acted_by is not None and seat.acted_name != seat.name else "",
        "opinion": seat.opinion,
        "signature_url": url_for("attachments.thumbnail", attachment=seat.signature_id) if seat.signature_id else None,
        "remove_url": url_for("verbs.ask", number=view.case.number, case_verb="remove_signer", seat=seat.id)
        if seat.id in removable
        else None,
    }


def _role(view: CaseView, seat: CaseTask) -> str:
    if seat.role is not None and seat.staff_id is None:
        return role_word(seat.role)
    word = seat.asked.split("@")[0]
    if word.startswith("person:") or seat.origin != "asked":
        return ""
    return relation_word(view, word) if word in view.version.workflow.participants else role_word(word)


def _origin(seat: CaseTask, of: str) -> str:
    words: Mapping[str, str] = {
        "handed_over": _("由 %(name)s 转办", name=of),
        "delegated": _("%(name)s 请提意见", name=of),
        "added_before": _("%(name)s 请先签", name=of),
        "added_after": _("%(name)s 请后签", name=of),
    }
    return words.get(seat.origin, "")


def _status(view: CaseView, seat: CaseTask, others: Sequence[CaseTask]) -> tuple[str, str]:
    if seat.status == "done":
        return _answer(view, seat)
    if seat.status == "open":
        return _open(view, seat), "warn"
    if seat.status == "lent":
        asked = [one.name for one in others if one.from_id == seat.id and one.origin == "delegated"]
        return _("已请 %(name)s 提意见", name=asked[-1] if asked else ""), "info"
    words = {
        "waiting": _("等前面的人"),
        "handed_over": _("已转办"),
        "removed": _("已减签"),
        "recused": _("回避"),
        "skipped": _("不用再签"),
        "over": _("不再需要"),
    }
    return words[seat.status], "neutral"


def _answer(view: CaseView, seat: CaseTask) -> tuple[str, str]:
    transition = view.version.workflow.transitions.get(seat.answer or "")
    if transition is None:
        return _("已回复"), "ok"
    decided = view.version.workflow.decided_in(seat.state)
    is_for = not decided or seat.answer == decided[0]
    return say(transition.label) or str(_("已办")), "ok" if is_for and transition.style != "danger" else "bad"


def _open(view: CaseView, seat: CaseTask) -> str:
    if seat.staff_id is None:
        return str(_("待认领") if seat.role is not None else _("办理中"))
    if seat.staff_id == current_actor().staff_id:
        return str(_("轮到你"))
    if not acts(_plain(seat), view.version.workflow, seat.state):
        return str(_("待回复"))
    return str(_("已认领，办理中") if seat.role is not None else _("办理中"))


def _icon(seat: CaseTask, kind: str) -> str:
    if seat.status == "done":
        return "circle-check" if kind == "ok" else "circle-x"
    icons = {"open": "clock", "lent": "message-2", "waiting": "hourglass", "handed_over": "user-share"}
    return icons.get(seat.status, "minus")
