"""Places: the organisation as a tree, a place with what lies below it, and the forms to make and change one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from admin_app.desk import current_actor, current_policy, perform, perform_in, read_session, system_session
from admin_app.forms.fact_form import Shape, choices, show_faults
from admin_app.forms.place_choice import chosen_place, place_field
from admin_app.listing.asked import Asked
from admin_app.listing.column import Beside, Column, tag, words
from admin_app.listing.filters import Choice, codes
from admin_app.listing.ids import number, rev, row_id
from admin_app.listing.page import Page, SortOrder
from admin_app.pages.place import place_page, title_of
from admin_app.pages.place_move import move_form, move_page
from admin_app.parts.declared import Verb
from admin_app.screen import OfficeView
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.database import OfficeSession
from models.place import Place
from models.scope import system_scope
from workflows.fields import CODE_LISTS, PLACE
from workflows.operations.place import PARENTS, change_place, close_place, make_place, reopen_place
from workflows.operations.place_move import move_place, what_moves
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.text import text

PATH = tuple(getattr(Place, f"{level}_code") for level in ("city", "county", "township", "school", "class"))
BY_GRADE = SortOrder(
    "grade", text("按学校、年级"), (*PATH[:4], -Place.cohort, Place.number, Place.id),
    ("city_code", "county_code", "township_code", "school_code", "cohort_falling", "number", "id"),
)  # fmt: skip
NAMES = ("city_code", "county_code", "township_code", "school_code", "class_code", "id")
MOST_BELOW = 300


def _name(place: Place, beside: Beside) -> dict[str, Any]:
    above = sum(code != "-" for code in place.level_codes.values()) - beside["top"]
    return {"kind": "text", "value": "　" * above + title_of(place, beside["schools"], beside["year"])}


def _choosing(row: Place) -> list[dict[str, Any]]:
    """Offer the choice of focus children in an open class to those who make it."""
    if row.kind != "class" or row.is_closed:
        return []
    if current_policy().post_for(current_actor(), P.CHILD_EDIT, row.level_codes) is None:
        return []
    return [{"label": _("重点帮扶"), "url": url_for("focus.show", class_code=row.code), "icon": "target-arrow"}]


class PlaceScreen(OfficeView):
    """The organisation tree."""

    row_class, key, path, title = Place, "places", "/places", text("组织机构")
    routes = {"move_view": "edit"}
    permissions = {"list": P.PLACE_READ, "read": P.PLACE_READ, "create": P.PLACE_MANAGE, "edit": P.PLACE_MANAGE}
    by_place = "school"
    search = text("名称、代码")
    new_label = text("新建单位")
    sort_orders = (SortOrder("tree", text("按层级"), (*PATH, Place.id), NAMES),)
    columns = (
        Column("name", text("名称"), _name, is_sticky=True, width=28),
        Column("kind", text("层级"), lambda place, _b: words(CODE_LISTS["place_kind"][place.kind])),
        Column("code", text("代码"), lambda place, _b: words(place.code)),
        Column("stage", text("学段"), lambda place, _b: words(CODE_LISTS["stage"].get(place.stage or ""))),
        Column("below", text("下属单位"), lambda place, b: {"kind": "number", "value": b["below"].get(place.id, 0)},
               align="right"),
        Column("phone", text("公布电话"), lambda place, _b: words(place.phone)),
        Column("state", text("状态"), lambda place, _b: tag("neutral", text("已撤并"), "ban") if place.is_closed
               else tag("ok", text("在用"))),
    )  # fmt: skip
    filters = (Choice("kind", text("层级"), codes("place_kind"), lambda kind: Place.kind == kind),)
    new_shape = Shape([(None, [PLACE[key] for key in ("kind", "name", "stage", "cohort", "number", "code", "phone")])],
                      required=("kind", "name", "code"))  # fmt: skip
    shape = Shape([(None, [PLACE[key] for key in ("name", "stage", "cohort", "number", "phone")])], required=("name",))
    verbs = (
        Verb("close", text("撤并"), P.PLACE_MANAGE, lambda n, r: perform(close_place, P.PLACE_MANAGE, n, r), "ban",
             "bad", (text("不再能选作单位，已有记录不变"), text("之后可以恢复")), lambda place: not place.is_closed),
        Verb("reopen", text("恢复"), P.PLACE_MANAGE, lambda n, r: perform(reopen_place, P.PLACE_MANAGE, n, r),
             "refresh", fits=lambda place: place.is_closed),
    )  # fmt: skip

    def matching(self, session: OfficeSession, statement: Select[Any], words: str) -> Any:
        """Find by a part of the name or the beginning of the code."""
        found = Place.name.contains(words, autoescape=True) | Place.code.startswith(words.upper(), autoescape=True)
        return statement.where(found), None

    def narrowed(self, session: OfficeSession, asked: Asked) -> Select[Any]:
        """Leave classes to their school's page unless they are asked for."""
        statement = super().narrowed(session, asked)
        if asked.filters["kind"] == "class":
            asked.settle(BY_GRADE)
        return statement if asked.filters["kind"] or asked.words else statement.where(Place.kind != "class")

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Count what lies below each place of the page."""
        ids = [place.id for place in page.rows]
        below = select(Place.parent_id, func.count()).where(Place.parent_id.in_(ids), Place.is_closed.is_(False))
        counts = dict(session.execute(below.group_by(Place.parent_id)).all())
        if asked is not None and asked.places is not None:
            asked.places.learn(session, [place.school_code for place in page.rows if place.kind == "class"], 0)
        schools = asked.places.names if asked is not None and asked.places else {}
        top = min((sum(code != "-" for code in place.level_codes.values()) for place in page.rows), default=1)
        return {"below": counts, "schools": schools, "year": school_year_shown(), "top": top}

    def detail(self, session: OfficeSession, row: Place) -> dict[str, Any]:
        """Show a place with its parent and what lies below it."""
        parent = session.get(Place, row.parent_id) if row.parent_id else None
        below = list(session.scalars(
            select(Place).where(Place.parent_id == row.id)
            .order_by(Place.is_closed, Place.cohort.desc(), Place.number, Place.code).limit(MOST_BELOW)
        ))  # fmt: skip
        add = self.address("create_view", parent=row.id) if self.allows("create") and not row.is_closed else None
        page = place_page(row, parent, below, school_year_shown(), add, self.row_url)
        actions = [*_choosing(row), *self.row_actions(row)]
        return page | {"actions": actions, "back_url": self.address("index_view")}

    def row_actions(self, row: Place) -> list[dict[str, Any]]:
        """Offer to put it below another parent as well."""
        move = {"label": _("划转"), "url": self.address("move_view", id=row.id), "icon": "arrows-exchange"}
        can_move = self.allows("edit") and row.parent_id is not None
        return [*([move] if can_move else []), *super().row_actions(row)]

    @expose("/move/", methods=("GET", "POST"))
    def move_view(self) -> Any:
        """Show what goes along to another parent, then put it there."""
        row = self.find(self.reading("edit"), row_id())
        form = move_form(place_field(_("新上级"), self.address("ajax_lookup")))
        status = 200
        if request.method == "POST":
            try:
                parent = chosen_place(form["place"], P.PLACE_MANAGE)
                perform_in(system_scope("place move"), current_actor(), move_place, row.id, rev(), parent.id,
                           form["reason"].data or "")  # fmt: skip
            except (Denied, Missing, Stale):
                raise
            except Refusal as refusal:
                at_fields = {key: fault for key, fault in refusal.faults.items() if key in form}
                show_faults(form, at_fields or {"place": refusal.message})
                status = 422
            else:
                flash(_("已划转到%(place)s。", place=parent.name), "ok")
                return redirect(self.address("details_view", id=row.id))
        page = move_page(row, self._above(row), what_moves(system_session(), row), form, self.after_row(row))
        return render_template("office/form.html", **page), status

    def _above(self, row: Place) -> str:
        parent = system_session().get(Place, row.parent_id) if row.parent_id else None
        return parent.name if parent is not None else ""

    def new_form(self, shape: Shape) -> Any:
        """Offer the level that usually comes below the parent."""
        return shape.form(start={"kind": {"city": "county", "county": "township", "township": "school"}.get(
            self._parent().kind, "class")})  # fmt: skip

    def make(self, shape: Shape, form: Any) -> str:
        """Make a place below the parent that the address names."""
        made = perform(make_place, P.PLACE_MANAGE, self._parent().id, shape.typed(form))
        return self.address("details_view", id=made.parent_id)

    def change(self, shape: Shape, form: Any, row: Place) -> str:
        """Change a place."""
        perform(change_place, P.PLACE_MANAGE, row.id, rev(), shape.typed(form))
        return self.address("details_view", id=row.id)

    def sections(self, shape: Shape, form: Any, row: Place | None) -> list[dict[str, Any]]:
        """Leave out what the kind of place does not have."""
        parent = self._parent() if row is None else row
        kinds = {kind for kind, above in PARENTS.items() if parent.kind in above} if row is None else {row.kind}
        for key, needed in (("stage", "school"), ("cohort", "class"), ("number", "class")):
            if needed not in kinds:
                del form[key]
        if row is None:
            offered = [(kind, say(CODE_LISTS["place_kind"][kind])) for kind in PARENTS if kind in kinds]
            form["kind"].choices = choices(offered)
        if kinds == {"class"}:
            del form["name"]
            form["cohort"].description = _("这批学生读一年级的年份，班级按它自动升级")
            if row is None:
                form["code"].description = _("留空自动编号")
                form["code"].flags.required = False
        drawn = [form[fact.key] for fact in shape.facts if fact.key in form]
        title = _("%(place)s 之下", place=parent.name) if row is None else ""
        return [{"title": title, "fields": drawn}]

    def _parent(self) -> Place:
        wanted = number(request.args.get("parent"))
        if wanted is None:
            wanted = self._first_root()
        parent: Place = self.find(read_session(P.PLACE_MANAGE), wanted)
        return parent

    def _first_root(self) -> int:
        from_posts = read_session(P.PLACE_MANAGE).info["scope"].branches
        codes_ = sorted(branch.code for branch in from_posts)
        found = system_session().scalars(select(Place.id).where(Place.code.in_(codes_)).order_by(Place.id)).first()
        return found or row_id("parent")
