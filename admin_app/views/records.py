"""The list of dated records, its sheet, and the page of one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import defer

from admin_app.desk import current_actor, current_policy, may, record_read, system_session
from admin_app.listing.asked import Asked
from admin_app.listing.column import Beside, Cell, Column, words
from admin_app.listing.filters import Choice
from admin_app.listing.ids import number, row_id
from admin_app.listing.page import Page, SortOrder
from admin_app.pages.case_evidence import WORDS
from admin_app.pages.record import read_event, record_page, view_record
from admin_app.pages.record_words import STATE_TAGS, state_word, verb_of
from admin_app.parts.records import plain_summary, record_forms
from admin_app.screen import OfficeView
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.child import Child
from models.database import OfficeSession
from models.record import Record
from models.search import find_children
from models.staff import Appointment, Staff
from workflows.engine.published import forms_numbered
from workflows.evidence import KINDS
from workflows.policy import Permission as P
from workflows.record_forms import head_of, writes_anywhere
from workflows.text import text

MOST_AUTHORS = 60
MINE = "mine"
WRITERS = ("class_teacher", "counsellor", "helper", "proxy_parent")


def _forms() -> list[tuple[str, str]]:
    return [(key, say(version.form.title)) for key, version in record_forms().items()]


def _authors() -> list[tuple[str, str]]:
    """Offer oneself, and the writers of the places in reach where they are few enough to choose from."""
    mine = [(MINE, _("我记的"))] if may(P.RECORD_WRITE) else []
    scope = current_policy().scope(current_actor(), P.RECORD_LIST)
    rows = (
        system_session()
        .execute(
            select(Staff.id, Staff.name)
            .join(Appointment, Appointment.staff_id == Staff.id)
            .where(Appointment.role.in_(WRITERS), scope.row_condition(Appointment))
            .distinct()
            .order_by(Staff.name, Staff.id)
            .limit(MOST_AUTHORS + 1)
        )
        .all()
    )
    others = [(str(staff_id), name) for staff_id, name in rows if staff_id != current_actor().staff_id]
    return mine + (others if len(rows) <= MOST_AUTHORS else [])


def _by(author: str) -> Any:
    return Record.made_by == (current_actor().staff_id if author == MINE else int(author))


def _states() -> list[tuple[str, str]]:
    return [(state, state_word(state)) for state in ("active", "corrected", "voided")]


@dataclass(frozen=True)
class Day(Choice):
    """A filter by one end of a period."""

    def read(self, written: str | None) -> str:
        """Return the day that was asked for, empty for anything else."""
        try:
            return date.fromisoformat(written or "").isoformat()
        except ValueError:
            return ""

    def control(self, value: str) -> dict[str, Any]:
        """Return the filter for `parts/tables.html`."""
        return {"key": self.key, "label": say(self.label), "kind": "date", "value": value}

    def chip(self, value: str) -> str:
        """Return how an applied filter reads."""
        return f"{say(self.label)} {value}"


def _kinds() -> list[tuple[str, str]]:
    return [(name.partition(".")[2], say(word)) for name, word in WORDS.items()]


def _counted_as(kind: str) -> Any:
    return Record.counts_as.in_(KINDS[f"evidence.{kind}"])


def _no_options() -> list[tuple[str, str]]:
    return []


def _since(day: str) -> Any:
    return Record.happened_on >= date.fromisoformat(day)


def _until(day: str) -> Any:
    return Record.happened_on <= date.fromisoformat(day)


def _of_child(show: Callable[[Child], object]) -> Callable[[Record, Beside], Cell]:
    def shown(record: Record, beside: Beside) -> Cell:
        child = beside["children"].get(record.child_id)
        return words(show(child) if child is not None else None)

    return shown


def _state(record: Record, beside: Beside) -> Cell:
    if record.state == "active":
        return words(None)
    kind, icon = STATE_TAGS[record.state]
    return {"kind": "tag", "tag_kind": kind, "value": state_word(record.state), "icon": icon}


class RecordScreen(OfficeView):
    """Dated records about children."""

    row_class, key, path, title = Record, "records", "/records", text("谈心与家访")
    permissions = {"list": P.RECORD_LIST, "read": P.RECORD_READ, "export": P.RECORD_EXPORT}
    by_place = "class"
    search = text("姓名、拼音、首字母")
    sort_orders = (
        SortOrder("day", text("日期近的在前"), (Record.happened_on, Record.id), ("happened_on", "id"), descending=True),
    )
    columns = (
        Column("child", text("儿童"), _of_child(lambda child: child.name), is_sticky=True),
        Column("day", text("日期"), lambda record, _b: words(record.happened_on), width=12),
        Column("form", text("类别"), lambda record, b: {"kind": "text", "value": b["title"](record),
                                                       "icon": b["icon"](record)}, width=16),
        Column("what", text("摘要"), lambda record, b: words(b["summary"](record)), is_wide=True, width=40),
        Column("author", text("记录人"), lambda record, _b: words(record.made_by_name)),
        Column("class", text("班级"), lambda record, b: words(b["place"](record.class_code))),
        Column("state", text("状态"), _state),
    )  # fmt: skip
    filters = (
        Choice("form", text("类别"), _forms, lambda key: Record.form == key),
        Choice("by", text("记录人"), _authors, _by),
        Day("since", text("从"), _no_options, _since),
        Day("until", text("到"), _no_options, _until),
        Choice("state", text("状态"), _states, lambda state: Record.state == state),
        Choice("kind", text("计为"), _kinds, _counted_as),
    )

    def parent(self) -> dict[str, str]:
        """Show the records of one child where the address names one."""
        child = number(request.args.get("child"))
        return {} if child is None else {"child": str(child)}

    def statement(self, session: OfficeSession) -> Select[Any]:
        """Select records without their answers' protected part being opened."""
        return select(Record).options(defer(Record.reason_sealed))

    def narrowed(self, session: OfficeSession, asked: Asked) -> Select[Any]:
        """Show records that stand unless others are asked for, of one child where one is named."""
        statement = super().narrowed(session, asked)
        if "child" in asked.parent:
            statement = statement.where(Record.child_id == int(asked.parent["child"]))
        return statement if asked.filters["state"] else statement.where(Record.state == "active")

    def matching(self, session: OfficeSession, statement: Select[Any], words: str) -> Any:
        """Find by the child's name, its readings or initials."""
        return statement.where(Record.child_id.in_([child.id for child in find_children(session, words)])), None

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Name the page's children, places and forms with one query each."""
        ids = {record.child_id for record in page.rows}
        children = {child.id: child for child in session.scalars(select(Child).where(Child.id.in_(ids)))} if ids else {}
        versions = forms_numbered(system_session(), {(row.form, row.form_version) for row in page.rows})
        if asked is not None and asked.places is not None:
            codes = {code for row in page.rows for code in (row.school_code, row.class_code)}
            asked.places.learn(system_session(), codes, school_year_shown())

        def version(row: Record) -> Any:
            return versions[row.form, row.form_version]

        return {
            "children": children,
            "title": lambda row: say(version(row).form.title),
            "icon": lambda row: head_of(version(row).form).icon,
            "summary": lambda row: plain_summary(version(row), row),
            "place": asked.places.name if asked is not None and asked.places else str,
        }

    def subtitle(self, asked: Asked) -> str:
        """Name the child whose records are listed."""
        if "child" not in asked.parent:
            return super().subtitle(asked)
        child = self.reading().get(Child, int(asked.parent["child"]))
        return child.name if child is not None else ""

    def views(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer the usual kinds as tabs."""
        kinds = [("", _("全部")), *_forms()]
        return [
            {"label": label, "url": asked.url(form=key), "is_current": asked.filters["form"] == key}
            for key, label in kinds
        ]

    def _controls(self, asked: Asked) -> list[dict[str, Any]]:
        """Leave out the kind, which is chosen by the tabs."""
        return [control for control in super()._controls(asked) if control["key"] != "form"]

    def _chips(self, asked: Asked) -> list[dict[str, Any]]:
        """Leave out the kind, which the tab shows."""
        kind = self.filters[0].chip(asked.filters["form"]) if asked.filters["form"] else ""
        return [chip for chip in super()._chips(asked) if chip["label"] != kind]

    def _kept(self, asked: Asked) -> list[tuple[str, Any]]:
        """Keep the kind when another filter is chosen."""
        kind = asked.filters["form"]
        return [*super()._kept(asked), *([("form", kind)] if kind else [])]

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer what the person may write, the kind that is listed first."""
        actor, policy = current_actor(), current_policy()
        forms = [
            version.form
            for version in record_forms().values()
            if may(P.RECORD_WRITE) and writes_anywhere(actor, policy, version.form)
        ]
        wanted = asked.filters["form"] or "talk"
        chosen = sorted(forms, key=lambda form: form.key != wanted)[:1]
        found = [
            {
                "label": verb_of(form),
                "icon": head_of(form).icon,
                "is_primary": True,
                "url": url_for("entry.write", form=form.key),
            }
            for form in chosen
        ]
        empty = {"label": _("空白表"), "icon": "printer", "url": url_for("papers.blank_form", form=wanted)}
        return [*super().list_actions(asked), empty, *found]

    @expose("/details/")
    def details_view(self) -> Any:
        """Show one record; opening it is on record before the answer leaves."""
        session = self.reading("read")
        view = view_record(session, row_id())
        page = record_page(session, view)
        record_read(read_event(view, attachments=len(page["screen"]["files"])))
        return render_template("records/record.html", **page)
