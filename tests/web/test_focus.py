"""The pages of the focus children: the order with its reasons, the choice, what is refused, who comes there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import delete

from models.child import Child, Relative
from models.scope import system_scope
from tests.cast import Cast
from tests.web.browser import ClientOf, get, post
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission

PAGE = "/focus/ZX-2302"


@pytest.fixture
def children(sqlite_cast: Cast) -> list[int]:
    """Six children of one class, the last of them at high risk."""
    made = [sqlite_cast.add_child("ZX-2302", f"林{mark}") for mark in "甲乙丙丁戊"]
    return [*made, sqlite_cast.add_child("ZX-2302", "林己", risk="high")]


def _row(cast: Cast, child: int) -> Child:
    with cast.database.session(system_scope("tests")) as session:
        return session.get_one(Child, child)


def _typed(cast: Cast, children: list[int], chosen: list[int], **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {f"rev-{child}": str(_row(cast, child).rev) for child in children}
    fields |= {f"why-{child}": "祖辈年高" for child in chosen}
    return fields | {"child": [str(child) for child in chosen]} | more


def _order(page: str) -> list[str]:
    return re.findall(r"<a href=\"/children/details/\?id=\d+\">(林.)</a>", page)


def test_a_class_teacher_comes_to_the_own_class_at_once(client_of: ClientOf, children: list[int]) -> None:
    answer = get(client_of("zhou"), "/focus/")
    assert (answer.status_code, answer.location) == (302, PAGE)


def test_the_page_says_the_order_and_why(client_of: ClientOf, children: list[int]) -> None:
    page = get(client_of("zhou"), PAGE).text
    assert _order(page)[0] == "林己"
    for word in ("风险等级高", "近三个月没有谈心记录", "先看第 1 条理由", "规则第 1 版", "少于 4 名", "谈心 0"):
        assert word in page, word
    assert page.count("建议</span>") == 5
    assert page.count("checked") == 0


def test_the_proposals_are_ticked_when_asked_and_kept_when_saved(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    teacher = client_of("zhou")
    assert get(teacher, f"{PAGE}?take=proposed").text.count(" checked") == 5
    saved = post(teacher, PAGE, **_typed(sqlite_cast, children, children[:4]))
    assert (saved.status_code, saved.location) == (302, PAGE)
    page = get(teacher, PAGE).text
    assert "已保存：新选 4 名，取消 0 名，现有 4 名。" in page
    assert "少于 4 名" not in page
    assert [_row(sqlite_cast, child).is_focus for child in children] == [True] * 4 + [False] * 2
    assert page.count("/open/pairing/child/") == 4
    assert get(teacher, f"/open/pairing/child/{children[0]}").status_code == 200


@pytest.mark.parametrize(("many", "word"), [(1, "少于 4 名"), (6, "多于 5 名")])
def test_more_or_fewer_than_advised_is_said_and_kept(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int], many: int, word: str
) -> None:
    office = client_of("qin")
    assert post(office, PAGE, **_typed(sqlite_cast, children, children[:many])).status_code == 302
    page = get(office, PAGE).text
    assert f"{word}，建议每班 4–5 名" in page
    assert sum(_row(sqlite_cast, child).is_focus for child in children) == many


def test_a_choice_without_words_comes_back_with_everything_typed(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    typed = _typed(sqlite_cast, children, children[:2]) | {f"why-{children[0]}": " ", f"why-{children[5]}": "先不选"}
    refused = post(client_of("zhou"), PAGE, **typed)
    assert refused.status_code == 422
    assert "请写明为什么选这名儿童" in refused.text
    assert refused.text.count(" checked") == 2
    assert "先不选" in refused.text
    assert not any(_row(sqlite_cast, child).is_focus for child in children)


def test_whoever_is_slower_sees_whose_file_changed_and_may_send_again(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    seen = _typed(sqlite_cast, children, children[:4])
    post(client_of("qin"), PAGE, **_typed(sqlite_cast, children, children[:1]) | {f"why-{children[0]}": "独居"})
    late = post(client_of("zhou"), PAGE, **seen)
    assert late.status_code == 409
    assert "别人刚刚改过林甲的档案" in late.text
    assert _row(sqlite_cast, children[1]).is_focus is False
    revs = dict(re.findall(r'name="rev-(\d+)" value="(\d+)"', late.text))
    again = post(client_of("zhou"), PAGE, **seen | {f"rev-{child}": rev for child, rev in revs.items()})
    assert again.status_code == 302
    assert _row(sqlite_cast, children[0]).focus_reason == "祖辈年高"


def test_a_form_sent_twice_chooses_once(sqlite_cast: Cast, client_of: ClientOf, children: list[int]) -> None:
    typed = _typed(sqlite_cast, children, children[:4], request_key="k-9")
    assert [post(client_of("zhou"), PAGE, **typed).status_code for _ in range(2)] == [302, 302]
    assert len(sqlite_cast.events("child.chosen")) == 4


@pytest.mark.parametrize(
    "broken",
    [
        {"child": "x"},
        {"child": ["9" * 30, "-1", ""]},
        {"rev-x": "1", "rev-": "1", "rev-99999999999999999999": "1"},
        {"rev-12345": "1", "child": "12345", "why-12345": "不是本班"},
        {"request_key": "长" * 500},
    ],
)
def test_broken_input_is_no_fault_and_changes_nothing(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int], broken: dict[str, Any]
) -> None:
    answer = post(client_of("zhou"), PAGE, **broken)
    assert answer.status_code in (302, 404)
    assert not any(_row(sqlite_cast, child).is_focus for child in children)


@pytest.mark.parametrize("login", ["meng", "tan", "feng", "sys", "nobody", "bai", "shi"])
def test_others_neither_see_nor_choose(sqlite_cast: Cast, client_of: ClientOf, children: list[int], login: str) -> None:
    client = client_of(login)
    for answer in (get(client, PAGE), post(client, PAGE, **_typed(sqlite_cast, children, children[:4]))):
        assert answer.status_code in (403, 404)
        assert "林甲" not in answer.text
    assert not any(_row(sqlite_cast, child).is_focus for child in children)


@pytest.mark.parametrize("code", ["ZX", "BX-2101", "-", "nothing", "%00", "x" * 300])
def test_what_is_no_class_of_theirs_does_not_exist(client_of: ClientOf, children: list[int], code: str) -> None:
    assert get(client_of("chen"), f"/focus/{code}").status_code in (400, 404)


def test_the_office_finds_the_classes_with_their_counts(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    post(client_of("qin"), PAGE, **_typed(sqlite_cast, children, children[:4]))
    school = get(client_of("qin"), "/focus/").text
    assert PAGE in school
    assert "已选好" in school
    township = get(client_of("chen"), "/focus/").text
    assert "/focus/?place=ZX" in township
    assert PAGE not in township
    assert PAGE in get(client_of("chen"), "/focus/?place=ZX").text
    for foreign in ("BX", "BT", "ZX-2302", "x"):
        assert get(client_of("chen"), f"/focus/?place={foreign}").status_code == 404


def test_the_list_of_children_finds_focus_children_and_those_left_alone(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    post(client_of("zhou"), PAGE, **_typed(sqlite_cast, children, children[:1]))
    listed = get(client_of("qin"), "/children/?help=focus").text
    assert "林甲" in listed
    assert "林乙" not in listed
    assert "林甲" in get(client_of("qin"), "/children/?help=focus_alone").text
    assert "林乙" not in get(client_of("qin"), "/children/?help=no_guardian").text


def test_a_child_with_nobody_in_charge_is_shown_until_a_proxy_parent_is_found(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    alone = children[2]
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(Relative).where(Relative.child_id == alone))
    said = "1 名儿童没有监护人，也没有代理家长"
    for login in ("qin", "chen", "zhou"):
        assert said in get(client_of(login), "/").text
    assert said not in get(client_of("bai"), "/").text
    assert _order(get(client_of("zhou"), PAGE).text)[0] == "林丙"
    assert "无人监护，须有代理家长" in get(client_of("zhou"), PAGE).text
    assert "林丙" in get(client_of("qin"), "/children/?help=no_proxy").text
    for kind, is_shown in (("helper", True), ("proxy_parent", False)):
        helper = str(sqlite_cast["shi" if kind == "helper" else "meng"].staff_id)
        with sqlite_cast.acting("zhou", Permission.CASE_ACT) as tx:
            answers = {"kind": kind, "helper": helper, "term_goal": "每天完成作业"}
            open_case_about(tx, "pairing", "child", alone, Beginning(answers))
        assert (said in get(client_of("qin"), "/").text) is is_shown
    assert "林丙" not in get(client_of("qin"), "/children/?help=no_proxy").text


def test_an_empty_class_says_so(client_of: ClientOf) -> None:
    assert "这个班还没有在册儿童" in get(client_of("zhou"), PAGE).text


def test_it_reads_in_english(client_of: ClientOf, children: list[int]) -> None:
    teacher = client_of("zhou")
    get(teacher, "/language/en?for=/")
    page = get(teacher, PAGE).text
    assert "High risk" in page
    assert "Save the choice" in page


def test_the_page_of_a_class_leads_there_for_those_who_choose(
    sqlite_cast: Cast, client_of: ClientOf, children: list[int]
) -> None:
    address = f"/places/details/?id={sqlite_cast.places['ZX-2302'].id}"
    assert PAGE in get(client_of("qin"), address).text
    assert PAGE not in get(client_of("tan"), address).text
    assert "/focus/ZX" not in get(client_of("qin"), f"/places/details/?id={sqlite_cast.places['ZX'].id}").text
