"""Posts: who is appointed to which role where, from one day to another."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, or_, select
from wtforms import SelectField

from admin_app.desk import current_policy, now, perform, read_session
from admin_app.forms.fact_form import Shape, Starred, choices
from admin_app.forms.place_choice import chosen_place, place_field
from admin_app.listing.asked import Asked
from admin_app.listing.column import Beside, Column, words
from admin_app.listing.filters import Choice
from admin_app.listing.ids import rev, row_id
from admin_app.listing.page import Page, SortOrder
from admin_app.pages.staff import post_state
from admin_app.parts.declared import Verb
from admin_app.screen import OfficeView
from admin_app.shell import role_word
from admin_app.shell_year import school_year_shown
from models.database import OfficeSession
from models.place import Place
from models.staff import Appointment, Staff
from workflows.clock import local_day
from workflows.fields import APPOINTMENT
from workflows.operations.appointment import appoint, change_appointment, end_appointment
from workflows.policy import Permission as P
from workflows.refusal import Missing
from workflows.text import text


def _roles() -> list[tuple[str, str]]:
    return [(role, role_word(role)) for role in current_policy().roles]


def _held(value: str) -> Any:
    day = local_day(now())
    holds = (Appointment.from_on <= day) & or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
    return holds if value == "now" else ~holds


class AppointmentScreen(OfficeView):
    """Posts of the staff."""

    row_class, key, path, title = Appointment, "appointments", "/appointments", text("任职")
    permissions = {"list": P.STAFF_READ, "create": P.STAFF_APPOINT, "edit": P.STAFF_APPOINT}
    by_place = "school"
    new_label = text("任命")
    sort_orders = (SortOrder("new", text("按任命先后"), (Appointment.id,), ("id",), descending=True),)
    columns = (
        Column("name", text("姓名"), lambda post, b: words(b["names"].get(post.staff_id)), is_sticky=True),
        Column("role", text("岗位"), lambda post, _b: words(role_word(post.role))),
        Column("place", text("单位"), lambda post, b: words(b["places"].get(post.place_id)), width=24),
        Column("from", text("起"), lambda post, _b: words(post.from_on)),
        Column("until", text("止"), lambda post, _b: words(post.until_on)),
        Column("by", text("批准人"), lambda post, b: words(b["names"].get(post.approved_by))),
        Column("purpose", text("事由"), lambda post, _b: words(post.purpose), is_wide=True, width=30),
        Column("state", text("状态"), lambda post, b: post_state(post, b["day"])),
    )
    filters = (
        Choice("role", text("岗位"), _roles, lambda role: Appointment.role == role),
        Choice("held", text("状态"), lambda: [("now", _("在任")), ("other", _("不在任"))], _held),
    )
    new_shape = shape = Shape([(None, [APPOINTMENT["from_on"], APPOINTMENT["until_on"], APPOINTMENT["purpose"]])])
    verbs = (
        Verb("end", text("解除"), P.STAFF_APPOINT, lambda n, r: perform(end_appointment, P.STAFF_APPOINT, n, r),
             "user-minus", "bad", (text("立即失去这个岗位的全部权限"), text("任职记录保留")), done=text("已解除")),
    )  # fmt: skip

    def row_url(self, row: Appointment) -> str | None:
        """Lead to the person."""
        return url_for("staff.details_view", id=row.staff_id)

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Posts are given on a person's page."""
        return [{"label": _("按人员查看"), "url": url_for("staff.index_view"), "icon": "users"}]

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Fetch the names of people and places of a page."""
        people = {post.staff_id for post in page.rows} | {post.approved_by for post in page.rows if post.approved_by}
        places = {post.place_id for post in page.rows}
        if asked is not None and asked.places is not None:
            asked.places.learn(session, (), school_year_shown())
        return {
            "names": dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(people))).all()),
            "places": dict(session.execute(select(Place.id, Place.name).where(Place.id.in_(places))).all()),
            "day": local_day(now()),
        }

    def new_form(self, shape: Shape) -> Any:
        """Ask for role and place as well."""
        offered = choices([("", "—"), *_roles()])
        role = SelectField(_("岗位"), validators=[Starred()], choices=offered, validate_choice=False)
        start = {"from_on": local_day(now()).isoformat()}
        fields = {"role": role, "place": place_field(_("单位"), self.address("ajax_lookup"))}
        return shape.form(extra=fields, start=start)

    def sections(self, shape: Shape, form: Any, row: Appointment | None) -> list[dict[str, Any]]:
        """Draw role and place before the days, and name the person."""
        fields = [form[name] for name in ("role", "place") if name in form]
        person = self._person() if row is None else self._held_by(row)
        return [{"title": person.name, "fields": fields + shape.drawn(form)[0]["fields"]}]

    def form_links(self) -> list[dict[str, Any]]:
        """Offer what every role permits."""
        return [{"label": _("岗位权限"), "url": url_for("staff.roles_view"), "icon": "list-check", "target": "_blank"}]

    def make(self, shape: Shape, form: Any) -> str:
        """Appoint the person that the address names."""
        person = self._person()
        place = chosen_place(form["place"], P.STAFF_APPOINT)
        perform(appoint, P.STAFF_APPOINT, person.id, form["role"].data or "", place.id, shape.typed(form))
        return url_for("staff.details_view", id=person.id)

    def change(self, shape: Shape, form: Any, row: Appointment) -> str:
        """Change the days or the purpose of a post."""
        perform(change_appointment, P.STAFF_APPOINT, row.id, rev(), shape.typed(form))
        return self.after_row(row)

    def after_row(self, row: Appointment | None) -> str:
        """Lead back to the person."""
        person = request.args.get("staff") if row is None else row.staff_id
        return url_for("staff.details_view", id=person) if person else url_for("staff.index_view")

    def name_of(self, row: Appointment) -> str:
        """Name a post by person and role."""
        return f"{self._held_by(row).name} {role_word(row.role)}"

    def _person(self) -> Staff:
        person = read_session(P.STAFF_APPOINT).get(Staff, row_id("staff"))
        if person is None:
            raise Missing("not_found", text("没有这条记录"))
        return person

    def _held_by(self, row: Appointment) -> Staff:
        person = read_session(P.STAFF_APPOINT).get(Staff, row.staff_id)
        if person is None:
            raise Missing("not_found", text("没有这条记录"))
        return person

    def statement(self, session: OfficeSession) -> Select[Any]:
        """Return posts; those of people outside the scope are left out."""
        return select(Appointment).join(Staff, Staff.id == Appointment.staff_id)
