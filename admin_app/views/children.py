"""The roll of children: list, sheet, a child's page, its form, and protected values one by one with a reason."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, exists, inspect, select
from sqlalchemy.orm import Bundle, aliased, load_only

from admin_app.desk import current_actor, current_policy, may, now, perform, read_session, record_read, system_session
from admin_app.forms.fact_form import Shape
from admin_app.listing.asked import Asked
from admin_app.listing.column import Beside, Cell, Column, words
from admin_app.listing.filters import Choice, codes
from admin_app.listing.ids import number, rev, row_id
from admin_app.listing.page import Page, SortOrder
from admin_app.pages.case import state_tag
from admin_app.pages.child import ChildView, age_on, child_page, classes_shown, code_word
from admin_app.pages.child_changes import changes_of
from admin_app.pages.class_move import move_actions
from admin_app.parts.child_cases import TABS as CASE_TABS
from admin_app.parts.child_cases import case_part
from admin_app.parts.records import may_see_records, record_part, write_links
from admin_app.screen import OfficeView
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.case import Case
from models.child import Child, NameGram, Relative
from models.database import OfficeSession
from models.reports.helping import is_paired, without_guardian, without_proxy_parent
from models.scope import LEVELS
from models.search import LONGEST_GRAM, folded
from models.vault import DataKey, learn_keys, vault_of
from workflows.audit import Happening
from workflows.clock import local_day
from workflows.engine.definition import Workflow
from workflows.engine.published import workflow_in_force
from workflows.fields import CHILD, CODE_LISTS, RELATIVE, visible
from workflows.mask import mask_phone, masked
from workflows.operations.child import CHANGEABLE, change_child, reveal_value
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import Text, text

IDENTIFICATION = "identification"
Guardian = aliased(Relative, name="guardian")
# An alias adapts a column when it is first named. Threads that name it at the same moment can leave it unadapted for
# good, and every later page fails: all are named here, while nobody else is.
GUARDIAN_COLUMNS = tuple(getattr(Guardian, column.key).expression for column in inspect(Relative).column_attrs)
# A page of rows is read, not changed: values by name cost a third of what whole objects do.
LISTED = Bundle[Any](
    "child",
    Child.id,
    Child.name,
    Child.name_key,
    Child.sex,
    Child.birth_on,
    Child.care_situation,
    Child.risk,
    *(getattr(Child, f"{level}_code") for level in LEVELS),
)
KEY = Bundle[Any]("key", DataKey.id, DataKey.wrapped_by, DataKey.wrapped)
LISTED_GUARDIAN = load_only(Guardian.name, Guardian.relation, Guardian.phone_sealed, Guardian.child_id)
TABS = ("overview", "care", "card", "records", "changes", *CASE_TABS)
PATH = tuple(f"{level}_code" for level in LEVELS)
BY_GRAM = SortOrder(
    "found", text("按单位"), (*(getattr(NameGram, name) for name in PATH), NameGram.child_id), (*PATH, "id")
)


def _case_of(column: Any) -> Any:
    """Return the latest identification case's column of each child of the page."""
    latest = select(column).where(Case.child_id == Child.id, Case.workflow == IDENTIFICATION)
    return latest.order_by(Case.id.desc()).limit(1).correlate(Child).scalar_subquery()


def _states() -> list[tuple[str, str]]:
    return [(key, say(state.label)) for key, state in _workflow().states.items()]


def _workflow() -> Workflow:
    """Return the identification workflow in force, asked for once a request."""
    if "identification" not in g:
        g.identification = workflow_in_force(system_session(), IDENTIFICATION).workflow
    workflow: Workflow = g.identification
    return workflow


def _in_state(state: str) -> Any:
    return exists().where(Case.child_id == Child.id, Case.workflow == IDENTIFICATION, Case.state == state)


HELPED: dict[str, tuple[Text, ColumnElement[bool]]] = {
    "focus": (text("重点帮扶"), Child.is_focus.is_(True)),
    "focus_alone": (text("重点、未结对"), and_(Child.is_focus, ~is_paired())),
    "no_guardian": (text("无人监护"), without_guardian()),
    "no_proxy": (text("无人监护、缺代理家长"), without_proxy_parent()),
}


def _helped() -> list[tuple[str, str]]:
    return [(key, say(label)) for key, (label, _condition) in HELPED.items()]


