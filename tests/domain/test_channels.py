"""Channels by themselves: what goes over the line, who may be reached, and what a bad other end can do."""

from __future__ import annotations

import base64
import email
import hmac
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.policy import default
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.far_ends import HOST, FarEnd, answering, dripping, far_end, outside, papers, post_office, silent, written
from workflows.outbox.address import is_public
from workflows.outbox.letter import CaseWords, Letter, case_letter, plain
from workflows.outbox.mail import message_of, send_mail
from workflows.outbox.outside import Account, Outside, Undelivered, in_chinese
from workflows.outbox.robots import LONGEST_TEXT, send_dingtalk, send_wecom, text_of
from workflows.outbox.webhook import send_webhook, signature

MADE = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)
MOMENT = MADE.timestamp()
LETTER = Letter("4711", "case.moved", "事项进展：JD-2026-0007", ("事项已到新的环节", "案号：JD-2026-0007"), MADE,
                "https://site.example.org/cases/JD-2026-0007", to="qin@school.example.org",
                facts={"case": "JD-2026-0007"})  # fmt: skip
SECRET = "sesame-open-7"


def _hook(end: FarEnd, **changed: str) -> Account:
    return replace(Account(1, "webhook", url=end.url(), secret=SECRET), **changed)


def _mail(end: FarEnd, **changed: str) -> Account:
    account = Account(1, "mail", HOST, end.port, "tls", "office@school.example.org", "office", SECRET)
    return replace(account, url="", secret=SECRET, **changed)


def _why(send: Callable[..., None], account: Account, world: Outside, letter: Letter = LETTER) -> str:
    with pytest.raises(Undelivered) as refused:
        send(account, letter, world, MOMENT)
    told = f"{refused.value!r} {refused.value.__cause__!r} {account!r} {letter!r}"
    assert SECRET not in told
    assert account.url not in told or not account.url
    return refused.value.code


# Webhook


def test_a_webhook_is_signed_over_moment_and_body_and_carries_its_number() -> None:
    with far_end(answering((204, b""))) as end:
        send_webhook(_hook(end), LETTER, outside(), MOMENT)
    head, body = end.head(), end.body()
    stamp = head["shouwang-timestamp"]
    mark = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    assert head["shouwang-signature"] == f"sha256={mark}"
    assert signature(SECRET, "1", body) != f"sha256={mark}", "another moment is another signature"
    assert (stamp, head["shouwang-delivery"], head["host"]) == (str(int(MOMENT)), "4711", f"{HOST}:{end.port}")
    told = json.loads(body)
    assert (told["id"], told["topic"], told["facts"]) == ("4711", "case.moved", {"case": "JD-2026-0007"})


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_anything_but_2xx_is_no_delivery_and_no_redirect_is_followed(status: int) -> None:
    with far_end(answering((200, b""))) as elsewhere, \
            far_end(answering(written(status, b"", f"Location: {elsewhere.url()}\r\n"))) as end:  # fmt: skip
        assert _why(send_webhook, _hook(end), outside()) == f"http_{status}"
        assert elsewhere.heard == []
        assert len(end.heard) == 1


def test_a_hook_that_says_gone_is_not_asked_again() -> None:
    with far_end(answering((410, b""))) as end, pytest.raises(Undelivered) as refused:
        send_webhook(_hook(end), LETTER, outside(), MOMENT)
    assert refused.value.is_final


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1",
     "fc00::7", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "240.0.0.1"],
)  # fmt: skip
def test_addresses_inside_the_house_are_refused_however_they_are_written(host: str) -> None:
    assert not is_public(host)
    with far_end(answering((200, b""))) as end:
        world = outside(private_hosts=frozenset(), resolve=lambda name, port: [host])
        assert _why(send_webhook, _hook(end), world) == "address_refused"
        world = outside(private_hosts=frozenset(), resolve=lambda name, port: ["93.184.216.34", host])
        assert _why(send_webhook, _hook(end), world) == "address_refused", "one of several is enough"
        assert end.heard == []


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "203.119.24.7"])
def test_the_open_network_is_reached(address: str) -> None:
    assert is_public(address)


def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with far_end(answering((200, b""))) as end:
        send_webhook(_hook(end), LETTER, outside(resolve=resolve), MOMENT)
    assert asked == [HOST]


