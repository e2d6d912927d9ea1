"""The page of one child's contact card or of a whole class's: masked, clear after a reason, or empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from admin_app.desk import current_actor, current_policy, perform, read_session, system_session
from admin_app.pages.place import title_of
from admin_app.printing.contact_card import classes_shown, contact_cards, empty_card
from admin_app.printing.sheet import printed_by
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.child import Child
from models.database import OfficeSession
from models.place import Place
from workflows.audit import Happening
from workflows.operations.contact_card import reveal_cards
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text


@dataclass(frozen=True)
class Asked:
    """Whose cards are asked for: one child's or a class's; where the page stands and where it leads back to."""

    numbers: tuple[int, ...]
    codes: dict[str, str]
    name: str
    here: str
    back_url: str
    links: tuple[dict[str, str], ...] = ()


def of_child(number: int | None) -> Asked:
    """Return one child of the person's scope; raises Missing."""
    child = read_session(P.CHILD_READ).get(Child, number) if number is not None else None
    if child is None:
        raise Missing("not_found", text("没有这条记录"))
    here, back = url_for("papers.contact_card", child=child.id), url_for("children.details_view", id=child.id)
    links: tuple[dict[str, str], ...] = ()
    place = system_session().scalars(select(Place).where(Place.code == child.class_code)).one_or_none()
    if place is not None and _may(P.CHILD_READ, place.level_codes):
        url = url_for("papers.class_cards", class_code=place.code)
        links = ({"label": _("全班联系卡"), "url": url},)
    return Asked((child.id,), child.level_codes, child.name, here, back, links)


def of_class(code: str) -> Asked:
    """Return the children on file of a class that the person's posts cover, by name; raises Missing."""
    session, directory = read_session(P.CHILD_READ), system_session()
    place = directory.scalars(select(Place).where(Place.code == code, Place.kind == "class")).one_or_none()
    if place is None or not _may(P.CHILD_READ, place.level_codes):
        raise Missing("not_found", text("没有这条记录"))
    on_file = select(Child.id).where(Child.class_code == code, Child.status == "on_file")
    numbers = tuple(session.scalars(on_file.order_by(Child.name_key, Child.id)))
    schools = {p.code: p for p in directory.scalars(select(Place).where(Place.code == place.school_code))}
    name = title_of(place, schools, school_year_shown())
    asked_for: dict[str, Any] = {"class": code}
    back = url_for("children.index_view", **asked_for)
    return Asked(numbers, place.level_codes, name, url_for("papers.class_cards", class_code=code), back)


def masked_page(asked: Asked, *, is_empty: bool, refusal: Refusal | None = None) -> dict[str, Any]:
    """Return the cards with masked numbers or empty, and the question why where clear ones may be asked for."""
    session = read_session(P.CHILD_READ)
    sheets = contact_cards(session, _children(session, asked), is_empty=is_empty)
    other = {"label": _("已填内容"), "url": asked.here}
    if not is_empty:
        other = {"label": _("空白表"), "url": f"{asked.here}?blank=1"}
    page = _page(asked, sheets, [other, *asked.links])
    if is_empty or not sheets or not _may(P.CHILD_REVEAL, asked.codes):
        return page
    reasons = [_("制作班级联系册"), _("交监护人留存"), _("家访"), _("紧急情况")]
    error = say(refusal.message) if refusal is not None else ""
    return page | {"reveal": {"action": asked.here, "reasons": reasons, "count": len(sheets), "error": error}}


def clear_page(asked: Asked, reason: str) -> dict[str, Any]:
    """Return the cards with clear numbers, once the reason is on record for each child; raises what revealing does."""
    perform(reveal_cards, P.CHILD_REVEAL, asked.numbers, reason)
    session = read_session(P.CHILD_REVEAL)
    sheets = contact_cards(session, _children(session, asked), is_clear=True)
    return _page(asked, sheets, [{"label": _("遮盖号码"), "url": asked.here}]) | {"is_clear": True}


def empty_page() -> dict[str, Any]:
    """Return a card of nobody, to be filled in by hand."""
    asked = Asked((), {}, _("空白表"), "", url_for("children.index_view"))
    return _page(asked, [empty_card(system_session())], [])


def reads(asked: Asked, *, is_empty: bool) -> Iterator[Happening]:
    """Yield the event of reading each child's card."""
    session = read_session(P.CHILD_READ)
    for child in _children(session, asked):
        post = current_policy().post_for(current_actor(), P.CHILD_READ, child.level_codes)
        facts = {"tab": "contact_card", "classes": classes_shown(session, child, is_empty=is_empty)}
        yield Happening(
            "child.read", "child", child.id, child.level_codes, child.id, facts=facts,
            role=post.role if post else None, grant=post.grant if post else None,
        )  # fmt: skip


def _may(permission: P, codes: dict[str, str]) -> bool:
    return current_policy().post_for(current_actor(), permission, codes) is not None


def _children(session: OfficeSession, asked: Asked) -> Sequence[Child]:
    found = select(Child).where(Child.id.in_(asked.numbers)).options(selectinload(Child.relatives))
    return session.scalars(found.order_by(Child.name_key, Child.id)).all()


def _page(asked: Asked, sheets: Sequence[dict[str, Any]], links: Sequence[dict[str, str]]) -> dict[str, Any]:
    return {
        "title": f"{_('联系卡')} · {asked.name}",
        "sheets": sheets,
        "foot": printed_by(),
        "links": links,
        "none": "" if sheets else _("这个班没有在册儿童"),
        "back_url": asked.back_url,
    }
