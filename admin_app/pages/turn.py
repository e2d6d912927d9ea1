"""What the pages of the school year's turn show: the schools' state, one school's choices, the check, the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, may, now, read_session, system_session
from admin_app.listing.column import words
from admin_app.listing.ids import number
from admin_app.shell import present_term, term_label
from admin_app.wording import say, say_moment
from models.case import Case
from models.child import Child
from models.place import Place
from models.school_calendar import year_to_turn_to
from models.staff import Staff
from models.turn import SchoolTurn
from workflows.class_title import class_title, first_grade
from workflows.clock import local_day
from workflows.engine.published import workflow_version
from workflows.policy import Permission as P
from workflows.refusal import Missing
from workflows.text import Text, text
from workflows.turn_plan import ClassLine, TurnChoices, TurnPlan, plan_turn

MOST_SCHOOLS = 300
MOST_STAFF = 300
COUNTS = (
    ("graduated", text("毕业离校")), ("closed", text("毕业班结束")), ("classes", text("升级的班")),
    ("merged", text("并入别班的班")), ("moved", text("随班并入的儿童")), ("made", text("新建的班")),
    ("teachers", text("更换班主任")), ("posts_ended", text("结束的任职")), ("lapsed", text("按未完成结束的档案")),
)  # fmt: skip


def year_name(first_year: int) -> str:
    """Return a school year as people write it: 2026–2027."""
    return f"{first_year}–{first_year + 1}"


def year_due() -> int:
    """Return the school year into which schools step now."""
    return year_to_turn_to(system_session(), local_day(now()))


def index_page() -> dict[str, Any]:
    """Return the context of `turn/index.html`: what is to be done, school by school."""
    session, year = read_session(P.TURN_MANAGE), year_due()
    inside = session.info["scope"].row_condition(Place)
    found = select(Place).where(Place.kind == "school", ~Place.is_closed, inside)
    schools = session.scalars(found.order_by(Place.township_code, Place.name).limit(MOST_SCHOOLS + 1)).all()
    turned = select(SchoolTurn.school_id, SchoolTurn.done_at).where(SchoolTurn.first_year == year)
    done: dict[int, Any] = dict(session.execute(turned).all())
    shown, term = schools[:MOST_SCHOOLS], present_term()
    return {
        "year": year_name(year),
        "term": term_label(term) if term is not None else None,
        "is_over": term is not None and term.last_on < local_day(now()),
        "done": sum(school.id in done for school in shown),
        "wave_places": _wave_places(session) if may(P.WAVE_OPEN) else [],
        "columns": [
            {"key": "name", "label": _("学校"), "is_sticky": True},
            {"key": "turn", "label": _("学年更替")},
            {"key": "when", "label": _("办理时间")},
            {"key": "wave", "label": _("本学期摸底")},
        ],
        "rows": [_school_row(school, done.get(school.id)) for school in shown],
        "more": len(schools) > MOST_SCHOOLS,
    }


def _wave_places(session: Session) -> list[dict[str, str]]:
    ids = {post.place_id for post in current_actor().posts if current_policy().allows(post.role, P.WAVE_OPEN)}
    places = session.scalars(select(Place).where(Place.id.in_(ids), Place.kind != "class").order_by(Place.name))
    return [{"name": place.name, "url": url_for("turns.wave", place=place.code)} for place in places]


def _school_row(school: Place, done_at: Any) -> dict[str, Any]:
    url = url_for("turns.school", school=school.code)
    state = {"kind": "tag", "tag_kind": "ok" if done_at else "warn", "icon": "check" if done_at else "clock",
             "value": _("已办") if done_at else _("未办")}  # fmt: skip
    wave = {"kind": "link", "value": _("查看"), "url": url_for("turns.wave", place=school.code)}
    when = words(say_moment(done_at) if done_at else None)
    return {"id": str(school.id), "url": url, "cells": [words(school.name), state, when, wave]}


def find_plan(code: str) -> TurnPlan:
    """Return the plan of a school by its code; raises Missing outside the person's scope."""
    session = read_session(P.TURN_MANAGE)
    inside = session.info["scope"].row_condition(Place)
    wanted = select(Place).where(Place.code == code, Place.kind == "school", ~Place.is_closed, inside)
    school = session.scalars(wanted).one_or_none()
    if school is None:
        raise Missing("no_school", text("没有这所学校，或不在你的范围内"))
    return plan_turn(session, school, year_due(), local_day(now()))


