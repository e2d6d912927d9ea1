"""Focus children: the order is that of the reasons, the choice is the teacher's, and the trail keeps both."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import delete, update

from models.child import Child, Relative
from models.place import Place
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.office import events
from tests.steps import PROPOSED
from workflows.engine.published import selection_in_force
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.record import write_record
from workflows.operations.selection import Choice, Chosen, choose
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.selection import Candidate, candidates

EDIT = Permission.CHILD_EDIT
KEY = "focus_children"
TODAY = NOW.date().isoformat()


def _class(cast: Cast, code: str = "ZX-2302") -> int:
    return cast.places[code].id


def _look(cast: Cast, code: str = "ZX-2302") -> list[Candidate]:
    with cast.database.session(system_scope("tests")) as session:
        version = selection_in_force(session, KEY)
        place = session.get_one(Place, _class(cast, code))
        return candidates(session, session, session, version, place, NOW)


def _names(found: list[Candidate]) -> list[str]:
    return [one.child.name for one in found]


def _choose(
    cast: Cast, login: str, choices: dict[int, Choice], code: str = "ZX-2302", key: str | None = None
) -> Chosen:
    with cast.acting(login, EDIT) as tx:
        return choose(tx, KEY, _class(cast, code), choices, key=key)


def _kept(cast: Cast, child: int) -> tuple[bool, str | None, int]:
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(Child, child)
        return row.is_focus, row.focus_reason, row.rev


def _says(cast: Cast, child: int, is_chosen: bool, why: str = "") -> dict[int, Choice]:
    """What somebody says of a child as it stands now."""
    return {child: Choice(is_chosen, why, _kept(cast, child)[2])}


def _without_guardian(cast: Cast, child: int) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(Relative).where(Relative.child_id == child))


def _write(cast: Cast, form: str, child: int, answers: dict[str, Any]) -> None:
    with cast.acting("zhou", Permission.RECORD_WRITE) as tx:
        write_record(tx, form, [child], answers)


def test_the_first_reason_counts_before_all_that_follow(cast: Cast) -> None:
    cast.add_child("ZX-2302", "甲", risk="medium", is_poor=True, care_situation="relatives")
    cast.add_child("ZX-2302", "乙", risk="high")
    alone = cast.add_child("ZX-2302", "丙")
    _without_guardian(cast, alone)
    found = _look(cast)
    assert _names(found) == ["丙", "乙", "甲"]
    assert [reason.zh for reason in found[2].reasons][:3] == ["托付亲友照看", "风险等级中", "家庭经济困难"]
    assert [lack.zh for lack in found[0].lacks] == ["无人监护，须有代理家长"]


def test_equals_come_with_less_against_them_first_and_then_by_name(cast: Cast) -> None:
    paired = cast.add_child("ZX-2302", "安一", name_key="an yi 安一")
    cast.add_child("ZX-2302", "周二", name_key="zhou er 周二")
    cast.add_child("ZX-2302", "白三", name_key="bai san 白三")
    with cast.acting("zhou", Permission.CASE_ACT) as tx:
        answers = {**PROPOSED, "helper": str(cast["shi"].staff_id)}
        open_case_about(tx, "pairing", "child", paired, Beginning(answers))
    found = _look(cast)
    assert _names(found) == ["白三", "周二", "安一"]
    assert [[ground.zh for ground in one.against] for one in found] == [[], [], ["已有人结对"]]


def test_no_more_than_five_are_proposed_and_none_without_a_reason(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302", f"林{mark}") for mark in "甲乙丙丁戊己"]
    assert [one.is_proposed for one in _look(cast)] == [True] * 5 + [False]
    for child in children:
        _write(cast, "talk", child, {"talked_on": TODAY, "topics": ["life"], "said": "想家"})
        _write(cast, "home_visit", child, {"visited_on": TODAY, "met": ["guardian"], "situation": "一切都好"})
    assert not any(one.is_proposed for one in _look(cast))


def test_others_classes_and_those_who_left_are_not_among_them(cast: Cast) -> None:
    cast.add_child("ZX-2101", "邻班")
    gone = cast.add_child("ZX-2302", "已走")
    stays = cast.add_child("ZX-2302", "在册")
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Child).where(Child.id == gone).values(status="left"))
    assert [one.child.id for one in _look(cast)] == [stays]


def test_the_choice_is_told_with_what_the_rules_had_said(cast: Cast) -> None:
    chosen = cast.add_child("ZX-2302", "林小禾", risk="high")
    other = cast.add_child("ZX-2302", "吴可欣")
    said = _says(cast, chosen, True, " 祖辈年高，常独自在家 ") | _says(cast, other, False, "随便")
    done = _choose(cast, "zhou", said)
    assert done == Chosen(added=1, dropped=0, now=1)
    assert _kept(cast, chosen)[:2] == (True, "祖辈年高，常独自在家")
    assert _kept(cast, other) == (False, None, 1)
    assert events(cast) == [
        ("周敏", "child.chosen", {"is_focus": ("false", "true"), "focus_reason": (None, "祖辈年高，常独自在家")})
    ]
    facts = cast.events("child.chosen")[0]["facts"]
    assert (facts["selection"], facts["version"], facts["order"]) == (KEY, 1, 1)
    assert facts["grounds"][0] == "风险等级高"


def test_taking_off_the_list_forgets_the_reason_and_is_told(cast: Cast) -> None:
    child = cast.add_child("ZX-2302", is_focus=True, focus_reason="祖辈年高")
    assert _choose(cast, "qin", _says(cast, child, False, "祖辈年高")) == Chosen(0, 1, 0)
    assert _kept(cast, child)[:2] == (False, None)
    assert events(cast) == [
        ("秦素芬", "child.unchosen", {"is_focus": ("true", "false"), "focus_reason": ("祖辈年高", None)})
    ]


def test_a_reason_may_be_written_anew_and_nothing_else_is_touched(cast: Cast) -> None:
    child = cast.add_child("ZX-2302", is_focus=True, focus_reason="祖辈年高")
    old = cast.add_child("ZX-2302", "早选", is_focus=True)
    before = _kept(cast, old)
    assert _choose(cast, "zhou", _says(cast, child, True, "父母均外出") | {old: Choice(True, "", 0)}) == Chosen(0, 0, 2)
    assert _kept(cast, child)[1] == "父母均外出"
    assert _kept(cast, old) == before
    assert [told["action"] for told in cast.events()] == ["child.chosen"]


@pytest.mark.parametrize(("why", "said"), [("", "请写明为什么选这名儿童"), (" 高 ", "请写明为什么选这名儿童"),
                                           ("长" * 201, "最多 200 个字")])  # fmt: skip
def test_a_choice_without_a_reason_is_refused_and_leaves_nothing(cast: Cast, why: str, said: str) -> None:
    good, bad = cast.add_child("ZX-2302", "林小禾"), cast.add_child("ZX-2302", "吴可欣")
    with pytest.raises(Refusal) as refused:
        _choose(cast, "zhou", {good: Choice(True, "祖辈年高", 1), bad: Choice(True, why, 1)})
    assert {key: str(fault) for key, fault in refused.value.faults.items()} == {f"why-{bad}": said}
    assert _kept(cast, good)[0] is False
    assert events(cast) == []


def test_whoever_was_slower_is_told_whose_file_changed(cast: Cast) -> None:
    child, other = cast.add_child("ZX-2302", "林小禾"), cast.add_child("ZX-2302", "吴可欣")
    _choose(cast, "qin", {child: Choice(True, "祖辈年高", 1)})
    with pytest.raises(Stale, match="林小禾"):
        _choose(cast, "zhou", {child: Choice(False, "", 1), other: Choice(True, "父母均外出", 1)})
    assert _kept(cast, other)[0] is False
    assert _choose(cast, "zhou", {child: Choice(True, "祖辈年高", 1), other: Choice(True, "父母均外出", 1)}).added == 1


def test_the_same_request_chooses_once(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    choices = {child: Choice(True, "祖辈年高", 1)}
    first, again = (_choose(cast, "zhou", choices, key="k-1") for _ in range(2))
    assert first == again == Chosen(1, 0, 1)
    assert len(events(cast)) == 1
    with pytest.raises(Refusal, match="key_reused"):
        _choose(cast, "zhou", {child: Choice(False, "", 2)}, key="k-1")


@pytest.mark.parametrize("login", ["meng", "tan", "feng", "bai", "shi", "sys", "nobody"])
def test_only_the_class_teacher_and_the_office_choose(cast: Cast, login: str) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises((Denied, Missing)):
        _choose(cast, login, {child: Choice(True, "祖辈年高", 1)})
    assert _kept(cast, child)[0] is False


@pytest.mark.parametrize("where", ["ZX-2101", "BX-2101", "ZX"])
def test_a_child_of_another_class_is_none_of_this_one(cast: Cast, where: str) -> None:
    child = cast.add_child(where if where != "ZX" else "ZX-2101")
    choices: dict[int, Any] = {child: Choice(True, "祖辈年高", 1)}
    with pytest.raises(Missing):
        _choose(cast, "chen", choices, "ZX-2302" if where != "ZX" else "ZX")
    assert _kept(cast, child)[0] is False


def test_of_two_who_choose_at_once_one_is_told(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    ready, found = threading.Barrier(2, timeout=20), []

    def chooses(login: str, why: str, said: dict[int, Choice]) -> None:
        ready.wait()
        try:
            found.append(_choose(cast, login, said))
        except Refusal as refusal:
            found.append(refusal.code)

    says = (("zhou", "祖辈年高"), ("qin", "父母均外出"))
    racers = [threading.Thread(target=chooses, args=(who, why, _says(cast, child, True, why))) for who, why in says]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(map(str, found)) == sorted([str(Chosen(1, 0, 1)), "changed_meanwhile"])
    assert len(cast.events("child.chosen")) == 1
