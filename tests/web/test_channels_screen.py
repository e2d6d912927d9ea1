"""The screens of the message channels: who sets them up, what is never shown again, and the test message."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from models.audit import AuditEvent
from models.channel import Channel
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Staff
from models.types import new_id
from models.vault import DataKey, learn_keys
from tests.cast import NOW, Cast
from tests.far_ends import FarEnd, answering, far_end, outside, post_office
from tests.office import events
from tests.web.browser import ClientOf, get, post
from workflows.outbox.outside import Outside

SECRET, ADDRESS = "sesame-open-twice-7", "https://far.example.org/hook?token=hidden-9"
WEBHOOK = {"place": "ZX", "name": "县平台", "url": ADDRESS, "secret": SECRET, "topics": ["case.moved", "digest"]}


def channels(cast: Cast) -> list[Channel]:
    with cast.database.session(system_scope("tests")) as session:
        found = list(session.scalars(select(Channel).order_by(Channel.id)))
        learn_keys(session, [channel.id for channel in found])
        for channel in found:
            channel.__dict__["opened"] = (channel.url, channel.secret)
        return found


def everything_told(cast: Cast) -> str:
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        return "\n".join(session.scalars(select(AuditEvent.body)))


def test_an_office_adds_a_webhook_and_its_secret_is_never_shown_again(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    answer = post(client, "/channels/new/webhook", **WEBHOOK)
    assert answer.status_code == 302
    [channel] = channels(sqlite_cast)
    assert (channel.name, channel.school_code, channel.is_on, channel.topics) == (
        "县平台", "ZX", True, ["case.moved", "digest"],
    )  # fmt: skip
    assert channel.__dict__["opened"] == (ADDRESS, SECRET)
    for address in ("/channels/", answer.location, f"{answer.location}/edit"):
        page = get(client, address).text
        assert "县平台" in page
        assert SECRET not in page
        assert "hidden-9" not in page
    assert SECRET not in everything_told(sqlite_cast)
    assert "hidden-9" not in everything_told(sqlite_cast)
    assert ("秦素芬", "channel.made", {"kind": (None, "webhook"), "name": (None, "县平台"),
            "topics": (None, "case.moved, digest")}) in events(sqlite_cast)  # fmt: skip


def test_what_is_left_empty_stays_and_what_is_changed_is_told(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    where = post(client, "/channels/new/webhook", **WEBHOOK).location
    changed = {"name": "市平台", "url": "", "secret": "", "topics": ["case.moved"], "rev": "1"}
    assert post(client, f"{where}/edit", **changed).status_code == 302
    assert channels(sqlite_cast)[0].__dict__["opened"] == (ADDRESS, SECRET)
    assert post(client, f"{where}/edit", **changed).status_code == 409, "somebody was faster"
    renewed = changed | {"secret": "another-secret-of-ours", "rev": "2"}
    assert post(client, f"{where}/edit", **renewed).status_code == 302
    assert channels(sqlite_cast)[0].__dict__["opened"] == (ADDRESS, "another-secret-of-ours")
    told = [changes for _who, action, changes in events(sqlite_cast) if action == "channel.changed"]
    assert told == [{"name": ("县平台", "市平台"), "topics": ("case.moved, digest", "case.moved")}, {}]
    assert '"renewed":"secret"' in everything_told(sqlite_cast)


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("webhook", {"url": "ftp://x.example.org/"}, "应为 https:// 开头的地址"),
        ("webhook", {"secret": "short"}, "签名密钥至少 16 个字符"),
        ("webhook", {"name": ""}, "不能为空"),
        ("webhook", {"topics": ["nonsense"]}, "不在可选范围内"),
        ("webhook", {"place": "BX"}, "没有这个单位"),
        ("wecom", {"url": "no key"}, "应为群机器人的 Webhook 地址"),
        ("mail", {"host": "a b"}, "应为服务器名"),
        ("mail", {"host": "mail.example.org", "port": "0"}, "应为 1 至 65535 的整数"),
        ("mail", {"sender": "x@y.example.org\r\nBcc: evil@example.org"}, "不是电子邮箱地址"),
        ("mail", {"security": "none"}, "请选择加密方式"),
    ],
)
def test_what_is_wrong_is_said_beside_its_question(
    sqlite_cast: Cast, client_of: ClientOf, kind: str, typed: dict[str, str], said: str
) -> None:
    whole = {**WEBHOOK, "host": "mail.example.org", "port": "465", "security": "tls", "sender": "a@example.org"}
    answer = post(client_of("qin"), f"/channels/new/{kind}", **(whole | typed))
    assert answer.status_code == 422
    assert said in answer.text
    assert channels(sqlite_cast) == []


def test_a_robots_key_is_taken_out_of_the_address_that_the_group_shows(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("chen")
    for kind, url in (
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcdef-123456"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=abcdef-123456"),
    ):
        typed = {"place": "LX", "name": "群", "url": url, "topics": ["wave.opened"]}
        assert post(client, f"/channels/new/{kind}", **typed).status_code == 302
    assert [channel.__dict__["opened"] for channel in channels(sqlite_cast)] == [("abcdef-123456", None)] * 2


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> dict[str, FarEnd]:
    """Let the site reach this machine only; `end` is where robots of WeCom live."""
    ends: dict[str, FarEnd] = {}

    def world(_settings: object) -> Outside:
        return outside(wecom=ends["end"].url())

    monkeypatch.setattr("admin_app.views.channels.outside_of", world)
    return ends


def test_a_test_message_says_whether_it_arrived(
    sqlite_cast: Cast, client_of: ClientOf, near: dict[str, FarEnd]
) -> None:
    client = client_of("qin")
    typed = {"place": "ZX", "name": "群", "url": "robots-own-key", "topics": ["case.moved"]}
    where = post(client, "/channels/new/wecom", **typed).location
    with far_end(answering((200, b'{"errcode":0}'), (200, b'{"errcode":93000}'))) as near["end"]:
        post(client, f"{where}/try")
        page = get(client, where).text
        assert "已送到。" in page
        assert "试发" in near["end"].body().decode()
        post(client, f"{where}/try")
        page = get(client, where).text
        assert "没有送到：机器人答错误码 93000" in page
    told = [body for body in everything_told(sqlite_cast).splitlines() if "channel.tried" in body]
    assert [("robot_93000" in body, '"outcome":"refused"' in body) for body in told] == [(False, False), (True, True)]
    assert channels(sqlite_cast)[0].rev == 1, "a test is no change of the channel"


def test_a_test_by_mail_goes_to_the_persons_own_address(
    sqlite_cast: Cast, client_of: ClientOf, near: dict[str, FarEnd]
) -> None:
    client = client_of("qin")
    with far_end(post_office()) as near["end"]:
        typed = {"place": "ZX", "name": "邮件", "host": "far.example.org", "port": str(near["end"].port),
                 "security": "tls", "sender": "office@example.org", "topics": ["case.moved"]}  # fmt: skip
        where = post(client, "/channels/new/mail", **typed).location
        assert "请先在“我的账号”填写电子邮箱" in get(client, where).text
        post(client, f"{where}/try")
        assert near["end"].heard == []
        own = {"language": "zh", "theme": "auto", "size": "normal", "told": "at_once", "email": "qin@example.org"}
        assert post(client, "/account", **own).status_code == 302
        post(client, f"{where}/try")
        assert b"qin@example.org" in near["end"].heard[0]
    assert "已送到" in get(client, where).text


def test_what_was_given_up_is_shown_with_its_reason_and_sent_again(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    where = post(client, "/channels/new/webhook", **WEBHOOK).location
    [channel] = channels(sqlite_cast)
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        lost = {"topic": "case.moved", "channel": "webhook", "channel_id": channel.id, "recipient": "x", "payload": {}}
        moments = {"made_at": NOW, "due_at": NOW, "given_up_at": NOW}
        session.add(OutboxMessage(id=new_id(), failure="http_500", tries=9, **lost, **moments))
    page = get(client, where).text
    assert "对方答 HTTP 500" in page
    assert "已放弃" in page
    post(client, f"{where}/again")
    assert "1 条消息将重新发送。" in get(client, where).text
    with sqlite_cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(OutboxMessage)).one()
    assert (row.given_up_at, row.tries) == (None, 0)


def test_a_channel_is_held_back_and_removed_with_its_key(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    where = post(client, "/channels/new/webhook", **WEBHOOK).location
    [channel] = channels(sqlite_cast)
    assert post(client, f"{where}/off?rev=1").status_code == 302
    assert "停用" in get(client, where).text
    assert post(client, f"{where}/on?rev=2").status_code == 302
    assert "地址和密钥一起删除" in get(client, f"{where}/remove").text
    assert post(client, f"{where}/remove?rev=3").location == "/channels/"
    assert channels(sqlite_cast) == []
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.get(DataKey, channel.id) is None


def test_the_neighbours_channels_do_not_exist(sqlite_cast: Cast, client_of: ClientOf) -> None:
    where = post(client_of("qin"), "/channels/new/webhook", **WEBHOOK).location
    stranger = client_of("bai")
    assert "县平台" not in get(stranger, "/channels/").text
    for address in (where, f"{where}/edit", f"{where}/remove"):
        assert get(stranger, address).status_code == 404
    assert post(stranger, f"{where}/remove?rev=1").status_code == 404
    assert len(channels(sqlite_cast)) == 1


def test_a_person_sets_how_to_be_told_and_sees_the_address_masked(
    site: Flask, sqlite_cast: Cast, client_of: ClientOf
) -> None:
    client = client_of("zhou")
    looks = {"language": "zh", "theme": "auto", "size": "normal"}
    assert post(client, "/account", **looks, told="at_once", email="zhou.min@example.org").status_code == 302
    page = get(client, "/account").text
    assert "z****@example.org" in page
    assert "zhou.min" not in page
    assert post(client, "/account", **looks, told="never", email="z****@example.org").status_code == 302
    with sqlite_cast.database.session(system_scope("tests")) as session:
        staff = session.scalars(select(Staff).where(Staff.login == "zhou")).one()
        learn_keys(session, [staff.id])
        assert (staff.email, staff.told) == ("zhou.min@example.org", "never")
    answer = post(client, "/account", **looks, told="never", email="nonsense")
    assert "不是电子邮箱地址" in answer.text
    assert "zhou.min" not in everything_told(sqlite_cast)
    changed = [changes for _who, action, changes in events(sqlite_cast) if action == "account.messages_changed"]
    assert changed == [
        {"told": ("daily", "at_once"), "email": (None, "zhou.min@example.org")},
        {"told": ("at_once", "never")},
    ]


def test_whoever_edits_staff_gives_an_address_that_is_shown_masked(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client, number = client_of("sys"), sqlite_cast["zhou"].staff_id
    page = get(client, f"/staff/edit/?id={number}").text
    assert "电子邮箱" in page
    typed = {"name": "周敏", "place": "ZX", "email": "zhou.min@example.org", "rev": "1"}
    assert post(client, f"/staff/edit/?id={number}", **typed).status_code == 302
    page = get(client, f"/staff/details/?id={number}").text
    assert "z****@example.org" in page
    assert "zhou.min" not in page
    refused = post(client, f"/staff/edit/?id={number}", **(typed | {"email": "a@b\nBcc: c@d.example.org", "rev": "2"}))
    assert "不是电子邮箱地址" in refused.text
