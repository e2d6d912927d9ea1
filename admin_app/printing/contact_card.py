"""The contact cards of children: the form of the definition with what is on file, the calling order, the school."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, now, system_session
from admin_app.pages.case import place_line, say_value, shown_fact
from admin_app.pages.child import code_word
from admin_app.printing.answers import bound_fact, empty, empty_blocks
from admin_app.printing.sheet import Block, card, cell, secret, signers, table, wording
from admin_app.shell import role_word
from admin_app.wording import say
from models.child import Child, Relative
from models.place import Place
from models.scope import NO_PLACE
from models.staff import Appointment, Staff
from models.vault import learn_keys
from workflows.clock import local_day
from workflows.engine.definition import Form, FormField
from workflows.engine.paper import CardHead
from workflows.engine.published import form_in_force
from workflows.fields import CODE_LISTS, RELATIVE, visible
from workflows.mask import mask_phone
from workflows.refusal import Missing
from workflows.subjects import ChildSubject
from workflows.text import text

FORM = "contact_card"
EMPTY_CALLS = 4
PARENTS = ("father", "mother")
HELD_AT = ("class", "school")  # where the posts stand whose numbers are on the card


@dataclass
class Cards:
    """What cards are drawn from: the form in force, whether numbers are clear, whether they are left to be filled in.

    `offices` keeps what was found of each class's school, `titles` what the class is called.
    """

    session: Session
    form: Form
    is_clear: bool = False
    is_empty: bool = False
    offices: dict[tuple[str, str], Block] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def head(self) -> CardHead:
        """What the definition says of the card."""
        return self.form.card or CardHead()


def contact_cards(
    session: Session, children: Sequence[Child], *, is_clear: bool = False, is_empty: bool = False
) -> list[dict[str, Any]]:
    """Return a sheet for each child; raises Missing where no form for the card was published.

    The caller puts on record whose cards are read, and before clear ones are drawn, why.
    """
    learn_keys(session, [child.id for child in children])
    cards = Cards(session, _form(session), is_clear, is_empty)
    return [_sheet(cards, child) for child in children]


def empty_card(session: Session) -> dict[str, Any]:
    """Return a card of nobody, to be filled in by hand."""
    form = _form(session)
    blank = Cards(session, form, is_empty=True)
    blocks = [*_named("", ""), *_unfilled(form), _calls(blank, None)]
    return _framed(blank, blocks, "", "")


def classes_shown(session: Session, child: Child, *, is_empty: bool) -> list[str]:
    """Return the field classes that stand on a child's masked card in clear."""
    level = "P1" if is_empty else current_policy().sees(current_actor(), child.level_codes)
    has_p3 = any(f.protection.value == "P3" for f in _form(session).fields)
    return ["P0", "P1", "P3"] if has_p3 and visible("P3", level) else ["P0", "P1"]


def _form(session: Session) -> Form:
    form = form_in_force(session, FORM).form
    if form.card is None:
        raise Missing("no_definition", text("还没有发布：{key}", key=FORM))
    return form


def _sheet(cards: Cards, child: Child) -> dict[str, Any]:
    where = _where(cards, child)
    inside = _unfilled(cards.form) if cards.is_empty else _on_file(cards, child)
    blocks = [*_named(child.name, where), *inside, _calls(cards, child), _school(cards, child)]
    return _framed(cards, blocks, child.student_number or "", where)


def _where(cards: Cards, child: Child) -> str:
    key = (child.class_code, child.school_code)
    if key not in cards.titles:
        cards.titles[key] = place_line(cards.session, child)
    return cards.titles[key]


def _framed(cards: Cards, blocks: Sequence[Block], student_number: str, where: str) -> dict[str, Any]:
    note = say(cards.head.note)
    return {
        "number": _("学籍号 %(number)s", number=student_number) if student_number else "",
        "mark": "",
        "title": say(cards.form.title),
        "sub": where,
        "blocks": [*blocks, *([wording("", [note])] if note else [])],
        "signers": signers(cards.head.signed_by),
        "is_tight": True,
    }


def _named(name: str, where: str) -> list[Block]:
    return [card("", [cell(_("姓名"), name), cell(_("学校班级"), where)])]


def _unfilled(form: Form) -> list[Block]:
    """Return the card's fields to fill in; the first section stands below the child's name without a heading."""
    blocks = empty_blocks(form, "")
    if blocks and "group" in blocks[0]["rows"][0][0]:
        blocks[0]["rows"].pop(0)
    return blocks


