"""Opens and moves cases as one of the cast, and gives a child a family, for tests of pages and papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.child import Child, Relative
from models.scope import system_scope
from models.vault import learn_keys
from tests.cast import Cast
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission


def opened(cast: Cast, workflow: str, subject: int, login: str, answers: dict[str, Any], kind: str = "child") -> str:
    """Open a case about a child or place as one of the cast; `@zhou` in an answer stands for a person's number."""
    named = {
        key: str(cast[value[1:]].staff_id) if isinstance(value, str) and value.startswith("@") else value
        for key, value in answers.items()
    }
    with cast.acting(login, Permission.CASE_ACT) as tx:
        beginning = Beginning(named, None, f"k-{workflow}-{subject}")
        return open_case_about(tx, workflow, kind, subject, beginning).number


def act(cast: Cast, login: str, number: str, step: str, answers: Mapping[str, Any]) -> None:
    """Take a step of a case as one of the cast."""
    with cast.acting(login, Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request(step, answers=dict(answers)))


def family(cast: Cast, child: int, **values: str) -> None:
    """Give a child an address, a father, and the guardian's health."""
    with cast.database.transaction(system_scope("tests")) as session:
        learn_keys(session, [child])
        row = session.get_one(Child, child)
        row.home_address, row.home_phone = "大坝村3组12号", "13900001234"
        guardian = next(one for one in row.relatives if one.slot == "guardian")
        guardian.health = "腿脚不便"
        father = Relative(child_id=child, slot="father", call_order=2, name=values.get("father", "林大江"))
        father.place_at(row.level_codes)
        session.add(father)
        session.flush()
        father.phone, father.workplace = "13700005678", "东莞市电子厂"