def test_without_tls_only_hosts_named_in_the_settings_are_spoken_to() -> None:
    with far_end(answering((200, b"")), tls=False) as end:
        send_webhook(_hook(end, url=end.url(scheme="http")), LETTER, outside(), MOMENT)
        world = outside(private_hosts=frozenset(), resolve=lambda host, port: ["93.184.216.34"])
        assert _why(send_webhook, _hook(end, url=end.url(scheme="http")), world) == "address_refused"
        assert len(end.heard) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example.org/",
        "https:///x",
        "https://u:p@a.example.org/",
        "file:///etc/x",
        "https://a.example.org/\r\nX: y",
        "nonsense",
        "https://a.example.org:99999/",
    ],
)
def test_an_address_that_is_none_reaches_nobody(url: str) -> None:
    assert _why(send_webhook, Account(1, "webhook", url=url, secret=SECRET), outside()) == "broken_off"


def test_a_certificate_that_nobody_signed_or_of_another_host_is_refused() -> None:
    with far_end(answering((200, b""))) as end:
        assert _why(send_webhook, _hook(end), outside(trust=Outside().trust)) == "certificate"
    with far_end(answering((200, b"")), host="other.example.org") as end:
        assert _why(send_webhook, _hook(end), outside(trust=_both)) == "certificate"
    assert end.heard == []


def _both() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=papers("other.example.org").authority.decode())


def test_a_server_that_hangs_or_drips_is_left_in_time() -> None:
    began = time.monotonic()
    with far_end(silent) as end:
        assert _why(send_webhook, _hook(end), outside(silence=0.2)) == "timeout"
    with far_end(dripping) as end:
        assert _why(send_webhook, _hook(end), outside(seconds=0.4)) == "timeout"
    with far_end(lambda line, end: end.wait.wait(9) and None, tls=False) as end:
        assert _why(send_webhook, _hook(end), outside(seconds=0.4)) == "timeout", "a handshake that never ends"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", b"\x00\xff" * 99,
     b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_an_answer_that_breaks_off_or_never_ends_is_no_delivery(answer: bytes) -> None:
    with far_end(answering(answer)) as end:
        assert _why(send_webhook, _hook(end), outside()) == "broken_off"


def test_a_letter_too_large_is_given_up_before_anybody_is_called() -> None:
    huge = replace(LETTER, facts={"case": "x" * 70_000})
    with far_end(answering((200, b""))) as end, pytest.raises(Undelivered) as refused:
        send_webhook(_hook(end), huge, outside(), MOMENT)
    assert (refused.value.code, refused.value.is_final, end.heard) == ("too_large", True, [])


def test_nobody_at_the_other_end_is_told_apart() -> None:
    with far_end(answering((200, b""))) as end:
        gone = _hook(end)
    assert _why(send_webhook, gone, outside()) == "refused"


# Robots


def test_wecom_is_told_in_its_own_form() -> None:
    with far_end(answering((200, b'{"errcode":0,"errmsg":"ok"}'))) as end:
        send_wecom(Account(1, "wecom", url="key-1"), LETTER, outside(wecom=end.url("/cgi-bin/webhook/send")), MOMENT)
    first = end.heard[0].split(b" ")[1].decode()
    assert (urlsplit(first).path, parse_qs(urlsplit(first).query)) == ("/cgi-bin/webhook/send", {"key": ["key-1"]})
    told = json.loads(end.body())
    assert told["msgtype"] == "text"
    assert told["text"]["content"].splitlines() == [LETTER.title, *LETTER.lines, LETTER.link]


def test_dingtalk_is_told_in_its_own_form_with_its_sign() -> None:
    with far_end(answering((200, b'{"errcode":0}'))) as end:
        send_dingtalk(Account(1, "dingtalk", url="t1", secret="SEC9"), LETTER, outside(dingtalk=end.url()), MOMENT)
        send_dingtalk(Account(1, "dingtalk", url="t1"), LETTER, outside(dingtalk=end.url()), MOMENT)
    asked, bare = (parse_qs(urlsplit(one.split(b" ")[1].decode()).query) for one in end.heard)
    stamp = str(int(MOMENT * 1000))
    mark = hmac.new(b"SEC9", f"{stamp}\nSEC9".encode(), "sha256").digest()
    assert asked == {"access_token": ["t1"], "timestamp": [stamp], "sign": [base64.b64encode(mark).decode()]}
    assert bare == {"access_token": ["t1"]}, "a robot that asks for no sign gets none"