def read_choices(plan: TurnPlan, form: Mapping[str, str]) -> TurnChoices:
    """Read what was chosen for a school's classes; what names no class of the plan is passed over."""
    ids = [line.place.id for line in plan.classes]
    written = form.get("new_classes", "").strip()
    count = int(written) if written.isascii() and written.isdigit() and len(written) < 4 else (-1 if written else 0)
    return TurnChoices(
        new_classes=count,
        destinations={i: form[f"to-{i}"].strip() for i in ids if form.get(f"to-{i}", "").strip()},
        merges=_numbers(form, "merge", ids),
        teachers=_numbers(form, "teacher", ids),
        new_teachers=_numbers(form, "new-teacher", range(1, max(count, 0) + 1)),
    )


def _numbers(form: Mapping[str, str], name: str, keys: Sequence[int]) -> dict[int, int]:
    found = {key: number(form.get(f"{name}-{key}")) for key in keys}
    return {key: chosen for key, chosen in found.items() if chosen}


def turn_steps(current: int) -> list[dict[str, str]]:
    """Return the step bar; `current` from 1, 4 when all is done."""
    labels = (_("选择"), _("核对"), _("完成"))
    return [
        {"label": label, "state": "done" if n < current else ("current" if n == current else "todo")}
        for n, label in enumerate(labels, start=1)
    ]


def choices_page(
    plan: TurnPlan, choices: TurnChoices, faults: Mapping[str, Text] | None = None, written: str | None = None
) -> dict[str, Any]:
    """Return the context of `turn/school.html`: every class now and next, and what can be chosen for it.

    `written` is what stood in the box for the number of new classes, a number or not.
    """
    staff = _staff(plan) if _may_appoint(plan) else []
    going = [line for line in plan.classes if line.goes_on]
    return {
        **_common(plan),
        "steps": turn_steps(1),
        "faults": {key: say(fault) for key, fault in (faults or {}).items()},
        "obstacles": _obstacles(plan),
        "leaving": [
            _line(plan, line) | {"destination": choices.destinations.get(line.place.id, "")}
            for line in plan.classes
            if line.leaves
        ],
        "going": [
            _line(plan, line)
            | {
                "merge": choices.merges.get(line.place.id),
                "targets": [(other.place.id, other.next_title) for other in going
                            if other.place.cohort == line.place.cohort and other.place.id != line.place.id],
                "teacher": choices.teachers.get(line.place.id),
            }
            for line in going
        ],
        "waiting": [_line(plan, line) for line in plan.classes if line.stays_out],
        "staff": staff,
        "entry": _entry(plan),
        "new_classes": choices.new_classes if written is None else written[:20],
    }  # fmt: skip


def _common(plan: TurnPlan) -> dict[str, Any]:
    return {
        "school": plan.school.name,
        "code": plan.school.code,
        "year": year_name(plan.first_year),
        "year_before": year_name(plan.first_year - 1),
        "mark": plan.mark,
        "may_appoint": _may_appoint(plan),
    }


def _may_appoint(plan: TurnPlan) -> bool:
    return current_policy().post_for(current_actor(), P.STAFF_APPOINT, plan.school.level_codes) is not None


def _staff(plan: TurnPlan) -> list[tuple[int, str]]:
    session = read_session(P.TURN_MANAGE)
    wanted = select(Staff.id, Staff.name).where(Staff.school_code == plan.school.code, Staff.is_active)
    return [(key, name) for key, name in session.execute(wanted.order_by(Staff.name_key, Staff.id).limit(MOST_STAFF))]


def _line(plan: TurnPlan, line: ClassLine) -> dict[str, Any]:
    return {
        "id": line.place.id,
        "title": line.title,
        "next": line.next_title,
        "children": line.children,
        "teachers": str(_("、")).join(plan.names.get(post.staff_id, "") for post in line.teachers),
    }


def _entry(plan: TurnPlan) -> str:
    grade = first_grade(plan.school.stage)
    return class_title(plan.first_year - grade + 1, 1, plan.first_year, plan.school.stage)


def _obstacles(plan: TurnPlan) -> list[dict[str, Any]]:
    session = read_session(P.TURN_MANAGE)
    ids = {case.child_id for case in plan.obstacles if case.child_id}
    names = dict(session.execute(select(Child.id, Child.name).where(Child.id.in_(ids))).all())
    titles = {line.place.code: line.title for line in plan.classes}
    return [_obstacle(session, case, names, titles) for case in plan.obstacles]


