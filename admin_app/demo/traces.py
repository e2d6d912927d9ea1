"""Leaves what a year of daily work leaves in the trail: log-ins, pages read, numbers shown, changes, refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from admin_app.demo import names
from admin_app.demo.calendar import TermDates, moment, workdays
from admin_app.demo.cast import SchoolPlan
from admin_app.demo.filing import Pupil
from admin_app.demo.stage import Stage
from models.case import Case
from models.child import Child, Relative
from models.place import Place
from workflows.audit import Happening
from workflows.operations.account import log_in
from workflows.operations.child import change_child, change_relative, reveal_value
from workflows.policy import Permission
from workflows.refusal import Denied
from workflows.transaction import Transaction

REVEALS = (
    "联系家长，告知期中家访时间",
    "学生发热，通知监护人来接",
    "核对资助名单",
    "联系卡重新打印前核对电话",
    "监护人电话打不通，核对备用号码",
)
RISKS = (("medium", 4), ("high", 1), ("low", 1))
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
LARGER = "ZX"


def leave_traces(stage: Stage, plan: SchoolPlan, pupils: Sequence[Pupil], term: TermDates, last: date) -> None:
    """Plan a term's traces of one school, between the term's first week and its last day."""
    days = list(workdays(term.first_on + timedelta(days=5), last))
    size = max(1, len(pupils) // 12)
    _log_ins(stage, plan, pupils, days)
    _changes(stage, pupils, days, size)
    _reads(stage, plan, pupils, days, size)
    if plan.code == LARGER:
        _exports(stage, days, len(pupils))
        _refusals(stage, pupils, days)


def _at(stage: Stage, days: Sequence[date]) -> datetime:
    return moment(days[int(stage.rng.random() * len(days))], stage.rng)


def _log_ins(stage: Stage, plan: SchoolPlan, pupils: Sequence[Pupil], days: Sequence[date]) -> None:
    weekly = [plan.office, *(("chen", "meng", "cen", "tan") if plan.code == LARGER else ())]
    for login in weekly:
        for start in range(0, len(days), 8):
            _plan_log_in(stage, login, days[start : start + 8])
    seldom = sorted({pupil.teacher for pupil in pupils}) + (["feng", "aud", "nong"] if plan.code == LARGER else [])
    for login in seldom:
        for start in range(0, len(days), 35):
            _plan_log_in(stage, login, days[start : start + 35])


def _plan_log_in(stage: Stage, login: str, days: Sequence[date]) -> None:
    stage.plan(_at(stage, days), lambda at: stage.everywhere(login, at, _logged_in))


def _logged_in(tx: Transaction) -> None:
    """Tell of a log-in as the log-in does; its password is not known here."""
    codes = _own_codes(tx)
    tx.tell(Happening("account.logged_in", "staff", tx.actor.staff_id, codes=codes))


def _own_codes(tx: Transaction) -> dict[str, str]:
    from_post = tx.actor.posts[0]
    place = tx.session.scalars(select(Place).where(Place.id == from_post.place_id)).one()
    return place.level_codes


def _changes(stage: Stage, pupils: Sequence[Pupil], days: Sequence[date], size: int) -> None:
    for pupil in stage.rng.sample(list(pupils), min(size, len(pupils))):
        risk = names.weighted(stage.rng, RISKS)
        values = {"risk": risk} | ({"is_focus": "true"} if risk == "high" else {})
        _edit(stage, pupil, days, _change_child, values)
    for pupil in stage.rng.sample(list(pupils), min(size // 2 + 1, len(pupils))):
        _edit(stage, pupil, days, _change_guardian, {"phone": names.phone(stage.rng)})


def _edit(stage: Stage, pupil: Pupil, days: Sequence[date], operation: Callable[..., None], values: Any) -> None:
    login, child = pupil.teacher, pupil.child_id
    stage.plan(_at(stage, days), lambda at: stage.act(login, Permission.CHILD_EDIT, at, operation, child, values))


def _change_child(tx: Transaction, child_id: int, values: dict[str, str]) -> None:
    change_child(tx, child_id, tx.session.get_one(Child, child_id).rev, values)


def _change_guardian(tx: Transaction, child_id: int, values: dict[str, str]) -> None:
    guardian = select(Relative).where(Relative.child_id == child_id, Relative.slot == "guardian")
    if found := tx.session.scalars(guardian).first():
        change_relative(tx, found.id, found.rev, values)


def _reads(stage: Stage, plan: SchoolPlan, pupils: Sequence[Pupil], days: Sequence[date], size: int) -> None:
    readers: list[tuple[str | None, Permission, Callable[..., None]]] = [
        (None, Permission.CHILD_READ, _read_child),
        (None, Permission.CASE_READ, _read_case),
        (plan.office, Permission.CASE_READ, _read_case),
        (None, Permission.CHILD_REVEAL, _reveal),
    ]
    if plan.code == LARGER:
        readers += [("meng", Permission.CHILD_READ, _read_child), ("tan", Permission.CHILD_READ, _read_child)]
    for login, permission, operation in readers:
        for pupil in stage.rng.sample(list(pupils), min(size, len(pupils))):
            _plan_read(stage, login or pupil.teacher, permission, operation, pupil, days)


def _plan_read(
    stage: Stage, login: str, permission: Permission, operation: Callable[..., None], pupil: Pupil, days: Sequence[date]
) -> None:
    reason = names.one_of(stage.rng, REVEALS)
    stage.plan(_at(stage, days), lambda at: stage.act(login, permission, at, operation, pupil, reason))


def _read_child(tx: Transaction, pupil: Pupil, reason: str) -> None:
    child = tx.session.get_one(Child, pupil.child_id)
    tx.require(Permission.CHILD_READ, child.level_codes)
    facts = {"tab": "overview", "classes": ["P0", "P1"]}
    tx.tell(Happening("child.read", "child", child.id, child.level_codes, child.id, facts=facts))


def _read_case(tx: Transaction, pupil: Pupil, reason: str) -> None:
    case = tx.session.scalars(select(Case).where(Case.number == pupil.case)).one()
    tx.require(Permission.CASE_READ, case.level_codes)
    classes = ["P0", "P1", tx.policy.sees(tx.actor, case.level_codes)]
    facts = {"number": case.number, "classes": classes}
    tx.tell(Happening("case.read", "case", case.id, case.level_codes, case.child_id, case.id, facts=facts))


def _reveal(tx: Transaction, pupil: Pupil, reason: str) -> None:
    guardian = select(Relative.id).where(Relative.child_id == pupil.child_id, Relative.slot == "guardian")
    reveal_value(tx, pupil.child_id, "phone", reason, tx.session.scalars(guardian).one())


def _exports(stage: Stage, days: Sequence[date], rows: int) -> None:
    for login in ("cen", "chen"):
        at = _at(stage, days[len(days) // 2 :] or days)
        stage.plan(at, lambda at, login=login: stage.act(login, Permission.CHILD_EXPORT, at, _export, rows))  # type: ignore[misc]


def _export(tx: Transaction, rows: int) -> None:
    tx.require(Permission.CHILD_EXPORT)
    digest = sha256(f"{tx.actor.login}:{tx.now}".encode()).hexdigest()
    grants = [post.grant for post in tx.actor.posts]
    facts = {"screen": "children", "rows": rows, "sha256": digest, "filters": {}, "grants": grants, "places": {}}
    tx.tell(Happening("children.exported", "children", codes=_own_codes(tx), facts=facts))


def _refusals(stage: Stage, pupils: Sequence[Pupil], days: Sequence[date]) -> None:
    for login in ("shi", "bai"):
        pupil = names.one_of(stage.rng, pupils)
        stage.plan(_at(stage, days), lambda at, login=login, p=pupil: _try(stage, login, p, at))  # type: ignore[misc]
    login = stage.rng.choice(("zhou", "qin", "liang"))
    stage.plan(_at(stage, days), lambda at: stage.everywhere(login, at, log_in, login, "wrong password", BROWSER))


def _try(stage: Stage, login: str, pupil: Pupil, at: datetime) -> None:
    """Let somebody ask for a child outside their places, and put the refusal on record as the screens do."""
    codes = stage.places[LARGER].level_codes
    try:
        stage.policy.require(stage.people[login], Permission.CHILD_READ, codes)
    except Denied as refusal:
        facts = {
            "code": refusal.code,
            "permission": str(Permission.CHILD_READ),
            "path": f"/children/details/{pupil.child_id}",
        }
        stage.everywhere(login, at, _refused, facts)


def _refused(tx: Transaction, facts: dict[str, str]) -> None:
    tx.tell(Happening("access.denied", "screen", codes=_own_codes(tx), facts=facts, outcome="refused"))
