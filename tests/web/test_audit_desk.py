"""The inspector reads who did what to whom, when and why, masked by class, and can change nothing."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text

from models.audit import AuditEvent
from models.scope import system_scope
from models.vault import DataKey
from tests.cast import Cast
from tests.web.browser import ClientOf, get, post
from workflows.audit import Happening, is_genuine
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission

ANSWERS = {
    "care_situation": "grandparents",
    "absence_since": "2024-03-05",
    "is_boarding": "false",
    "guardian_name": "谢月英",
    "guardian_relation": "grandmother",
    "guardian_phone": "15100008834",
    "home_address": "大坝村三组",
    "call_first": "guardian",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "内向",
    "interests": "画画",
    "health": "哮喘",
}
SECRETS = ("15100008834", "大坝村", "哮喘", "内向", "谢月英", "林小禾", "林长顺")


@pytest.fixture
def story(sqlite_cast: Cast) -> Cast:
    """A case from its opening to a file sent back, and one in the neighbouring township."""
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"))
    with sqlite_cast.acting("zhou", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("complete", answers=ANSWERS))
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("send_back", answers={"reason": "母亲电话缺"}))
    sqlite_cast.open_case(sqlite_cast.add_child("BX-2101", "韦思源"), "bai")
    return sqlite_cast


def _entry(cast: Cast, action: str, actor: str) -> int:
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        found = select(AuditEvent.id).where(AuditEvent.action == action, AuditEvent.actor_name == actor)
        return session.scalars(found.order_by(AuditEvent.id.desc())).first() or 0


def test_the_list_says_who_did_what_when_and_why_without_a_childs_name(story: Cast, client_of: ClientOf) -> None:
    page = get(client_of("feng"), "/audit/").text
    for word in ("周敏", "班主任", "办理事项", "发起事项", "母亲电话缺", "柳溪镇中心小学 四（2）班", "退回补正"):
        assert word in page, word
    assert not [secret for secret in SECRETS if secret in page]


def test_an_entry_shows_its_fields_covered_by_class(story: Cast, client_of: ClientOf) -> None:
    page = get(client_of("feng"), f"/audit/{_entry(story, 'case.moved', '周敏')}").text
    assert "监护人电话" in page
    assert "已遮盖" in page
    assert "有改动，内容不在督查范围内" in page
    assert "校验一致" in page
    assert "待完善 → 待归档审核" in page
    assert not [secret for secret in SECRETS if secret in page]


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("person=zhou", "周敏", "秦素芬"),
        ("person=秦素", "秦素芬", "周敏"),
        ("person=nobody-like-this", "没有符合条件", "周敏"),
        ("case=md-2026-0001", "MD-2026-0001", "白若川"),
        ("case=MD-2026-9999", "没有符合条件", "周敏"),
        ("action=case.opened", "发起事项", "母亲电话缺"),
        ("on_from=2026-11-20&on_to=2026-11-20", "周敏", "没有符合条件"),
        ("on_from=2026-11-21", "没有符合条件", "周敏"),
        ("on_to=2026-11-19", "没有符合条件", "周敏"),
        ("on_from=rubbish&action=rubbish&before=x&child=x", "周敏", "没有符合条件"),
    ],
)
def test_filters_narrow_the_list(story: Cast, client_of: ClientOf, query: str, seen: str, unseen: str) -> None:
    client = client_of("feng")
    page = get(client, f"/audit/?{query}").text.split("<main")[1]
    rows = page.split("<tbody")[1] if "<tbody" in page else page
    assert seen in (rows if "<tbody" in page else page) or seen.startswith("MD-")
    assert unseen not in rows


def test_pages_follow_each_other_without_loss(story: Cast, client_of: ClientOf) -> None:
    with story.system() as tx:
        for _ in range(60):
            tx.tell(Happening("place.changed", "place", 1, codes=story.codes("ZX")))
    client = client_of("feng")
    first = get(client, "/audit/?action=place.changed").text
    assert "本页 50 条" in first
    older = re.findall(r"before=(\d+)", first)[-1]
    second = get(client, f"/audit/?action=place.changed&before={older}").text
    assert "本页 10 条" in second


def test_a_case_is_replayed_step_by_step(story: Cast, client_of: ClientOf) -> None:
    page = get(client_of("feng"), "/audit/case/MD-2026-0001").text
    order = [page.index(word) for word in ("发起事项", "待完善 → 待归档审核", "待归档审核 → 退回补正")]
    assert order == sorted(order)
    assert not [secret for secret in SECRETS if secret in page]


def test_the_desk_tells_who_looked_at_a_child(story: Cast, client_of: ClientOf) -> None:
    get(client_of("zhou"), "/cases/MD-2026-0001")
    child = story.events("case.read")[0]["child_id"]
    page = get(client_of("feng"), f"/audit/child/{child}").text
    assert "周敏" in page
    assert "号码住址" in page


def test_an_inspector_of_another_place_and_other_posts_see_nothing(story: Cast, client_of: ClientOf) -> None:
    number = _entry(story, "case.moved", "周敏")
    for login in ("qin", "zhou", "bai", "sys", "sec", "nobody"):
        client = client_of(login)
        for path in ("/audit/", f"/audit/{number}", "/audit/case/MD-2026-0001", "/audit/export"):
            assert get(client, path).status_code == 403, (login, path)
    refused = story.events("access.denied")
    assert {event["actor_name"] for event in refused} >= {"秦素芬", "周敏", "白若川"}
    assert get(client_of("aud"), f"/audit/{number}").status_code == 200
    assert get(client_of("feng"), "/audit/999999").status_code == 404


def test_nothing_on_the_desk_changes_anything(site: Flask, story: Cast, client_of: ClientOf) -> None:
    client = client_of("feng")
    rules = [rule for rule in site.url_map.iter_rules() if rule.endpoint.startswith("audit.")]
    assert rules
    assert all(rule.methods <= {"GET", "HEAD", "OPTIONS"} for rule in rules)
    assert post(client, "/audit/", page="/account").status_code == 405


def test_values_of_a_destroyed_key_are_told_as_deleted(story: Cast, client_of: ClientOf) -> None:
    child = story.events("case.opened")[0]["child_id"]
    with story.database.transaction(system_scope("tests")) as session:
        session.delete(session.get_one(DataKey, child))
    page = get(client_of("feng"), "/audit/case/MD-2026-0001")
    assert page.status_code == 200
    assert "已按规定删除" in page.text


def test_a_tampered_entry_is_told(story: Cast, client_of: ClientOf) -> None:
    number = _entry(story, "case.moved", "周敏")
    with story.database.engine.connect() as connection:
        connection.execute(text("DROP TRIGGER audit_event_no_update"))
        connection.execute(text("UPDATE audit_event SET actor_name = '别人' WHERE id = :number"), {"number": number})
        connection.commit()
    with story.database.session(system_scope("tests"), kind="audit") as session:
        assert not is_genuine(session, session.get_one(AuditEvent, number))
    assert "校验不符" in get(client_of("feng"), f"/audit/{number}").text


def test_an_export_is_masked_and_on_record(story: Cast, client_of: ClientOf) -> None:
    answer = get(client_of("feng"), "/audit/export?action=case.moved")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 3
    assert not [secret for secret in SECRETS if secret in str(rows)]
    told = story.events("audit.exported")[0]
    assert told["facts"]["rows"] == 2
    assert len(told["facts"]["sha256"]) == 64
