"""The bell: how many are unread, what the list says, where it leads, and what it keeps from whose access ended."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask
from sqlalchemy import event, select, update

from models.notice import Notice
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Appointment
from tests.cast import NOW, Cast
from tests.web.browser import ClientOf, get, post
from workflows.outbox.send import send_due

COUNT = re.compile(r'class="bell-count"[^>]*>(\d+)<')


def told(cast: Cast) -> str:
    """A case of which zhou was told; its number."""
    number = cast.open_case(cast.add_child("ZX-2302"))
    with cast.system(at=NOW - timedelta(minutes=5)) as tx:
        tx.send("case.moved", "inbox", f"case:{number}", {"case": number})
    send_due(cast.database, NOW)
    return number


def notice(cast: Cast, login: str) -> Notice:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Notice).where(Notice.staff_id == cast[login].staff_id)).one()


def shown(page: str) -> set[str]:
    return set(COUNT.findall(page))


def test_the_bell_counts_leads_to_the_case_and_is_read_by_that(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = told(sqlite_cast)
    client = client_of("zhou")
    assert shown(get(client, "/").text) == {"1"}
    page = get(client, "/notices/").text
    for said in ("事项进展", "林小禾", number, "1 条未读", "未读"):
        assert said in page
    answer = get(client, f"/notices/{notice(sqlite_cast, 'zhou').id}")
    assert answer.location == f"/cases/{number}"
    page = get(client, "/notices/").text
    assert shown(page) == set()
    assert "都已读" in page
    assert shown(get(client_of("tan"), "/").text) == set()


def test_all_are_read_at_once_and_only_ones_own(sqlite_cast: Cast, client_of: ClientOf) -> None:
    told(sqlite_cast)
    told(sqlite_cast)
    zhou, qin = client_of("zhou"), client_of("qin")
    assert shown(get(qin, "/").text) == {"2"}
    post(zhou, "/notices/read")
    assert "2 条已标为已读。" in get(zhou, "/notices/").text
    assert shown(get(zhou, "/").text) == set()
    assert shown(get(qin, "/").text) == {"2"}


def test_anothers_notice_does_not_exist(sqlite_cast: Cast, client_of: ClientOf) -> None:
    told(sqlite_cast)
    found = notice(sqlite_cast, "zhou")
    for address in (f"/notices/{found.id}", "/notices/9", "/notices/x", "/notices/99999999999999999999"):
        assert get(client_of("qin"), address).status_code == 404
    assert notice(sqlite_cast, "zhou").read_at is None


def test_whose_access_ended_sees_neither_name_nor_number(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = told(sqlite_cast)
    client = client_of("zhou")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        ended = (NOW - timedelta(days=1)).date()
        own = Appointment.staff_id == sqlite_cast["zhou"].staff_id
        session.execute(update(Appointment).where(own).values(from_on=ended, until_on=ended))
    page = get(client, "/notices/").text
    assert "你已不能查看这件事项" in page
    assert "林小禾" not in page
    assert number not in page
    assert get(client, f"/notices/{notice(sqlite_cast, 'zhou').id}").location == "/notices/"


def test_the_count_costs_no_query_of_its_own(site: Flask, sqlite_cast: Cast, client_of: ClientOf) -> None:
    told(sqlite_cast)
    client = client_of("zhou")
    get(client, "/account/password")
    asked: list[str] = []
    engine = site.extensions["shouwang"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    get(client, "/account/password")
    assert [statement.count("FROM notice") for statement in asked if "notice" in statement] == [1]
    assert "login_session" in next(statement for statement in asked if "notice" in statement)


def test_what_waits_for_a_long_time_is_cut_to_the_latest(sqlite_cast: Cast, client_of: ClientOf) -> None:
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        person = sqlite_cast["zhou"].staff_id
        session.add_all(Notice(staff_id=person, topic="wave.opened", facts={}, made_at=NOW) for _ in range(150))
    page = get(client_of("zhou"), "/notices/").text
    assert shown(page) == {"99"}
    assert page.count("本学期摸底已开展") == 100
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(OutboxMessage)).all() == []
