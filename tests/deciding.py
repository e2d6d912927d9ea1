"""Workflows in which several people decide, published for a test, and the people who decide in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select

from models.case import Case
from models.child import Child
from models.scope import system_scope
from models.task import CaseTask
from models.vault import learn_keys
from tests.cast import NOW, Cast
from workflows.engine.vocabulary import Verb
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import open_case
from workflows.operations.definition import publish_definition
from workflows.operations.verbs import Asking, reply, use_verb
from workflows.policy import Permission
from workflows.subjects import ChildSubject

KEY = "joint"
WHO = "[principal@school, counsellor@school, office@school]"

WORKFLOW = """
workflow: {key}
title: {{zh: 会签试办}}
prefix: HQ
subject: child
confidential: {confidential}
open: {{by: [class_teacher@class]}}
participants: {{begun_by: {{from: opener}}}}
states:
  draft: {{label: {{zh: 拟办}}, kind: start, step: 1}}
  review:
    label: {{zh: 会签}}
    step: 2
    tasks: {tasks}
  agreed: {{label: {{zh: 同意}}, kind: end, step: 3}}
  refused: {{label: {{zh: 不同意}}, kind: end, step: 3}}
transitions:
  submit: {{label: {{zh: 提交}}, from: draft, to: review, by: [class_teacher@class], style: primary}}
  agree:
    {{label: {{zh: 同意}}, from: review, to: agreed, decided: tasks, not_same_person_as: submit, style: primary}}
  refuse: {{label: {{zh: 不同意}}, from: review, to: refused, decided: tasks, require: [opinion]}}
  return_it: {{label: {{zh: 驳回}}, from: review, to: any_visited, verb: 驳回, require: [opinion]}}
  stop: {{label: {{zh: 终止}}, from: any, to: refused, by: [office@school], verb: 终止, require: [reason]}}
verbs: [认领, 转办, 委派, 加签, 减签, 回避, 撤回, 抄送, 催办, 督办]
"""


class Sat(NamedTuple):
    """A seat as it stands."""

    id: int
    name: str
    origin: str
    status: str
    role: str | None
    opinion: str | None


@dataclass
class Joint:
    """One case of a workflow in which several people decide."""

    cast: Cast
    number: str

    def act(self, login: str, transition: str, target: str | None = None, **answers: Any) -> Moved:
        """Take a transition as somebody."""
        given = {"opinion": "已阅", "reason": "情况有变", **answers}
        with self.cast.acting(login, Permission.CASE_ACT) as tx:
            return act_on_case(tx, self.number, Request(transition, answers=given, target=target))

    def use(self, login: str, verb: Verb, *to: str, **more: Any) -> Moved:
        """Use a verb as somebody, towards people by their log-ins."""
        people = tuple(self.cast[one].staff_id or 0 for one in to)
        with self.cast.acting(login, Permission.CASE_ACT) as tx:
            return use_verb(tx, self.number, verb, Asking(people, **{"note": "请办", **more}))

    def reply(self, login: str, note: str = "可行") -> Moved:
        """Give an opinion that was asked for."""
        with self.cast.acting(login, Permission.CASE_ACT) as tx:
            return reply(tx, self.number, Asking(note=note))

    @property
    def state(self) -> str:
        """Where the case stands."""
        with self.cast.database.session(system_scope("tests")) as session:
            return session.scalars(select(Case.state).where(Case.number == self.number)).one()

    def seats(self) -> dict[str, str]:
        """The latest status of each seat by its name."""
        return {seat.name: seat.status for seat in self.rows()}

    def rows(self) -> list[Sat]:
        """Every seat that was ever given, the opinions readable."""
        with self.cast.database.session(system_scope("tests")) as session:
            rows = session.scalars(
                select(CaseTask).join(Case, Case.id == CaseTask.case_id).where(Case.number == self.number)
                .order_by(CaseTask.id)
            ).all()  # fmt: skip
            learn_keys(session, [row.key_owner for row in rows])
            return [Sat(row.id, row.name, row.origin, row.status, row.role, row.opinion) for row in rows]


def publish(cast: Cast, tasks: str, *, confidential: bool = False, key: str = KEY) -> None:
    """Publish the workflow with these tasks of its joint state."""
    with cast.system() as tx:
        text = WORKFLOW.format(tasks=tasks, confidential=str(confidential).lower(), key=key)
        publish_definition(tx, "workflow", key, text)


def begin(cast: Cast, tasks: str, *, confidential: bool = False) -> Joint:
    """Open a case of the workflow with these tasks, about a new child, and submit it to those who decide."""
    publish(cast, tasks, confidential=confidential)
    joint = open_joint(cast)
    joint.act("zhou", "submit")
    return joint


def open_joint(cast: Cast, login: str = "zhou", key: str = KEY) -> Joint:
    """Open a case as somebody, about a new child."""
    child = cast.add_child("ZX-2302")
    with cast.acting(login, Permission.CASE_ACT, at=NOW) as tx:
        return Joint(cast, open_case(tx, key, ChildSubject(tx.session.get_one(Child, child))).number)
