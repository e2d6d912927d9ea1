"""The staff: accounts, their first passwords on a slip, who may log in, and which posts they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, make_response, render_template, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import Select, select

from admin_app.desk import current_actor, current_policy, may, now, perform
from admin_app.forms.fact_form import Shape
from admin_app.forms.place_choice import chosen_place, place_field
from admin_app.listing.asked import Asked
from admin_app.listing.column import Beside, Column, words
from admin_app.listing.filters import Choice, yes_no
from admin_app.listing.ids import rev
from admin_app.listing.page import Page, SortOrder
from admin_app.pages.deputies import deputy_card
from admin_app.pages.roles import roles_card, roles_page
from admin_app.pages.staff import Held, posts_line, staff_page, state_cell
from admin_app.parts.declared import Verb
from admin_app.screen import OfficeView
from admin_app.shell_year import school_year_shown
from models.database import OfficeSession
from models.place import Place
from models.staff import Appointment, LoginSession, Staff
from models.vault import learn_keys
from workflows.clock import local_day
from workflows.fields import STAFF
from workflows.operations.staff import (
    CHANGEABLE,
    MAKEABLE,
    FirstPassword,
    activate_staff,
    change_staff,
    deactivate_staff,
    make_staff,
    reset_password,
)
from workflows.policy import Permission as P
from workflows.text import text

MOST_SESSIONS = 10


class StaffScreen(OfficeView):
    """People on the staff."""

    row_class, key, path, title = Staff, "staff", "/staff", text("人员岗位")
    permissions = {"list": P.STAFF_READ, "read": P.STAFF_READ, "create": P.STAFF_MANAGE, "edit": P.STAFF_MANAGE}
    routes = {"roles_view": "list"}
    by_place = "school"
    search = text("姓名、拼音、账号")
    new_label = text("新建账号")
    sort_orders = (
        SortOrder("name", text("按姓名拼音"), (Staff.name_key, Staff.id), ("name_key", "id")),
        SortOrder("new", text("按建立先后"), (Staff.id,), ("id",), descending=True),
    )
    columns = (
        Column("name", text("姓名"), lambda person, _b: words(person.name), is_sticky=True),
        Column("login", text("账号"), lambda person, _b: words(person.login)),
        Column("place", text("单位"), lambda person, b: words(b["places"].get(person.place_id)), width=24),
        Column("posts", text("岗位"), lambda person, b: words(
            posts_line(b["posts"].get(person.id, ()), b["places"], b["day"])), is_wide=True, width=40),
        Column("state", text("状态"), lambda person, _b: state_cell(person)),
    )  # fmt: skip
    filters = (Choice("active", text("启用"), yes_no, lambda value: Staff.is_active.is_(value == "true")),)
    new_shape = Shape([(None, [STAFF[key] for key in MAKEABLE])], required=("name", "login"))
    shape = Shape([(None, [STAFF[key] for key in CHANGEABLE])], required=("name",))
    verbs = (
        Verb("activate", text("启用"), P.STAFF_ACTIVATE, lambda n, r: perform(activate_staff, P.STAFF_ACTIVATE, n, r),
             "lock-open", fits=lambda person: not person.is_active, in_batch=True, done=text("已启用")),
        Verb("deactivate", text("停用"), P.STAFF_ACTIVATE,
             lambda n, r: perform(deactivate_staff, P.STAFF_ACTIVATE, n, r), "lock", "bad",
             (text("立即退出所有登录"), text("不能再登录，直到重新启用")), lambda person: person.is_active),
        Verb("reset", text("重设密码"), P.STAFF_MANAGE, lambda n, r: perform(reset_password, P.STAFF_MANAGE, n, r),
             "key", consequences=(text("立即退出所有登录"), text("新密码只显示一次，请打印后交给本人")), in_batch=True),
    )  # fmt: skip

    def matching(self, session: OfficeSession, statement: Select[Any], words: str) -> Any:
        """Find by a part of the name or its reading, or the beginning of the account."""
        plain = words.casefold()
        found = Staff.name.contains(words, autoescape=True) | Staff.name_key.contains(plain, autoescape=True)
        return statement.where(found | Staff.login.startswith(plain, autoescape=True)), None

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Fetch the posts and the names of the places of a page's people."""
        held: dict[int, list[Appointment]] = {}
        ids = [person.id for person in page.rows]
        for post in session.scalars(select(Appointment).where(Appointment.staff_id.in_(ids)).order_by(Appointment.id)):
            held.setdefault(post.staff_id, []).append(post)
        wanted = {person.place_id for person in page.rows} | {p.place_id for posts in held.values() for p in posts}
        names = dict(session.execute(select(Place.id, Place.name).where(Place.id.in_(wanted))).all())
        if asked is not None and asked.places is not None:
            asked.places.learn(session, (), school_year_shown())
        return {"posts": held, "places": names, "day": local_day(now())}

    def detail(self, session: OfficeSession, row: Staff) -> dict[str, Any]:
        """Show an account with its posts and latest log-ins."""
        learn_keys(session, [row.id])
        posts = session.execute(
            select(Appointment, Place.name).join(Place, Place.id == Appointment.place_id)
            .where(Appointment.staff_id == row.id).order_by(Appointment.from_on.desc(), Appointment.id)
        ).all()  # fmt: skip
        appoints = may(P.STAFF_APPOINT)
        approved = {post.approved_by for post, _name in posts if post.approved_by}
        names = dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(approved))).all())
        listed = [
            Held(post, name, names.get(post.approved_by or 0, ""), _post_urls(post) if appoints else None)
            for post, name in posts
        ]
        latest = select(LoginSession).where(LoginSession.staff_id == row.id).order_by(LoginSession.id.desc())
        sessions = session.scalars(latest.limit(MOST_SESSIONS)).all()
        workplace = session.get(Place, row.place_id)
        page = staff_page(row, workplace.name if workplace else "", listed, sessions, local_day(now()),
                          url_for("appointments.create_view", staff=row.id) if appoints else None)  # fmt: skip
        held = [post.role for post, _name in posts if post.holds_on(local_day(now()))]
        permitted = roles_card(current_policy(), held, self.address("roles_view"))
        page["cards"][1:1] = [permitted] if permitted else []
        page["cards"] += [deputy_card(row, _("代理人"))] if may(P.STAFF_MANAGE) else []
        return page | {
            "actions": [*_leaving(row, bool(held)), *self.row_actions(row)],
            "back_url": self.address("index_view"),
        }

    @expose("/roles/")
    def roles_view(self) -> Any:
        """Show what every role permits."""
        page = roles_page(current_policy(), self.address("index_view"))
        return render_template("office/list.html", screen=page)

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer the list of posts beside a new account."""
        posts = {"label": _("任职一览"), "url": url_for("appointments.index_view"), "icon": "id"}
        roles = {"label": _("岗位权限"), "url": self.address("roles_view"), "icon": "list-check"}
        return [posts, roles, *super().list_actions(asked)]

    def new_form(self, shape: Shape) -> Any:
        """Ask for the place that employs the person as well."""
        return shape.form(extra={"place": place_field(_("单位"), self.address("ajax_lookup"))})

    def change_form(self, shape: Shape, row: Staff) -> Any:
        """Ask for the place that employs the person as well."""
        session = self.reading("edit")
        learn_keys(session, [row.id])
        place = session.get(Place, row.place_id)
        return shape.form(row, extra={"place": place_field(_("单位"), self.address("ajax_lookup"), place)})

    def make(self, shape: Shape, form: Any) -> Any:
        """Make an account and answer with its slip; the password is nowhere else."""
        place = chosen_place(form["place"], P.STAFF_MANAGE)
        return _slips([perform(make_staff, P.STAFF_MANAGE, place.id, shape.typed(form))])

    def change(self, shape: Shape, form: Any, row: Staff) -> str:
        """Change an account."""
        place = chosen_place(form["place"], P.STAFF_MANAGE)
        perform(change_staff, P.STAFF_MANAGE, row.id, rev(), shape.typed(form), place.id)
        return self.address("details_view", id=row.id)

    def sections(self, shape: Shape, form: Any, row: Staff | None) -> list[dict[str, Any]]:
        """Draw the place beside the facts."""
        drawn = shape.drawn(form)
        drawn[0]["fields"].append(form["place"])
        return drawn

    def form_note(self, form: Any) -> str:
        """Say what making an account does."""
        return "" if "base" in form else _("保存后显示一次初始密码，供打印")

    def after(self, verb: Verb, answers: Sequence[Any]) -> Any:
        """Answer a reset with the slips."""
        slips = [answer for answer in answers if isinstance(answer, FirstPassword)]
        return _slips(slips) if slips else None


def _leaving(person: Staff, holds: bool) -> list[dict[str, Any]]:
    """Offer the handover to those who may appoint and lock, for others than themselves who have something left."""
    allowed = may(P.STAFF_APPOINT) and may(P.STAFF_ACTIVATE) and person.id != current_actor().staff_id
    if not allowed or not (holds or person.is_active):
        return []
    return [{"label": _("离任交接"), "url": url_for("leaving.ask", id=person.id), "icon": "user-share"}]


def _post_urls(post: Appointment) -> tuple[str, str]:
    ending = url_for("appointments.confirm_view", id=post.id, verb="end", rev=post.rev)
    return url_for("appointments.edit_view", id=post.id), ending


def _slips(slips: Sequence[FirstPassword]) -> Response:
    back = url_for("staff.index_view")
    return make_response(render_template("papers/slips.html", slips=slips, back_url=back))