def _obstacle(session: Session, case: Case, names: Mapping[int, str], titles: Mapping[str, str]) -> dict[str, Any]:
    workflow = workflow_version(session, case.definition_id).workflow
    return {
        "number": case.number,
        "url": url_for("cases.show", number=case.number) if may(P.CASE_READ) else None,
        "title": say(workflow.title),
        "child": names.get(case.child_id or 0),
        "class": titles.get(case.class_code, ""),
        "state": say(workflow.states[case.state].label),
    }


def check_page(plan: TurnPlan, choices: TurnChoices) -> dict[str, Any]:
    """Return the context of `turn/check.html`: what will happen, line by line, and what is carried along unseen."""
    titles = {line.place.id: line.next_title for line in plan.classes}
    staff = dict(_staff(plan)) if _may_appoint(plan) else {}
    leaving = [line for line in plan.classes if line.leaves]
    going = [line for line in plan.classes if line.goes_on]
    merged = [line for line in going if line.place.id in choices.merges]
    return {
        **_common(plan),
        "steps": turn_steps(2),
        "figures": [
            (_("毕业离校"), sum(line.children for line in leaving), _("人")),
            (_("升级的班"), len(going) - len(merged), _("个")),
            (_("并入别班的班"), len(merged), _("个")),
            (_("新建的班"), len(_new_numbers(plan, choices)), _("个")),
        ],
        "leaving": [(line.title, line.children, choices.destinations.get(line.place.id)) for line in leaving],
        "merged": [(line.title, line.children, titles[choices.merges[line.place.id]]) for line in merged],
        "going": [
            (line.title, line.next_title, _children_then(plan, line, choices), _teacher(plan, line, choices, staff))
            for line in going
            if line.place.id not in choices.merges
        ],
        "made": [
            {"number": n, "title": _entry_title(plan, n), "teacher": choices.new_teachers.get(n)}
            for n in _new_numbers(plan, choices)
        ],
        "staff": list(staff.items()),
        "hidden": _hidden(choices),
    }


def _children_then(plan: TurnPlan, line: ClassLine, choices: TurnChoices) -> int:
    """Return how many children a class has once those of the classes merged into it are with it."""
    joining = [other.children for other in plan.classes if choices.merges.get(other.place.id) == line.place.id]
    return line.children + sum(joining)


def _new_numbers(plan: TurnPlan, choices: TurnChoices) -> list[int]:
    there = {line.place.number for line in plan.classes if line.place.cohort == plan.entry_cohort}
    return [n for n in range(1, choices.new_classes + 1) if n not in there]


def _entry_title(plan: TurnPlan, number_: int) -> str:
    return class_title(plan.entry_cohort, number_, plan.first_year, plan.school.stage)


def _teacher(plan: TurnPlan, line: ClassLine, choices: TurnChoices, staff: Mapping[int, str]) -> tuple[str, bool]:
    """Return who will be the class teacher, and whether that is somebody new."""
    chosen = choices.teachers.get(line.place.id)
    present = [post.staff_id for post in line.teachers]
    if chosen is not None and present != [chosen]:
        return staff.get(chosen, ""), True
    return str(_("、")).join(plan.names.get(key, "") for key in present), False


def _hidden(choices: TurnChoices) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = [("new_classes", choices.new_classes)]
    pairs += [(f"to-{key}", value) for key, value in choices.destinations.items()]
    pairs += [(f"merge-{key}", value) for key, value in choices.merges.items()]
    pairs += [(f"teacher-{key}", value) for key, value in choices.teachers.items()]
    return pairs


def done_page(plan: TurnPlan) -> dict[str, Any]:
    """Return the context of `turn/done.html` for a school that has turned."""
    assert plan.done is not None
    counts = plan.done.counts
    return {
        **_common(plan),
        "steps": turn_steps(4),
        "when": say_moment(plan.done.done_at),
        "figures": [(say(label), counts.get(key, 0)) for key, label in COUNTS if counts.get(key, 0)],
        "classes": [_line(plan, line) for line in plan.classes],
        "wave_url": _wave_url(plan.school),
    }


def _wave_url(school: Place) -> str | None:
    """Return where this term's wave is opened, None in the holidays."""
    term = present_term()
    if term is None or term.last_on < local_day(now()) or not may(P.WAVE_OPEN):
        return None
    return url_for("turns.wave", place=school.code)