def _guardian(child: Child, beside: Beside) -> Cell:
    guardian = beside["guardians"].get(child.id)
    if guardian is None:
        return words(None)
    return words(f"{guardian.name} {code_word(RELATIVE['relation'], guardian.relation)}".strip())


def _phone(child: Child, beside: Beside) -> Cell:
    guardian = beside["guardians"].get(child.id)
    phone = guardian.phone if guardian is not None else None
    return words(mask_phone(phone)) if phone else {"kind": "empty", "value": _("无电话")}


def _risk(child: Child, beside: Beside) -> Cell:
    return {"kind": "risk", "level": child.risk, "value": say(CODE_LISTS["risk"][child.risk])}


def _state(child: Child, beside: Beside) -> Cell:
    state = beside["states"].get(child.id)
    if state is None:
        return {"kind": "empty", "value": _("未排查")}
    return {"kind": "tag", "value": beside["words"].get(state, {}).get("word", state),
            "tag_kind": beside["words"].get(state, {}).get("kind", "neutral")}  # fmt: skip


class ChildScreen(OfficeView):
    """Children on file."""

    row_class, key, path, title = Child, "children", "/children", text("儿童名册")
    permissions = {"list": P.CHILD_LIST, "read": P.CHILD_READ, "edit": P.CHILD_EDIT, "export": P.CHILD_EXPORT,
                   "reveal": P.CHILD_REVEAL}  # fmt: skip
    routes = {"reveal_view": "reveal"}
    by_place = "class"
    search = text("姓名、拼音、首字母")
    sort_orders = (
        SortOrder("roll", text("按班级、姓名"), (Child.school_code, Child.class_code, Child.name_key, Child.id),
                  ("school_code", "class_code", "name_key", "id")),
        SortOrder("new", text("新登记的在前"), (Child.id,), ("id",), descending=True),
    )  # fmt: skip
    columns = (
        Column("name", text("姓名"), lambda child, _b: words(child.name), is_sticky=True),
        Column("sex", text("性别"), lambda child, _b: words(CODE_LISTS["sex"].get(child.sex or "")), width=6),
        Column("age", text("年龄"), lambda child, b: words(age_on(child.birth_on, b["day"])), align="right", width=6),
        Column("school", text("学校"), lambda child, b: words(b["place"](child.school_code)), width=24),
        Column("class", text("班级"), lambda child, b: words(b["place"](child.class_code))),
        Column("care", text("监护类型"), lambda child, _b: words(
            CODE_LISTS["care_situation"].get(child.care_situation or ""))),
        Column("guardian", text("监护人"), _guardian, width=18),
        Column("phone", text("监护人电话"), _phone, width=18),
        Column("risk", text("风险"), _risk, width=8),
        Column("state", text("摸底排查"), _state),
    )  # fmt: skip
    filters = (
        Choice("care", text("监护类型"), codes("care_situation"), lambda code: Child.care_situation == code),
        Choice("risk", text("风险"), codes("risk"), lambda code: Child.risk == code),
        Choice("state", text("摸底排查"), _states, _in_state),
        Choice("help", text("帮扶"), _helped, lambda asked: HELPED[asked][1]),
        Choice("status", text("在册状态"), codes("child_status"), lambda code: Child.status == code),
    )

    def statement(self, session: OfficeSession) -> Select[Any]:
        """Select each child with the guardian, the key that opens the guardian's phone, and the case's state."""
        return (
            select(Child, Guardian, DataKey, _case_of(Case.state).label("state"))
            .select_from(Child)
            .outerjoin(Guardian, and_(Guardian.child_id == Child.id, Guardian.slot == "guardian"))
            .outerjoin(DataKey, DataKey.id == Child.id)
        )

    def narrowed(self, session: OfficeSession, asked: Asked) -> Select[Any]:
        """Show children on file unless others are asked for."""
        statement = (
            super()
            .narrowed(session, asked)
            .with_only_columns(LISTED, Guardian, KEY, _case_of(Case.state).label("state"))
        )
        statement = statement.options(LISTED_GUARDIAN)
        return statement if asked.filters["status"] else statement.where(Child.status == "on_file")

    def matching(self, session: OfficeSession, statement: Select[Any], words: str) -> Any:
        """Find by a part of the name, its readings or initials, in the order of the gram table."""
        gram = folded(words)[:LONGEST_GRAM]
        scope = session.info["scope"]
        inside = [] if scope.system is not None else [scope.row_condition(NameGram)]
        return statement.join(NameGram, NameGram.child_id == Child.id).where(NameGram.gram == gram, *inside), BY_GRAM

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Open the page's keys and name its places; everything else came with the rows."""
        vault = vault_of(session)
        for record in page.records:
            if record.key.id is not None:
                vault.learn(record.key)
        codes_ = {code for child in page.rows for code in (child.school_code, child.class_code)}
        if asked is not None and asked.places is not None:
            asked.places.learn(session, codes_, school_year_shown())
        workflow = _workflow()
        return {
            "guardians": {record[0].id: record[1] for record in page.records if record[1] is not None},
            "states": {record[0].id: record[3] for record in page.records},
            "words": {key: state_tag(workflow, key) for key in workflow.states},
            "place": asked.places.name if asked is not None and asked.places else str,
            "day": local_day(now()),
        }

    def views(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer the usual questions as tabs."""
        tabs: list[tuple[str, dict[str, str]]] = [(_("全部在册"), {}), (_("高风险"), {"risk": "high"})]
        tabs += [(_("中风险"), {"risk": "medium"}), (_("重点帮扶"), {"help": "focus"})]
        tabs.append((_("已离校"), {"status": "left"}))
        applied = {key: value for key, value in asked.filters.items() if value}
        return [
            {
                "label": label,
                "url": self.address("index_view", **only),
                "is_current": applied == only and not asked.words,
            }
            for label, only in tabs
        ]

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer the contact cards of the class that is listed, or of the one class that the person teaches."""
        posts = (post for post in current_actor().posts if post.reaches and post.branch.level == "class")
        taught = {post.branch.code for post in posts if current_policy().allows(post.role, P.CHILD_READ)}
        chosen = asked.places.chosen.get("class") if asked.places is not None else None
        code = chosen or (taught.pop() if len(taught) == 1 else None)
        if code is None:
            return super().list_actions(asked)
        cards = {"label": _("全班联系卡"), "url": url_for("papers.class_cards", class_code=code), "icon": "printer"}
        return [cards, *super().list_actions(asked)]

    def detail(self, session: OfficeSession, row: Child) -> dict[str, Any]:
        """Show a child; opening the page is on record before the answer leaves."""
        tab = request.args.get("tab", "overview")
        view = self._view(session, row, tab if tab in TABS else "overview")
        page = child_page(view)
        page["actions"] += move_actions(row)
        self._read(row, {"tab": view.tab, "classes": classes_shown(view)})
        return page

    def _view(self, session: OfficeSession, row: Child, tab: str) -> ChildView:
        learn_keys(session, [row.id])
        actor, policy, codes_ = current_actor(), current_policy(), row.level_codes
        places = self.asked(session).places
        if places is not None:
            places.learn(system_session(), [row.school_code, row.class_code], school_year_shown())
        sees, sees_changes = policy.sees(actor, codes_), may(P.CHILD_CHANGES)
        if tab == "changes" and not sees_changes:
            raise Denied("not_permitted", text("你的岗位不能查看这一页"))
        sees_records = may_see_records(row)
        if tab == "records" and not sees_records:
            raise Denied("not_permitted", text("你的岗位不能查看这一页"))
        helping = case_part(row, tab)
        if tab in CASE_TABS and not helping.may_see:
            raise Denied("not_permitted", text("你的岗位不能查看这一页"))
        if tab == "plan" and not helping.counts["plan"]:
            tab = "overview"  # a closed circle's tab is not there for others
        trail = changes_of(read_session(P.CHILD_CHANGES, kind="audit"), row.id, sees) if tab == "changes" else ()
        return ChildView(
            child=row,
            relatives=list(session.scalars(
                select(Relative).where(Relative.child_id == row.id).order_by(Relative.call_order, Relative.id)
            )),
            school=places.name(row.school_code) if places else "",
            class_name=places.name(row.class_code) if places else "",
            tab=tab,
            sees=sees,
            may_edit=policy.post_for(actor, P.CHILD_EDIT, codes_) is not None,
            may_reveal=policy.post_for(actor, P.CHILD_REVEAL, codes_) is not None,
            may_see_changes=sees_changes,
            today=local_day(now()),
            case=_case_fact(session, row),
            changes=trail,
            records=record_part(row) if tab == "records" else None,
            may_see_records=sees_records,
            writes=write_links(row),
            helping=helping,
        )  # fmt: skip

    def _read(self, row: Child, facts: dict[str, Any]) -> None:
        post = current_policy().post_for(current_actor(), P.CHILD_READ, row.level_codes)
        record_read(Happening("child.read", "child", row.id, row.level_codes, row.id, facts=facts,
                              role=post.role if post else None, grant=post.grant if post else None))  # fmt: skip

    @expose("/reveal/", methods=("GET", "POST"))
    def reveal_view(self) -> Any:
        """Ask why a protected value is needed, then show it; the reason is on record before the value leaves."""
        row = self.find(self.reading("reveal"), row_id())
        learn_keys(self.reading("reveal"), [row.id])
        relative_id = number(request.args.get("relative"))
        relative = self.reading("reveal").get(Relative, relative_id) if relative_id else None
        if relative is not None and relative.child_id != row.id:
            raise Missing("not_found", text("没有这条记录"))
        field = request.args.get("field", "")
        fact = (CHILD if relative is None else RELATIVE).get(field)
        if fact is None or fact.protection != "P2" or (relative_id and relative is None):
            raise Missing("not_found", text("没有这条记录"))
        reveal: dict[str, Any] = {
            "subject": row.name if relative is None else f"{row.name} · {relative.name}",
            "label": say(fact.label),
            "masked": masked(fact, getattr(relative or row, field)),
            "action": request.full_path,
            "back_url": self.address("details_view", id=row.id),
            "reasons": [_("电话联系家长"), _("核对身份信息"), _("家访"), _("紧急情况")],
        }
        if request.method == "POST":
            reason = " ".join(filter(None, (request.form.get("reason_choice"), request.form.get("reason"))))
            try:
                reveal["value"] = perform(reveal_value, P.CHILD_REVEAL, row.id, field, reason, relative_id)
            except (Denied, Missing):
                raise
            except Refusal as refusal:
                reveal["error"] = say(refusal.message)
        return render_template("office/reveal.html", reveal=reveal), 422 if "error" in reveal else 200

    def change_form(self, shape: Shape, row: Child) -> Any:
        """Open the child's key and return the form."""
        learn_keys(self.reading("edit"), [row.id])
        return shape.form(row)

    def change(self, shape: Shape, form: Any, row: Child) -> str:
        """Change a child."""
        perform(change_child, P.CHILD_EDIT, row.id, rev(), shape.typed(form))
        return self.address("details_view", id=row.id)

    def shape_for(self, row: Child) -> Shape:
        """Leave out the fields above the person's field class on this child."""
        return _shape(current_policy().sees(current_actor(), row.level_codes))

    def opened(self, row: Child) -> None:
        """Put on record that the form was opened, with the classes that stand in it in clear."""
        sees = current_policy().sees(current_actor(), row.level_codes)
        self._read(row, {"tab": "edit", "classes": ["P0", "P1", *(["P3"] if sees >= "P3" else [])]})


def _shape(sees: str) -> Shape:
    groups = (
        (text("基本情况"), ("name", "sex", "id_number", "birth_on", "ethnicity", "student_number", "is_boarding",
                            "is_poor", "is_focus", "risk")),
        (text("家庭与监护"), ("care_situation", "absence_since", "parents_workplace", "village", "home_address",
                              "home_phone", "interests")),
        (text("性格、健康与备注"), ("character", "health", "note")),
    )  # fmt: skip
    sections = [(title, [CHANGEABLE[key] for key in keys if visible(CHANGEABLE[key].protection, sees)])
                for title, keys in groups]  # fmt: skip
    return Shape([section for section in sections if section[1]], required=("name", "sex"))


def _case_fact(session: OfficeSession, row: Child) -> dict[str, Any] | None:
    latest = select(Case.state).where(Case.child_id == row.id, Case.workflow == IDENTIFICATION)
    state = session.scalar(latest.order_by(Case.id.desc()).limit(1))
    if state is None:
        return None
    return {"tag": state_tag(_workflow(), state) | {"icon": None}}
