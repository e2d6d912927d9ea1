"""Papers to print and sign: cases, contact cards, empty forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from admin_app.desk import current_actor, current_policy, now, permit, record_read, system_session
from admin_app.listing.ids import number as read_number
from admin_app.pages.case_reach import case_session
from admin_app.printing import card_page
from admin_app.printing.case_paper import case_paper as draw_case
from admin_app.printing.contact_card import FORM as CARD
from admin_app.printing.record_paper import empty_record
from workflows.case_view import opened_event, view_case
from workflows.policy import FIELD_CLASSES, Permission
from workflows.record_forms import record_form
from workflows.refusal import Denied, Missing, Refusal

bp = Blueprint("papers", __name__, url_prefix="/papers")


@bp.get("/<paper>/<number>")
def case_paper(paper: str, number: str) -> str:
    """Show a case's paper, filled in or empty; opening it is on record as opening the case is."""
    session = case_session(number)
    view = view_case(session, system_session("evidence"), current_actor(), current_policy(), number, now())
    page = draw_case(session, view, paper, is_empty="blank" in request.args)
    record_read(opened_event(view, [level for level in FIELD_CLASSES if level <= view.sees], paper=paper))
    return _sheets(page)


@bp.get("/blank/<form>")
def blank_form(form: str) -> str:
    """Show an empty form of dated records, or an empty contact card; nothing of anybody stands on it."""
    permit(Permission.RECORD_LIST)
    if form == CARD:
        return _sheets(card_page.empty_page())
    return _sheets(empty_record(record_form(system_session(), form).form))


@bp.get("/contact-card/<child>")
def contact_card(child: str) -> str:
    """Show a child's contact card with masked numbers, or empty; opening it is on record."""
    return _masked(card_page.of_child(read_number(child)))


@bp.post("/contact-card/<child>")
def reveal_contact_card(child: str) -> str | tuple[str, int]:
    """Show a child's contact card with clear numbers; why is on record before they leave."""
    return _clear(card_page.of_child(read_number(child)))


@bp.get("/class-cards/<class_code>")
def class_cards(class_code: str) -> str:
    """Show the contact cards of a whole class with masked numbers, or empty; each child's is on record."""
    return _masked(card_page.of_class(class_code))


@bp.post("/class-cards/<class_code>")
def reveal_class_cards(class_code: str) -> str | tuple[str, int]:
    """Show the contact cards of a whole class with clear numbers; why is on record for each child before they leave."""
    return _clear(card_page.of_class(class_code))


def _masked(asked: card_page.Asked, refusal: Refusal | None = None) -> str:
    is_empty = "blank" in request.args
    page = card_page.masked_page(asked, is_empty=is_empty, refusal=refusal)
    record_read(*card_page.reads(asked, is_empty=is_empty))
    return _sheets(page)


def _clear(asked: card_page.Asked) -> str | tuple[str, int]:
    reason = " ".join(filter(None, (request.form.get("reason_choice"), request.form.get("reason"))))
    try:
        return _sheets(card_page.clear_page(asked, reason))
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        return _masked(asked, refusal), 422


def _sheets(page: dict[str, Any]) -> str:
    return render_template("papers/sheets.html", paper=page)
