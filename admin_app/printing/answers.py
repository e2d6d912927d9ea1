"""Puts a form on paper: with its answers as far as they may be seen, or empty for filling in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from admin_app.pages.case_cards import in_part
from admin_app.pages.case_words import Names, say_answer
from admin_app.printing.sheet import LINE, MUCH, SOME, Block, card, cell, secret, table
from admin_app.wording import language, say
from workflows.engine.catalogue import standard_code_lists
from workflows.engine.definition import Form, FormField
from workflows.engine.form import FILES
from workflows.engine.vocabulary import Label
from workflows.fields import CHILD, RELATIVE, Fact, visible

Shown = Callable[[FormField], Any]
NARROW = frozenset({"date", "datetime", "number", "integer", "yes_no"})
MOST_BOXES = 12
EMPTY_ROWS = 6
LONG_TEXT = 600  # letters: longer questions get the tallest cell


def filled_blocks(
    form: Form, answers: Mapping[str, Any], sees: str, names: Names, title: str, sub: str = ""
) -> list[Block]:
    """Return a form with its answers; what was not answered is left out, what may not be seen says so."""

    def shown(f: FormField) -> Any:
        if not visible(f.protection.value, sees):
            return secret()
        return say_answer(f, in_part(f, answers[f.key]), names)

    told = [f for f in form.fields if f.key in answers or not visible(f.protection.value, sees)]
    return _blocks(form, told, shown, lambda f: _rows(f, answers.get(f.key), shown, names), title, sub)


def empty_blocks(form: Form, title: str, sub: str = "", *, confidential: bool = True) -> list[Block]:
    """Return a form to fill in by hand: without files, what the system counts, and confidential parts if so asked."""
    hidden = {section.key for section in form.sections if section.confidential and not confidential}
    asked = [f for f in form.fields if f.fact is None and f.type not in FILES and f.section not in hidden]
    return [block | {"is_empty": True} for block in _blocks(form, asked, empty, _empty_rows, title, sub)]


def bound_fact(bind: str) -> Fact | None:
    """Return the fact behind a dotted name, None for one that is drawn from several."""
    owner, key = bind.split(".")
    return (CHILD if owner == "child" else RELATIVE).get(key)


def _blocks(
    form: Form, fields: Sequence[FormField], shown: Shown, rows: Callable[[FormField], Block], title: str, sub: str
) -> list[Block]:
    blocks: list[Block] = []
    cells: list[dict[str, Any]] = []

    def close() -> None:
        if cells:
            blocks.append(card("", list(cells)))
            cells.clear()

    for heading, inside in _sections(form, fields):
        if heading:
            cells.append({"group": heading})
        for f in inside:
            if f.columns:
                close()
                blocks.append(rows(f))
            else:
                value = shown(f)
                is_wide = f.width == "full" or f.type in ("long_text", "multi_choice")
                cells.append(cell(say(f.label), value, wide=is_wide, height=LINE if value else height_of(f)))
    close()
    if blocks:
        blocks[0] |= {"heading": title, "note": sub}
    return blocks


def _sections(form: Form, fields: Sequence[FormField]) -> Iterator[tuple[str, list[FormField]]]:
    """Yield the fields by section; an only one, one that begins with a table and a folded one have no heading."""
    inside = {section.key: [f for f in fields if f.section == section.key] for section in form.sections}
    loose = [f for f in fields if f.section not in inside]
    open_ = [section.key for section in form.sections if inside[section.key] and not section.folded]
    several = len(open_) + bool(loose) > 1
    if loose:
        yield "", loose
    for section in form.sections:
        found = inside[section.key]
        if found:
            is_titled = several and not section.folded and not found[0].columns
            yield (say(section.title) if is_titled else ""), found


def height_of(f: FormField) -> str:
    """Return how tall the empty cell of a question is."""
    if f.type != "long_text":
        return LINE
    return MUCH if (f.max_length or LONG_TEXT + 1) > LONG_TEXT else SOME


def empty(f: FormField) -> Any:
    """Return what stands in a cell to be filled in by hand: boxes to tick, the parts of a date, or nothing."""
    if f.type == "date":
        return _("　　　　年　　月　　日")
    if f.type == "datetime":
        return _("　　　　年　　月　　日　　时　　分")
    if f.type == "yes_no":
        return {"boxes": [_("是"), _("否")]}
    if f.type in ("choice", "multi_choice"):
        labels = [label.say(language()) for label in options_of(f).values()]
        return {"boxes": labels} if len(labels) <= MOST_BOXES else ""
    return ""


def options_of(f: FormField) -> Mapping[str, Label]:
    """Return the answers of a choice by value."""
    if f.options is None:
        return {}
    if f.options.code_list is not None:
        return standard_code_lists().get(f.options.code_list, {})
    return {item.value: item.said for item in f.options.items}


def duties(f: FormField, taken: Sequence[str], title: str) -> Block:
    """Return the options of a choice as a table with a box each, how often each is due and what shows it was done."""
    items = f.options.items if f.options is not None else ()
    heads = [("", "mark"), (say(f.label), "wide"), (_("频次"), ""), (_("留存凭据"), "")]
    rows = [
        ("☑" if item.value in taken else "☐", say(item.label), say(item.often), say(item.evidence)) for item in items
    ]
    return table("", heads, rows) | {"heading": title, "note": ""}


def _heads(f: FormField) -> list[tuple[str, str]]:
    widths = {True: "narrow", False: ""}
    return [
        (say(column.label), "wide" if column.width == "full" else widths[column.type in NARROW]) for column in f.columns
    ]


def _rows(f: FormField, rows: Any, shown: Shown, names: Names) -> Block:
    if rows is None:
        return card(say(f.label), [cell(say(f.label), shown(f), wide=True)])
    lines = [[say_answer(column, row.get(column.key), names) for column in f.columns] for row in rows]
    return table(say(f.label), _heads(f), lines)


def _empty_rows(f: FormField) -> Block:
    """Return a table to fill in: the rows that the form begins with, then empty ones."""
    preset = [[row.get(column.key, "") for column in f.columns] for row in f.preset]
    count = min(f.most, max(len(preset) + 2, EMPTY_ROWS)) - len(preset)
    empty_row = [" " for _column in f.columns]
    return table(say(f.label), _heads(f), [*preset, *([empty_row] * count)])
