"""Plays a term's identification: registers come in, class teachers complete the files, the office files them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.demo import names
from admin_app.demo.calendar import moment, soon_after, start_of, workdays
from admin_app.demo.cast import SchoolPlan
from admin_app.demo.stage import Stage
from models.case import Case
from models.child import Child
from workflows.engine.published import form_in_force
from workflows.fields import stored
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import open_case
from workflows.operations.roster import find_school, import_roster
from workflows.policy import Permission
from workflows.roster.report import RosterReport
from workflows.roster.row import RosterRow
from workflows.subjects import ChildSubject, load_child
from workflows.transaction import Transaction

FORM = "child_file"
WORKFLOW = "identification"
CHARACTERS = (
    "活泼好动，爱说话", "内向，不爱与人说话", "懂事，能照顾弟妹", "胆小，依赖性强", "开朗，朋友多", "倔强，好胜心强",
    "做事认真，有些敏感", "热心，爱帮助同学", "安静，喜欢独处", "自尊心强，受批评易哭",
)  # fmt: skip
INTERESTS = ("画画", "篮球", "唱歌", "看书", "跳绳", "乒乓球", "下棋", "手工", "讲故事", "养小动物", "跑步", "写毛笔字")
HEALTH = (
    ("良好", 78),
    ("偏瘦，挑食", 8),
    ("近视，已配镜", 7),
    ("轻度贫血", 3),
    ("对花生过敏", 2),
    ("哮喘，随身带药", 2),
)
DISCIPLINE = (
    "以说教为主",
    "管得较松",
    "比较严厉，有时责骂",
    "耐心，能讲道理",
    "溺爱，有求必应",
    "只管吃穿，学习管不了",
)
SENT_BACK = (
    "监护人电话打不通，请核实后重填", "外出起始日期与去年记录不一致", "家庭住址缺组别和门牌",
    "健康状况写得太简单，请写明有无过敏", "父母务工地不清，请与家长核对", "监护人与儿童关系填错，应为外祖母",
)  # fmt: skip
TAKEN_OFF = (
    ("parents_returned", "父母返乡，在县城就近务工，每晚回家"),
    ("moved_with_parents", "随父母到务工地就读，转学手续已办"),
)
RETURN_RATE = 0.06


@dataclass(frozen=True)
class Pupil:
    """A child on file as the play knows it: identifier, class teacher's login, number of this term's case, class."""

    child_id: int
    teacher: str
    case: str
    code: str = ""


@dataclass
class Wave:
    """One school's identification in one term, between two days."""

    stage: Stage
    plan: SchoolPlan
    first: date
    last: date

    def file(self, pupils: Sequence[Pupil]) -> None:
        """Complete and file these children's cases; a few are sent back once on the way."""
        for pupil in pupils:
            at = self._complete(pupil, self._moment())
            if self.stage.rng.random() < RETURN_RATE:
                at = self._complete(pupil, self._next(self._send_back(pupil, at)))
            self.stage.plan(self._next(at), self._by_office(pupil, Request("file")))

    def confirm(self, pupils: Sequence[Pupil]) -> None:
        """Complete these children's cases and leave them with the office."""
        for pupil in pupils:
            self._complete(pupil, self._moment())

    def send_back(self, pupils: Sequence[Pupil]) -> None:
        """Complete these children's cases and have the office send them back."""
        for pupil in pupils:
            self._send_back(pupil, self._complete(pupil, self._moment()))

    def take_off(self, pupils: Sequence[Pupil]) -> None:
        """Have the office take these children off the list."""
        for pupil, (cause, reason) in zip(pupils, TAKEN_OFF, strict=False):
            answers = {"cause": cause, "ended_on": self.first.isoformat(), "reason": reason}
            self.stage.plan(self._moment(), self._by_office(pupil, Request("not_left_behind", answers=answers)))

    def _complete(self, pupil: Pupil, at: datetime) -> datetime:
        stage = self.stage
        stage.plan(at, lambda at: stage.act(pupil.teacher, Permission.CASE_ACT, at, complete, stage.rng, pupil))
        return at

    def _send_back(self, pupil: Pupil, completed: datetime) -> datetime:
        at = self._next(completed)
        reason = {"reason": names.one_of(self.stage.rng, SENT_BACK)}
        self.stage.plan(at, self._by_office(pupil, Request("send_back", answers=reason)))
        return at

    def _by_office(self, pupil: Pupil, request: Request) -> Any:
        stage, login = self.stage, self.plan.office
        return lambda at: stage.act(login, Permission.CASE_ACT, at, act_on_case, pupil.case, request)

    def _moment(self) -> datetime:
        days = list(workdays(self.first, self.last)) or [self.first]
        return moment(names.one_of(self.stage.rng, days), self.stage.rng, 8, 16)

    def _next(self, at: datetime) -> datetime:
        return soon_after(at, self.stage.rng, start_of(self.last + timedelta(days=1)))


def complete(tx: Transaction, rng: Random, pupil: Pupil) -> None:
    """Submit a child's file: what is known stands, what is missing is filled in."""
    subject = load_child(tx.session, pupil.child_id)
    assert subject is not None
    facts = {name: stored(value) for name, value in subject.facts().items()}
    answers = file_answers(tx.session, rng, facts)
    act_on_case(tx, pupil.case, Request("complete", answers=answers))


def file_answers(session: Session, rng: Random, facts: Mapping[str, str | None]) -> dict[str, object]:
    """Return answers to a child's file from what is known, with the five facts made clear."""
    form = form_in_force(session, FORM).form
    known: dict[str, object] = {f.key: facts[f.bind] for f in form.fields if f.bind and facts.get(f.bind)}
    fresh: dict[str, object] = {
        "character": names.one_of(rng, CHARACTERS),
        "interests": "、".join(rng.sample(INTERESTS, 2)),
        "health": names.weighted(rng, HEALTH),
        "guardian_discipline": names.one_of(rng, DISCIPLINE),
        "is_boarding": "false",
        "call_first": "guardian",
        "five_facts": ["basics", "character", "interests", "health", "contacts"],
    }
    return fresh | known


def take_register(tx: Transaction, plan: SchoolPlan, rows: Sequence[RosterRow]) -> dict[int, tuple[str, str]]:
    """Import a school's register; returns for each child the class's code and the case's number."""
    report = RosterReport(f"{plan.code}-{tx.today:%Y%m}.xlsx", rows=len(rows), accepted=list(rows))
    batch = import_roster(tx, find_school(tx.session, plan.code), report, digest=f"demo-{plan.code}-{tx.today}").batch
    tx.session.flush()
    found = tx.session.execute(select(Case.subject_id, Case.class_code, Case.number).where(Case.batch_id == batch))
    return {child_id: (class_code, number) for child_id, class_code, number in found}


def open_class(tx: Transaction, class_code: str, term_id: int) -> dict[int, tuple[str, str]]:
    """Open this term's case for every child of a class; returns for each the class's code and the case's number."""
    children = select(Child).where(Child.class_code == class_code, Child.status == "on_file").order_by(Child.name_key)
    return {
        child.id: (class_code, open_case(tx, WORKFLOW, ChildSubject(child), term_id).number)
        for child in tx.session.scalars(children).all()
    }
