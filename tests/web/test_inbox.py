"""The inbox: who finds what in which tab, what is claimed and decided from it, and what it never shows."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
import python_calamine
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from models.case import Case, CaseMove
from models.delegation import Delegation
from models.scope import LEVELS, system_scope
from models.task import CaseCopy, CaseWatch
from models.types import new_id
from tests.cast import NOW, POLICY, Cast
from tests.deciding import KEY, begin, open_joint, publish
from tests.playing import begin as begin_case
from tests.web.browser import ClientOf, get, post
from workflows.engine.vocabulary import Verb
from workflows.operations.watch import Watching, end_watch, watch_case
from workflows.outbox.counts import counts_of
from workflows.outbox.send import send_due
from workflows.people import actor_by_login
from workflows.policy import Permission

ALL = "{who: [principal@school, office@school], mode: all}"
POOL = "{who: [office@school], mode: any, seats: posts}"
MOST_QUERIES = 18  # the frame of a page asks six


def tab(client: FlaskClient, name: str, more: str = "") -> str:
    answer = get(client, f"/inbox/?tab={name}{more}")
    assert answer.status_code == 200, answer.text
    return answer.text[answer.text.index("<main") :]


def numbers(page: str) -> list[str]:
    """The cases that a page lists, in its order."""
    return list(dict.fromkeys(re.findall(r'href="/cases/([A-Z]+-\d{4}-\d+)"', page)))


def ids(page: str) -> list[str]:
    return re.findall(r'class="row-check" name="id" value="(\d+)"', page)


def value(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


def set_case(cast: Cast, number: str, **values: Any) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == number).values(**values))


def one(cast: Cast, number: str) -> Case:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case).where(Case.number == number)).one()


def stand_in(cast: Cast, deputy: str, absent: str, *workflows: str) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.add(
            Delegation(
                staff_id=cast[absent].staff_id, deputy_id=cast[deputy].staff_id, first_on=date(2026, 11, 1),
                last_on=date(2026, 12, 1), workflows=list(workflows), made_at=NOW, made_by=cast[absent].staff_id,
            )
        )  # fmt: skip


def watch(cast: Cast, number: str, login: str) -> None:
    case = one(cast, number)
    with cast.database.transaction(system_scope("tests")) as session:
        row = CaseWatch(
            id=new_id(), case_id=case.id, child_id=case.child_id, circle=case.circle, made_by=cast[login].staff_id,
            made_by_name=cast[login].name, made_at=NOW, due_on=date(2026, 11, 27), made_at_school=case.school_code,
        )  # fmt: skip
        row.place_at({level: case.level_codes[level] for level in LEVELS})
        session.add(row)


def test_what_is_due_first_stands_first_and_what_has_no_time_last(sqlite_cast: Cast, client_of: ClientOf) -> None:
    late, soon, never, far = (sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin") for _ in range(4))
    for number, days in ((late, -2), (soon, 0), (far, 5)):
        set_case(sqlite_cast, number, due_at=NOW + timedelta(days=days, hours=1))
    set_case(sqlite_cast, never, due_at=None)
    page = tab(client_of("zhou"), "todo")
    assert numbers(page) == [late, soon, far, never]
    assert [word in page for word in ("逾期 47 小时", "今天 10:40", "剩 3 个工作日")] == [True] * 3
    assert numbers(tab(client_of("zhou"), "todo", "&overdue=1")) == [late]
    assert one(sqlite_cast, late).is_overdue(NOW)


def test_the_digest_the_tab_the_menu_and_the_first_page_count_the_same(sqlite_cast: Cast, client_of: ClientOf) -> None:
    own = [sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin") for _ in range(3)]
    set_case(sqlite_cast, own[0], due_at=NOW - timedelta(days=1))
    begin(sqlite_cast, ALL)  # waits for the principal and the office
    begin(sqlite_cast, POOL)  # may be claimed by the office
    stand_in(sqlite_cast, "zhou", "tan")
    for login, waiting, late, claims in (("zhou", 4, 1, 0), ("tan", 1, 0, 0), ("qin", 1, 0, 1), ("meng", 0, 0, 0)):
        with sqlite_cast.database.session(system_scope("tests")) as session:
            actor = actor_by_login(session, login, NOW.date())
        assert actor is not None
        assert counts_of(sqlite_cast.database, actor, POLICY, NOW) == (waiting, late, claims), login
        client = client_of(login)
        assert get(client, "/inbox/count").json == {"count": str(waiting or "")}
        assert len(numbers(tab(client, "todo"))) == waiting
        assert len(numbers(tab(client, "todo", "&overdue=1"))) == late
        assert len(numbers(tab(client, "claim"))) == claims
        first = re.search(r'<ul class="todo">.*?</ul>', get(client, "/").text, re.DOTALL)
        assert not waiting or len(numbers(first[0] if first else "")) == waiting


def test_a_case_with_seats_shows_to_those_who_sit_and_to_nobody_else(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, "{who: [principal@school, counsellor@school], mode: all}")
    assert joint.number in tab(client_of("tan"), "todo")
    assert joint.number in tab(client_of("meng"), "todo")
    assert joint.number not in tab(client_of("qin"), "todo")
    assert joint.number not in tab(client_of("zhou"), "todo")
    joint.act("tan", "agree")
    assert joint.number not in tab(client_of("tan"), "todo"), "has spoken"
    done = tab(client_of("tan"), "done")
    assert joint.number in done
    assert "同意" in done
    joint.act("meng", "agree")
    assert tab(client_of("meng"), "done").count(f'href="/cases/{joint.number}"') == 1, "a voice and its step are one"


def test_a_case_that_was_claimed_is_no_longer_anybody_elses(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish(sqlite_cast, "{who: [office@school], mode: any}")
    joint = open_joint(sqlite_cast)
    joint.act("zhou", "submit")
    office, above = client_of("qin"), client_of("chen")
    assert joint.number not in tab(office, "todo"), "is to be claimed first"
    page = tab(office, "claim")
    assert numbers(page) == [joint.number]
    assert joint.number not in tab(above, "claim"), "the pool is the school's"
    post(office, "/inbox/claim", only=ids(page)[0], request_key="k")
    assert numbers(tab(office, "todo")) == [joint.number]
    assert numbers(tab(office, "claim")) == []
    post(office, "/inbox/claim", only=ids(page)[0], request_key="k")
    assert numbers(tab(office, "todo")) == [joint.number], "a second press claims nothing away"
    assert [told["action"] for told in sqlite_cast.events()].count("case.claimed") == 1


def test_several_cases_are_claimed_at_once_and_a_refused_one_stops_none(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish(sqlite_cast, POOL)
    first, second, third = (open_joint(sqlite_cast) for _ in range(3))
    for joint in (first, second, third):
        joint.act("zhou", "submit")
    office = client_of("qin")
    chosen = ids(tab(office, "claim"))
    assert len(chosen) == 3
    first.act("qin", "stop")
    post(office, "/inbox/claim", id=chosen, request_key="k")
    page = get(office, "/inbox/?tab=claim").text
    assert "已认领 2 件" in page
    assert f"{first.number} 没有认领" in page
    assert sorted(numbers(tab(office, "todo"))) == sorted([second.number, third.number])


def test_a_deputy_finds_what_waits_for_the_absent_in_the_workflows_named(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    joint = begin(sqlite_cast, ALL)
    stand_in(sqlite_cast, "meng", "tan", KEY)
    stand_in(sqlite_cast, "shi", "tan", "pairing")
    page = tab(client_of("meng"), "todo")
    assert joint.number in page
    assert "代 覃明远" in page
    assert joint.number not in tab(client_of("shi"), "todo")
    assert "代 覃明远" not in tab(client_of("tan"), "todo")
    joint.act("meng", "agree")
    assert joint.number not in tab(client_of("meng"), "todo")


def test_a_deputy_for_a_post_finds_what_waits_for_the_post(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    stand_in(sqlite_cast, "shi", "zhou")
    page = tab(client_of("shi"), "todo")
    assert number in page
    assert f"代 {sqlite_cast['zhou'].name}" in page


@pytest.mark.parametrize("name", ["todo", "claim", "done", "copies", "opened", "watched"])
def test_the_neighbouring_township_finds_nothing(sqlite_cast: Cast, client_of: ClientOf, name: str) -> None:
    joint = begin(sqlite_cast, ALL)
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    watch(sqlite_cast, number, "chen")
    page = tab(client_of("bai"), name)
    assert numbers(page) == []
    assert joint.number not in page


def test_a_confidential_case_shows_to_its_circle_only(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL, confidential=True)
    watch(sqlite_cast, joint.number, "tan")
    assert joint.number in tab(client_of("tan"), "todo")
    for login in ("shi", "chen", "bai"):
        assert joint.number not in "".join(tab(client_of(login), name) for name in ("todo", "claim", "watched"))


def test_copies_stand_unread_first_and_are_read_when_opened(sqlite_cast: Cast, client_of: ClientOf) -> None:
    first, second = begin(sqlite_cast, ALL), open_joint(sqlite_cast)
    for joint in (first, second):
        joint.use("zhou", Verb.COPY, "meng")
    reader = client_of("meng")
    assert numbers(tab(reader, "copies")) == [second.number, first.number]
    get(reader, f"/cases/{second.number}")
    page = tab(reader, "copies")
    assert numbers(page) == [first.number, second.number]
    assert page.count("未读") == 1
    assert re.search(r'抄送我的<span class="count[^"]*">1</span>', page)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert sorted(copy.read_at is None for copy in session.scalars(select(CaseCopy))) == [False, True]
    get(client_of("zhou"), f"/cases/{first.number}")
    assert tab(reader, "copies").count("未读") == 1, "somebody else's reading reads nothing"


def test_watched_cases_show_to_who_watches_and_to_the_office_of_the_place(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    number, late = (sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin") for _ in range(2))
    set_case(sqlite_cast, late, due_at=NOW - timedelta(days=1))
    for one_of in (number, late):
        watch(sqlite_cast, one_of, "tan")
    for login in ("tan", "qin", "chen"):
        page = tab(client_of(login), "watched")
        assert numbers(page) == [late, number], login
        assert "要求 2026-11-27 前" in page
    assert numbers(tab(client_of("meng"), "watched")) == []
    assert "督办</span>" in tab(client_of("zhou"), "todo"), "who is to act sees that somebody watches"


def test_a_watch_that_ended_with_its_case_stays_listed_behind_those_that_run(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    publish(sqlite_cast, ALL)
    first, second, runs = (open_joint(sqlite_cast) for _ in range(3))
    for joint in (first, second, runs):
        with sqlite_cast.acting("tan", Permission.CASE_WATCH) as tx:
            watch_case(tx, joint.number, Watching("请尽快", date(2026, 11, 27)))
    given_up = open_joint(sqlite_cast)
    with sqlite_cast.acting("tan", Permission.CASE_WATCH) as tx:
        watch_case(tx, given_up.number, Watching("不用看了"))
    with sqlite_cast.acting("tan", Permission.CASE_WATCH) as tx:
        end_watch(tx, given_up.number)
    for joint in (first, second, given_up):
        joint.act("qin", "stop")
    page = tab(client_of("tan"), "watched")
    assert numbers(page) == [runs.number, second.number, first.number]
    assert page.count("已结束") == 2
    assert re.search(r'aria-current="page">督办\s*<span[^>]*>1<', page), "one still runs"
    case = get(client_of("tan"), f"/cases/{first.number}").text
    assert "2026-11-20 09:40 结束" in case
    assert "请尽快" in case
    assert "结束督办" not in case
    bell = "/notices/"
    send_due(sqlite_cast.database, NOW + timedelta(minutes=1))
    assert get(client_of("tan"), bell).text.count("你督办的事项已经办结") == 2


def test_what_one_did_and_opened_is_found_with_what_became_of_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    page = tab(client_of("zhou"), "done")
    assert numbers(page) == [joint.number]
    assert "提交" in page
    assert "会签" in page, "where it stands now"
    assert numbers(tab(client_of("zhou"), "opened")) == [joint.number]
    assert numbers(tab(client_of("qin"), "opened")) == []
    joint.use("qin", Verb.HAND_OVER, "meng")
    assert "转办" in tab(client_of("qin"), "done")


def test_filters_narrow_and_unknown_ones_do_not(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "欧阳晓")
    named = sqlite_cast.open_case(child, "qin")
    other = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    pairing = begin_case(sqlite_cast, "pairing with a peer").number
    client = client_of("zhou")
    assert numbers(tab(client, "todo", "&q=ouyang")) == [named]
    assert numbers(tab(client, "todo", f"&q={other.lower()}")) == [other]
    assert numbers(tab(client, "todo", "&workflow=pairing")) == [pairing]
    assert sorted(numbers(tab(client, "todo", "&workflow=nonsense&township=%2C&overdue=x&at=zzz"))) == sorted(
        [named, other, pairing]
    )
    assert numbers(tab(client, "todo", "&class=BX-2101")) == []
    assert "没有符合条件的事项" in tab(client, "todo", "&q=zzzz")


@pytest.mark.parametrize(
    "asked", ["tab=%00x", "at=" + "A" * 3000, "tab=done&at=e30", "q=" + "林" * 500, "workflow[]=1"]
)
def test_a_broken_address_answers_in_words(client_of: ClientOf, asked: str) -> None:
    assert get(client_of("zhou"), f"/inbox/?{asked}").status_code in (200, 400)


def test_every_tab_says_what_will_come_here(client_of: ClientOf) -> None:
    said = {
        "todo": "轮到你的下一步会列在这里", "claim": "谁认领谁办", "done": "后来的结果会列在这里",
        "copies": "打开即为已读", "opened": "可以在儿童或单位的页面上发起", "watched": "逾期的在前",
    }  # fmt: skip
    client = client_of("tan")
    for name, words in said.items():
        assert words in tab(client, name)
    assert 'aria-current="page">待办' in re.sub(r"<svg.*?</svg>", "", get(client, "/inbox/?tab=nonsense").text)


def test_the_old_addresses_lead_here(client_of: ClientOf) -> None:
    client = client_of("zhou")
    for old, new in (("my-turn", "todo"), ("opened-by-me", "opened")):
        answer = get(client, f"/cases/?state={old}")
        assert (answer.status_code, answer.location) == (301, f"/inbox/?tab={new}")


def test_pages_follow_each_other_forth_and_back(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.pages.inbox.PAGE", 2)
    made = [sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "zhou") for _ in range(5)]
    for number, days in zip(made, (3, 1, 1, None, 2), strict=True):
        set_case(sqlite_cast, number, due_at=NOW + timedelta(days=days) if days else None, state_since=NOW)
    client = client_of("zhou")
    for name, order in (("todo", [1, 2, 4, 0, 3]), ("opened", [4, 3, 2, 1, 0])):
        seen, page = [], tab(client, name)
        pages = [numbers(page)]
        while (ahead := re.search(r'href="(/inbox/[^"]*)"[^>]*>下一页', page)) is not None:
            page = get(client, html.unescape(ahead[1])).text
            pages.append(numbers(page))
        seen = [number for found in pages for number in found]
        assert seen == [made[n] for n in order], name
        back = re.search(r'href="(/inbox/[^"]*)"(?:(?!</a>).)*上一页', page, re.S)
        assert back is not None
        assert numbers(get(client, html.unescape(back[1])).text) == pages[-2]


def _checked(client: FlaskClient, rows: list[str], **more: Any) -> str:
    answer = post(client, "/inbox/check", id=rows, **more)
    assert answer.status_code == 200, answer.text
    text: str = answer.text[answer.text.index("<main") :]
    return text


def test_several_cases_are_decided_at_once_each_by_itself(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish(sqlite_cast, ALL)
    joints = [open_joint(sqlite_cast) for _ in range(3)]
    for joint in joints:
        joint.act("zhou", "submit")
    leader = client_of("tan")
    rows = ids(tab(leader, "todo"))
    assert len(rows) == 3
    page = _checked(leader, rows)
    assert "可办 3 件" in page
    key, seen = value(page, "request_key")[0], value(page, "seen")
    joints[0].act("qin", "refuse")  # one is decided by somebody else meanwhile
    told = len(sqlite_cast.events())
    for _twice in range(2):
        answer = post(leader, "/inbox/decide", transition="agree", seen=seen, request_key=key)
        assert "已办理 2 件" in answer.text
        assert "1 件没有办成" in answer.text
        assert joints[0].number in answer.text
    spoken = [one_told["action"] for one_told in sqlite_cast.events()[told:]]
    assert spoken.count("case.spoken") == 2
    assert [joint.state for joint in joints] == ["refused", "review", "review"]
    assert [joint.seats()[sqlite_cast["tan"].name] for joint in joints[1:]] == ["done", "done"]


def test_an_opinion_is_given_once_and_missing_is_asked_for(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    leader = client_of("tan")
    page = _checked(leader, ids(tab(leader, "todo")), transition="refuse")
    sent = {"transition": "refuse", "seen": value(page, "seen"), "request_key": "k", "asks": value(page, "asks")}
    assert sent["asks"] == ["opinion"]
    again = post(leader, "/inbox/decide", **sent)
    assert again.status_code == 422
    assert "请填写" in again.text
    assert joint.state == "review"
    assert "已办理 1 件" in post(leader, "/inbox/decide", opinion="材料不全", **sent).text
    assert joint.state == "refused"
    assert [row.opinion for row in joint.rows() if row.status == "done"] == ["材料不全"]


def test_cases_of_several_kinds_are_told_apart_first(sqlite_cast: Cast, client_of: ClientOf) -> None:
    begin(sqlite_cast, "{who: [class_teacher@class], mode: all}")
    sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    teacher = client_of("zhou")
    page = _checked(teacher, ids(tab(teacher, "todo")))
    assert "不是同一流程、同一环节" in page
    assert page.count('action="/inbox/check"') == 2
    files = ids(tab(teacher, "todo", "&workflow=identification"))
    assert "这一环节要逐件填表办理" in _checked(teacher, files)


def test_verdicts_say_before_what_will_be_refused(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish(sqlite_cast, "{who: [class_teacher@class, office@school], mode: all}")
    own, other = open_joint(sqlite_cast), open_joint(sqlite_cast)
    for joint in (own, other):
        joint.act("zhou", "submit")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:  # as if another teacher had submitted it
        of_other = session.scalars(select(CaseMove).where(CaseMove.case_id == one(sqlite_cast, other.number).id))
        list(of_other)[-1].actor_id = sqlite_cast["shi"].staff_id or 0
    teacher = client_of("zhou")
    page = _checked(teacher, ids(tab(teacher, "todo")), transition="agree")
    assert "可办 1 件" in page
    assert "不能由办理前一步的同一人办理" in page
    assert value(page, "seen") == [f"{one(sqlite_cast, other.number).id}:2"]


@pytest.mark.parametrize("path", ["/inbox/check", "/inbox/decide", "/inbox/claim"])
@pytest.mark.parametrize("rows", [[], ["0"], ["x"], ["9" * 30], ["1"] * 60])
def test_rows_that_are_none_are_not_found(client_of: ClientOf, path: str, rows: list[str]) -> None:
    assert post(client_of("qin"), path, id=rows, seen=[f"{row}:1" for row in rows]).status_code == 404


def test_a_stranger_to_the_case_decides_nothing(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    row = one(sqlite_cast, joint.number)
    neighbour = post(client_of("bai"), "/inbox/decide", transition="agree", seen=[f"{row.id}:{row.rev}"])
    assert neighbour.status_code == 404
    answer = post(client_of("zhou"), "/inbox/decide", transition="agree", seen=[f"{row.id}:{row.rev}"])
    assert "1 件没有办成" in answer.text
    assert joint.state == "review"
    assert sqlite_cast.events()[-1]["action"] == "access.denied"


def test_a_tab_is_exported_with_a_record_of_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    office = client_of("qin")
    assert "/inbox/export?tab=todo" in tab(office, "todo")
    with get(office, "/inbox/export?tab=todo") as answer:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(answer.data))
    sheet = book.get_sheet_by_index(0).to_python()
    assert [row[1] for row in sheet[1:]] == [joint.number]
    told = sqlite_cast.events()[-1]
    assert told["action"] == "inbox.exported"
    teacher = client_of("zhou")
    assert "/inbox/export" not in tab(teacher, "opened")
    assert get(teacher, "/inbox/export?tab=opened").status_code == 403


def test_the_menu_tells_the_count_and_the_home_page_leads_here(sqlite_cast: Cast, client_of: ClientOf) -> None:
    for _ in range(3):
        sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    teacher = client_of("zhou")
    assert get(teacher, "/inbox/count").json == {"count": "3"}
    assert get(client_of("bai"), "/inbox/count").json == {"count": ""}
    home = get(teacher, "/").text
    assert 'data-count="/inbox/count"' in home
    assert 'href="/inbox/">全部' in home
    assert "data-count=" not in get(client_of("sec"), "/").text


def test_a_page_asks_the_database_seldom(sqlite_cast: Cast, client_of: ClientOf, site: Any) -> None:
    for _ in range(12):
        sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"), "qin")
    client = client_of("zhou")
    tab(client, "todo")
    asked: list[str] = []
    engine = site.extensions["shouwang"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    tab(client, "todo")
    asked = [statement for statement in asked if statement != "BEGIN"]
    assert 0 < len(asked) <= MOST_QUERIES, "\n".join(asked)


def test_verdicts_on_fifty_cases_ask_the_database_no_oftener_than_those_on_two(
    sqlite_cast: Cast, client_of: ClientOf, site: Any
) -> None:
    publish(sqlite_cast, ALL)
    for _ in range(50):
        open_joint(sqlite_cast).act("zhou", "submit")
    client, asked = client_of("tan"), list[str]()
    rows = ids(tab(client, "todo"))
    engine = site.extensions["shouwang"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    told = {}
    for many in (2, 50):
        asked.clear()
        assert f"可办 {many} 件" in _checked(client, rows[:many])
        told[many] = len([statement for statement in asked if statement != "BEGIN"])
    assert told[2] == told[50] < 40, told