@pytest.mark.parametrize(
    ("answer", "why"),
    [((200, b'{"errcode":45009}'), "too_many"), ((200, b'{"errcode":93000}'), "robot_93000"),
     ((200, b"<html>"), "strange_answer"), ((200, b"[]"), "strange_answer"), ((502, b""), "http_502")],
)  # fmt: skip
def test_a_robot_that_refuses_says_so_in_its_answer(answer: tuple[int, bytes], why: str) -> None:
    with far_end(answering(answer)) as end:
        assert _why(send_wecom, Account(1, "wecom", url="robots-own-key"), outside(wecom=end.url())) == why


@given(st.lists(st.text(max_size=60).map(lambda words: words * 6), max_size=12), st.text(max_size=130))
def test_what_a_group_reads_stays_within_what_robots_take(lines: list[str], title: str) -> None:
    kept = tuple(plain(line, 200) for line in lines)
    assert len(text_of(replace(LETTER, title=plain(title, 120), lines=kept)).encode()) <= LONGEST_TEXT + 200


# E-mail


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_goes_over_tls_logged_in_in_plain_text_and_html(security: str) -> None:
    with far_end(post_office(login=f"office:{SECRET}"), tls=security == "tls") as end:
        send_mail(_mail(end, security=security), LETTER, outside(), MOMENT)
    envelope, _blank, written_ = end.heard[0].partition(b"\r\n\r\n")
    assert b"qin@school.example.org" in envelope
    message = email.message_from_bytes(written_, policy=default)
    assert message["Subject"] == LETTER.title
    assert message["Message-ID"] == "<4711@school.example.org>"
    assert message["To"] == "qin@school.example.org"
    plain_part, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain_part is not None
    assert html is not None
    assert plain_part.get_content().splitlines() == [*LETTER.lines, "", LETTER.link]
    assert f'href="{LETTER.link}"' in html.get_content()


def test_mail_is_never_handed_over_without_tls() -> None:
    with far_end(post_office(starttls=False), tls=False) as end:
        assert _why(send_mail, _mail(end, security="starttls"), outside()) == "no_tls"
    with far_end(post_office(), tls=False) as end:
        assert _why(send_mail, _mail(end, security="starttls"), outside(trust=Outside().trust)) == "certificate"
        assert end.heard == []
        inside = outside(private_hosts=frozenset())
        assert _why(send_mail, _mail(end, security="starttls"), inside) == "address_refused"


def test_a_recipient_whom_the_server_does_not_know_is_not_tried_again() -> None:
    for answer, is_final in ((b"550 nobody\r\n", True), (b"450 later\r\n", False)):
        with far_end(post_office(refuses=answer)) as end, pytest.raises(Undelivered) as refused:
            send_mail(_mail(end, login=""), LETTER, outside(), MOMENT)
        assert (refused.value.code, refused.value.is_final) == (f"smtp_{answer[:3].decode()}", is_final)


def test_a_wrong_password_a_full_box_and_a_line_cut_after_the_message_are_told_apart() -> None:
    with far_end(post_office(login="office:other")) as end:
        assert _why(send_mail, _mail(end), outside()) == "login_refused"
    with far_end(post_office(after=b"452 full\r\n")) as end:
        assert _why(send_mail, _mail(end, login=""), outside()) == "smtp_452"
    with far_end(post_office(after=b"")) as end:
        assert _why(send_mail, _mail(end, login=""), outside()) == "broken_off"
    with far_end(lambda line, end: end.wait.wait(9) and None) as end:
        assert _why(send_mail, _mail(end), outside(silence=0.2)) in ("timeout", "broken_off")


@pytest.mark.parametrize("evil", ["事项\r\nBcc: evil@example.org", "a\nb", "x" * 5000, "a\x00b\u2028c\u202ed"])
def test_nothing_in_a_title_becomes_a_header(evil: str) -> None:
    case = CaseWords(evil, None, None)
    letter = case_letter("1", "case.moved", case, {"case": evil}, MADE, in_chinese, to="qin@school.example.org")
    account = Account(1, "mail", sender="office@school.example.org")
    message = email.message_from_bytes(bytes(message_of(account, letter)), policy=default)
    assert sorted(message.keys()) == sorted(
        ["Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert len(letter.title) <= 120
    assert not set(letter.title) & set("\r\n\x00\u2028\u202e")


def test_an_address_that_carries_a_header_reaches_nobody() -> None:
    with far_end(post_office()) as end:
        evil = replace(LETTER, to="qin@school.example.org\r\nBcc: evil@example.org")
        assert _why(send_mail, _mail(end, login=""), outside(), evil) == "broken_off"
        assert end.heard == []
