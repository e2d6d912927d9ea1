"""School years and terms: their dates, which every due date and every list stands on."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import BooleanField, SelectField

from admin_app.desk import now, perform, system_session
from admin_app.forms.fact_form import Shape, choices
from admin_app.listing.asked import Asked
from admin_app.listing.column import Cell, Column, tag, words
from admin_app.listing.ids import number, rev
from admin_app.listing.page import SortOrder
from admin_app.screen import OfficeView
from admin_app.wording import say
from models.school_year import SchoolYear, Term
from models.terms import weeks
from workflows.clock import local_day
from workflows.fields import CODE_LISTS, SCHOOL_YEAR, TERM
from workflows.operations.school_year import change_term, make_school_year, make_term
from workflows.policy import Permission as P
from workflows.refusal import Refusal
from workflows.text import text


def _state(term: Term) -> Cell:
    day = local_day(now())
    if term.last_on < day:
        return tag("neutral", text("已结束"), "circle-check")
    return tag("info", text("未开始"), "clock") if term.first_on > day else tag("ok", text("进行中"))


class TermScreen(OfficeView):
    """Terms of the school years."""

    row_class, key, path, title = Term, "terms", "/terms", text("学年学期")
    permissions = {"list": P.TERM_MANAGE, "create": P.TERM_MANAGE, "edit": P.TERM_MANAGE}
    new_label = text("新建学期")
    sort_orders = (SortOrder("new", text("新的在前"), (Term.first_on, Term.id), ("first_on", "id"), descending=True),)
    sizes = (20, 50)
    columns = (
        Column("year", text("学年"), lambda term, _b: words(term.school_year.name), is_sticky=True),
        Column("number", text("学期"), lambda term, _b: words(CODE_LISTS["term_number"][str(term.number)])),
        Column("first", text("开学"), lambda term, _b: words(term.first_on)),
        Column("last", text("结束"), lambda term, _b: words(term.last_on)),
        Column("weeks", text("周数"), lambda term, _b: {"kind": "number", "value": len(weeks(term))}, align="right"),
        Column("note", text("说明"), lambda term, _b: words(term.note), is_wide=True),
        Column("state", text("状态"), lambda term, _b: _state(term)),
    )
    new_shape = Shape([(None, [TERM[key] for key in ("number", "first_on", "last_on", "note")])],
                      required=("number", "first_on", "last_on"))  # fmt: skip
    shape = Shape([(None, [TERM[key] for key in ("first_on", "last_on", "note")])], required=("first_on", "last_on"))

    def row_url(self, row: Term) -> str:
        """Lead to the form."""
        return self.address("edit_view", id=row.id)

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer a new school year beside a new term."""
        year = {"label": _("新建学年"), "url": url_for("school_years.create_view"), "icon": "calendar-plus"}
        return [year, *super().list_actions(asked)]

    def subtitle(self, asked: Asked) -> str:
        """Terms hold for the whole installation."""
        return say(text("全部单位共用"))

    def new_form(self, shape: Shape) -> Any:
        """Ask for the school year as well."""
        years = system_session().scalars(select(SchoolYear).order_by(SchoolYear.first_year.desc()).limit(20))
        listed = choices([(str(year.id), year.name) for year in years])
        field = SelectField(_("学年"), choices=listed, validate_choice=False)
        return shape.form(extra={"year": field, "is_sure": _sure()})

    def change_form(self, shape: Shape, row: Term) -> Any:
        """Leave room for the question whether one is sure."""
        return shape.form(row, extra={"is_sure": _sure()})

    def make(self, shape: Shape, form: Any) -> str:
        """Make a term."""
        year = number(form["year"].data)
        if year is None:
            raise Refusal("bad_values", text("请选择学年"), {"year": text("请选择学年")})
        perform(make_term, P.TERM_MANAGE, year, shape.typed(form), is_sure=bool(form["is_sure"].data))
        return self.address("index_view")

    def change(self, shape: Shape, form: Any, row: Term) -> str:
        """Change a term's dates or note."""
        perform(change_term, P.TERM_MANAGE, row.id, rev(), shape.typed(form), is_sure=bool(form["is_sure"].data))
        return self.address("index_view")

    def refused(self, form: Any, refusal: Refusal) -> None:
        """Ask whether one is sure where the dates raise doubts."""
        if refusal.code == "check_dates":
            form["is_sure"].description = str(_("；")).join(say(doubt) for doubt in refusal.faults.values())
            form.asks = True

    def sections(self, shape: Shape, form: Any, row: Term | None) -> list[dict[str, Any]]:
        """Draw the school year first, and the question only when it is asked."""
        drawn = shape.drawn(form)[0]["fields"]
        first = [form["year"]] if "year" in form else []
        asked = [form["is_sure"]] if getattr(form, "asks", False) else []
        return [{"title": self.name_of(row) if row is not None else "", "fields": [*first, *drawn, *asked]}]

    def name_of(self, row: Term) -> str:
        """Name a term by year and number."""
        return f"{row.school_year.name} {say(CODE_LISTS['term_number'][str(row.number)])}"


class SchoolYearScreen(OfficeView):
    """School years."""

    row_class, key, path, title = SchoolYear, "school_years", "/school-years", text("学年")
    permissions = {"list": P.TERM_MANAGE, "create": P.TERM_MANAGE}
    new_label = text("新建学年")
    sizes = (20, 50)
    sort_orders = (
        SortOrder("new", text("新的在前"), (SchoolYear.first_year,), ("first_year",), descending=True),
    )  # fmt: skip
    columns = (Column("name", text("学年"), lambda year, _b: words(year.name), is_sticky=True),)
    new_shape = Shape([(None, [SCHOOL_YEAR["first_year"]])], required=("first_year",))

    def subtitle(self, asked: Asked) -> str:
        """School years hold for the whole installation."""
        return say(text("全部单位共用"))

    def make(self, shape: Shape, form: Any) -> str:
        """Make a school year and go on to its terms."""
        perform(make_school_year, P.TERM_MANAGE, form["first_year"].data or "")
        return url_for("terms.create_view")

    def after_row(self, row: Any) -> str:
        """Lead back to the terms."""
        return url_for("terms.index_view")


def _sure() -> BooleanField:
    return BooleanField(_("已核对，仍要保存"))