def _on_file(cards: Cards, child: Child) -> list[Block]:
    sees = current_policy().sees(current_actor(), child.level_codes)
    facts = ChildSubject(child).facts()
    cells: list[dict[str, Any]] = []
    for number, section in enumerate(cards.form.sections):
        if number:
            cells.append({"group": say(section.title)})
        for f in cards.form.fields:
            if f.section == section.key:
                cells.append(cell(say(f.label), _value(cards, f, facts, sees), wide=f.width == "full"))
    return [card("", cells)]


def _value(cards: Cards, f: FormField, facts: Mapping[str, Any], sees: str) -> Any:
    value = facts.get(f.bind) if f.bind else None
    if value is None or value == "" or f.bind is None:
        return _as_guardian(cards, f, facts, sees) or empty(f)
    fact = bound_fact(f.bind)
    if fact is None or not (cards.is_clear and fact.protection == "P2" and visible("P2", sees)):
        shown = shown_fact(f.bind, value, sees)
        return shown if not isinstance(shown, dict) else secret()
    return say_value(fact, value)


def _as_guardian(cards: Cards, f: FormField, facts: Mapping[str, Any], sees: str) -> Any:
    """Return what stands for a parent who is the guardian: a word where the card says it of the guardian already."""
    parent, _dot, key = (f.bind or "").partition(".")
    if parent not in PARENTS or facts.get("guardian.relation") != parent:
        return None
    same = f"guardian.{key}"
    if any(other.bind == same for other in cards.form.fields):
        return _("同监护人")
    return _value(cards, f.model_copy(update={"bind": same}), facts, sees)


def _calls(cards: Cards, child: Child | None) -> Block:
    heads = [(_("顺序"), "mark"), (_("姓名"), ""), (_("身份"), ""), (_("电话"), "wide")]
    rows: list[list[Any]] = []
    if child is not None and not cards.is_empty:
        order = sorted(child.relatives, key=lambda relative: (relative.call_order, relative.id))
        rows = [[str(place), one.name, _identity(one), _phone(cards, child, one)] for place, one in enumerate(order, 1)]
    if not rows:
        rows = [[str(place), " ", " ", " "] for place in range(1, EMPTY_CALLS + 1)]
    return table(_("联系顺序"), heads, rows)


def _identity(relative: Relative) -> str:
    slot = say(CODE_LISTS["relative_slot"][relative.slot])
    relation = code_word(RELATIVE["relation"], relative.relation)
    return f"{slot} {relation}" if relation and relation != slot else slot


def _phone(cards: Cards, child: Child, relative: Relative) -> Any:
    if not visible("P2", current_policy().sees(current_actor(), child.level_codes)):
        return secret()
    phone = relative.phone or ""
    return phone if cards.is_clear or not phone else mask_phone(phone)


def _school(cards: Cards, child: Child) -> Block:
    key = (child.class_code, child.school_code)
    if key not in cards.offices:
        heads = [(_("身份"), ""), (_("姓名"), ""), (_("电话"), "wide")]
        cards.offices[key] = table(_("学校联系方式"), heads, _numbers(cards, child) or [[" ", " ", " "]] * 2)
    return cards.offices[key]


def _numbers(cards: Cards, child: Child) -> list[list[Any]]:
    """Return the published numbers of school and township, then those who hold the roles on the card today."""
    directory = system_session()
    codes = {level: child.level_codes[level] for level in ("class", "school", "township")}
    wanted = [code for code in codes.values() if code != NO_PLACE]
    places = directory.scalars(select(Place).where(Place.code.in_(wanted))).all()
    rows: list[list[Any]] = [
        [_("公布电话"), place.name, place.phone] for place in places if place.phone and place.kind != "class"
    ]
    held = directory.execute(
        select(Appointment.role, Staff)
        .join(Staff, Staff.id == Appointment.staff_id)
        .join(Place, Place.id == Appointment.place_id)
        .where(
            Appointment.role.in_(cards.head.numbers),
            Place.code.in_([codes[level] for level in HELD_AT]),
            Appointment.from_on <= local_day(now()),
            Appointment.until_on.is_(None) | (Appointment.until_on >= local_day(now())),
            Staff.is_active,
        )
        .order_by(Staff.name_key, Staff.id)
    ).all()
    learn_keys(directory, [person.id for _role, person in held])
    order = {role: place for place, role in enumerate(cards.head.numbers)}
    return rows + [
        [role_word(role), person.name, _staff_phone(cards, person)]
        for role, person in sorted(held, key=lambda one: order[one[0]])
    ]


def _staff_phone(cards: Cards, person: Staff) -> str:
    if cards.is_empty or not person.phone:
        return " "
    return person.phone if cards.is_clear else mask_phone(person.phone)
