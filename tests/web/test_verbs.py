"""The verbs of a case on their own pages: who is offered which, what each asks, what a refusal gives back."""

from __future__ import annotations

import base64
import html
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models.attachment import Attachment
from models.draft import Draft
from models.scope import system_scope
from models.task import CaseCopy, CaseTask, CaseWatch
from tests.cast import Cast
from tests.deciding import WHO, Joint, begin
from tests.pictures import drawn
from tests.web.browser import ClientOf, get, post

ALL = f"{{who: {WHO}, mode: all}}"
SIGNED = f"{{who: {WHO}, mode: all, sign: true, opinion: required}}"
ANY = f"{{who: {WHO}, mode: any}}"
BLANK = "data:image/png;base64," + base64.b64encode(drawn(ink=False)).decode()
INK = "data:image/png;base64," + base64.b64encode(drawn()).decode()


def _words(client: FlaskClient, path: str) -> str:
    page = get(client, path)
    assert page.status_code == 200, page.text
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", page.text.split('id="main"')[1]))


def _verbs(client: FlaskClient, joint: Joint) -> set[str]:
    return set(re.findall(rf"/cases/{joint.number}/verb/(\w+)", get(client, f"/cases/{joint.number}").text))


def _use(client: FlaskClient, joint: Joint, verb: str, **fields: Any) -> Any:
    return post(client, f"/cases/{joint.number}/verb/{verb}", **fields)


def _id(cast: Cast, login: str) -> str:
    return str(cast[login].staff_id)


def _rows(cast: Cast, row_class: type[Any]) -> list[Any]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(row_class).order_by(row_class.id)))


def test_the_page_says_who_decides_and_where_it_stands_with_each(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    joint.act("tan", "agree", opinion="同意，注意跟进")
    words = _words(client_of("meng"), f"/cases/{joint.number}")
    assert "会签 1/3 已同意" in words
    for part in ("覃明远", "同意，注意跟进", "2026-11-20 09:40", "孟晓岚", "轮到你", "秦素芬", "办理中"):
        assert part in words
    joint.act("meng", "return_it", target="draft", opinion="缺材料")
    joint.act("zhou", "submit")
    again = _words(client_of("meng"), f"/cases/{joint.number}")
    assert "以前的会签" in again
    assert "会签 0/3 已同意" in again


@pytest.mark.parametrize(
    ("tasks", "line"),
    [
        (f"{{who: {WHO}, mode: ratio, ratio: 2/3}}", "票签，需要 2 票，已有 1 票"),
        (f"{{who: {WHO}, mode: all, order: sequence}}", "顺序会签，第 2 位，共 3 位"),
    ],
)
def test_how_a_decision_is_counted_stands_in_one_line(
    sqlite_cast: Cast, client_of: ClientOf, tasks: str, line: str
) -> None:
    joint = begin(sqlite_cast, tasks)
    joint.act("tan", "agree")
    assert line in _words(client_of("qin"), f"/cases/{joint.number}")


def test_a_case_without_seats_shows_none(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"))
    assert 'class="seats"' not in get(client_of("qin"), f"/cases/{number}").text


def test_each_is_offered_what_they_may_use_now_and_nothing_else(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    assert _verbs(client_of("tan"), joint) == {"hand_over", "delegate", "add_signer", "recuse", "copy", "watch"}
    assert _verbs(client_of("zhou"), joint) == {"withdraw", "copy", "urge"}
    assert _verbs(client_of("chen"), joint) == {"copy", "urge", "watch"}
    for login, code in (("shi", 404), ("bai", 404), ("feng", 403), ("nobody", 403)):
        assert get(client_of(login), f"/cases/{joint.number}/verb/urge").status_code == code
        assert _use(client_of(login), joint, "urge").status_code in (403, 404)
    joint.act("meng", "refuse")
    assert _verbs(client_of("tan"), joint) == {"copy"}


def test_what_is_not_offered_is_refused_by_its_address(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, ALL)
    zhou = client_of("zhou")
    for verb in ("hand_over", "claim", "reply", "recuse", "watch", "unwatch", "remove_signer"):
        assert get(zhou, f"/cases/{joint.number}/verb/{verb}").status_code == 403, verb
        assert _use(zhou, joint, verb, note="请办", to=_id(sqlite_cast, "chen")).status_code in (403, 404, 409), verb
    assert get(zhou, f"/cases/{joint.number}/verb/terminate").status_code == 404
    assert _use(zhou, joint, "nonsense").status_code == 404
    assert joint.seats() == {"覃明远": "open", "孟晓岚": "open", "秦素芬": "open"}


def test_a_case_is_passed_on_from_its_page(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    page = get(tan, f"/cases/{joint.number}/verb/hand_over").text
    assert "陈立群" in page
    assert "柳溪镇 办公室" in page
    assert "覃明远</b>" not in page, "nobody passes a case on to themselves"
    assert "白若川" not in page, "another township's people are not offered"
    assert _use(tan, joint, "hand_over", to=_id(sqlite_cast, "chen"), note="外出开会").status_code == 302
    assert joint.seats()["陈立群"] == "open"
    words = _words(client_of("chen"), f"/cases/{joint.number}")
    assert "由 覃明远 转办" in words
    assert "已转办" in words


def test_a_refusal_gives_back_what_was_typed_and_chosen(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    answer = _use(tan, joint, "hand_over", to=_id(sqlite_cast, "chen"), note="出")
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert ">出</textarea>" in answer.text
    assert re.search(rf'value="{_id(sqlite_cast, "chen")}" checked', answer.text)
    nobody = _use(tan, joint, "hand_over", note="外出开会")
    assert nobody.status_code == 422
    assert "请从名单里选人" in nobody.text
    assert "外出开会</textarea>" in nobody.text
    assert joint.seats()["覃明远"] == "open"


@pytest.mark.parametrize("to", ["abc", "-1", "99999999999999999999", "1", "’"])
def test_people_that_nobody_could_choose_are_refused(sqlite_cast: Cast, client_of: ClientOf, to: str) -> None:
    joint = begin(sqlite_cast, ALL)
    answer = _use(client_of("tan"), joint, "delegate", to=to, note="请看")
    assert answer.status_code == 422
    assert "请从名单里选人" in answer.text


def test_a_verb_sent_twice_has_one_effect(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    for _ in range(2):
        answer = _use(tan, joint, "delegate", to=_id(sqlite_cast, "chen"), note="请看", request_key="once")
        assert answer.status_code == 302
    assert [row.origin for row in joint.rows()].count("delegated") == 1
    for _ in range(2):
        assert _use(client_of("zhou"), joint, "urge", request_key="once").status_code == 302
    assert sqlite_cast.case(joint.number).urged == 1


def test_an_opinion_is_asked_for_and_given(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, chen = begin(sqlite_cast, ALL), client_of("chen")
    _use(client_of("tan"), joint, "delegate", to=_id(sqlite_cast, "chen"), note="镇里意见如何")
    assert "已请 陈立群 提意见" in _words(chen, f"/cases/{joint.number}")
    assert _verbs(chen, joint) == {"reply", "copy", "watch"}
    assert _verbs(client_of("tan"), joint) == {"remove_signer", "copy", "urge", "watch"}
    assert _use(chen, joint, "reply", note=" ").status_code == 422
    assert _use(chen, joint, "reply", note="没有意见").status_code == 302
    words = _words(client_of("tan"), f"/cases/{joint.number}")
    assert "已回复" in words
    assert "没有意见" in words
    assert "轮到你" in words


def test_signers_are_added_before_and_after_and_taken_off_again(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, "{who: [principal@school], mode: all}"), client_of("tan")
    both = [_id(sqlite_cast, "meng"), _id(sqlite_cast, "qin")]
    assert _use(tan, joint, "add_signer", to=both, when="after").status_code == 302
    assert joint.seats() == {"覃明远": "open", "孟晓岚": "waiting", "秦素芬": "waiting"}
    page = get(tan, f"/cases/{joint.number}").text
    assert "覃明远 请后签" in page
    paths = re.findall(rf'/cases/{joint.number}/verb/remove_signer\?seat=(\d+)"', page)
    assert len(paths) == 2
    assert get(tan, f"/cases/{joint.number}/verb/remove_signer?seat={paths[0]}").status_code == 200
    assert _use(client_of("qin"), joint, "remove_signer", seat=paths[0]).status_code in (403, 409)
    assert _use(tan, joint, "remove_signer", seat=paths[0]).status_code == 302
    assert sorted(joint.seats().values()) == ["open", "removed", "waiting"]


def test_a_pool_is_claimed_and_given_back(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, meng = begin(sqlite_cast, ANY), client_of("meng")
    assert "claim" in _verbs(meng, joint)
    assert _use(meng, joint, "claim").status_code == 302
    assert "claim" not in _verbs(client_of("tan"), joint)
    assert "release" in _verbs(meng, joint)
    assert _use(meng, joint, "release").status_code == 302
    assert "claim" in _verbs(client_of("tan"), joint)


def test_stepping_back_is_asked_why(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    assert _use(tan, joint, "recuse").status_code == 422
    assert _use(tan, joint, "recuse", note="是孩子的亲属").status_code == 302
    assert "回避" in _words(client_of("qin"), f"/cases/{joint.number}")


def test_a_step_is_taken_back_by_its_name_until_somebody_has_acted(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, zhou = begin(sqlite_cast, ALL), client_of("zhou")
    assert "撤回“提交”" in _words(zhou, f"/cases/{joint.number}")
    assert _use(zhou, joint, "withdraw").status_code == 302
    assert joint.state == "draft"
    joint.act("zhou", "submit")
    joint.act("tan", "agree")
    words = _words(zhou, f"/cases/{joint.number}")
    assert "后面的人已经办理，不能撤回" in words
    assert _use(zhou, joint, "withdraw").status_code in (403, 409, 422)
    assert joint.state == "review"


def test_a_copy_goes_to_several_and_urging_is_counted(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, zhou = begin(sqlite_cast, ALL), client_of("zhou")
    both = [_id(sqlite_cast, "chen"), _id(sqlite_cast, "meng")]
    assert _use(zhou, joint, "copy", to=both, note="请知悉").status_code == 302
    assert [str(row.staff_id) for row in _rows(sqlite_cast, CaseCopy)] == both
    for _ in range(2):
        _use(zhou, joint, "urge")
    assert "催办 · 已 2 次" in _words(zhou, f"/cases/{joint.number}")
    assert "已催办 2 次，上次 2026-11-20 09:40" in _words(zhou, f"/cases/{joint.number}/verb/urge")


def test_a_watch_is_begun_shown_and_ended(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    late = _use(tan, joint, "watch", note="月底前办结", due_on="2026-11-01")
    assert late.status_code == 422
    assert "期限不能早于今天" in late.text
    assert "月底前办结</textarea>" in late.text
    assert _use(tan, joint, "watch", note="月底前办结", due_on="x").status_code == 422
    for _ in range(2):
        sent = _use(tan, joint, "watch", note="月底前办结", due_on="2026-11-30", request_key="w")
        assert sent.status_code == 302
    assert "覃明远 督办" in _words(client_of("zhou"), f"/cases/{joint.number}")
    assert _verbs(tan, joint) >= {"unwatch"}
    assert "watch" not in _verbs(tan, joint)
    assert _use(tan, joint, "unwatch").status_code == 302
    (row,) = _rows(sqlite_cast, CaseWatch)
    assert row.ended_at is not None
    assert "督办" not in _words(client_of("zhou"), f"/cases/{joint.number}")
    assert [event["action"] for event in sqlite_cast.events("case.watched", "case.unwatched")] == [
        "case.watched", "case.unwatched",
    ]  # fmt: skip


def test_sending_back_chooses_among_the_states_that_were_passed(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    path = f"/cases/{joint.number}/return_it"
    page = get(tan, path).text
    assert 'value="draft"' in page
    assert 'value="review"' not in page, "not where it stands already"
    for target, opinion in (("", "缺材料"), ("agreed", "缺材料"), ("nothing", "缺材料"), ("draft", "")):
        answer = post(tan, path, target=target, opinion=opinion)
        assert answer.status_code == 422, (target, opinion)
        assert f">{opinion}</textarea>" in answer.text
    assert post(tan, path, target="draft", opinion="缺材料").status_code == 302
    assert joint.state == "draft"


def test_words_that_a_state_requires_are_asked_for_and_kept(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, f"{{who: {WHO}, mode: all, opinion: required}}"), client_of("tan")
    assert 'name="opinion" required' in get(tan, f"/cases/{joint.number}").text
    assert "请填写" in post(tan, f"/cases/{joint.number}/agree", opinion=" ").text
    long = post(tan, f"/cases/{joint.number}/agree", opinion="好" * 1_001)
    assert long.status_code == 422
    assert "好" * 1_001 in long.text
    assert post(tan, f"/cases/{joint.number}/agree", opinion="同意").status_code == 302
    assert joint.seats()["覃明远"] == "done"


def test_a_drawn_signature_is_kept_with_the_seat(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, SIGNED), client_of("tan")
    path = f"/cases/{joint.number}/agree"
    assert "data-sign" in get(tan, path).text
    assert post(tan, path, opinion="同意", signature_drawn=INK).status_code == 302
    (kept,) = _rows(sqlite_cast, Attachment)
    assert (kept.field, kept.protection, kept.kind) == ("signature", "P1", "jpeg")
    seat = next(row for row in _rows(sqlite_cast, CaseTask) if row.name == "覃明远")
    assert seat.signature_id == kept.id
    page = get(client_of("meng"), f"/cases/{joint.number}").text
    assert f"/attachments/{kept.id}/small" in page
    assert get(client_of("meng"), f"/attachments/{kept.id}/small").status_code == 200
    assert get(client_of("bai"), f"/attachments/{kept.id}/small").status_code == 404
    assert post(tan, f"/attachments/{kept.id}/remove", reason="写错了").status_code == 302
    assert [row.removed_at for row in _rows(sqlite_cast, Attachment)] == [None], "it stays as long as the voice"


def test_a_signature_may_be_a_photo(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, SIGNED), client_of("tan")
    file = (io.BytesIO(drawn()), "qianming.png")
    assert post(tan, f"/cases/{joint.number}/agree", opinion="同意", signature=file).status_code == 302
    assert len(_rows(sqlite_cast, Attachment)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"signature": "123"},
        {"signature_drawn": "123"},
        {"signature_drawn": BLANK},
        {"signature_drawn": "data:image/png;base64,%%%"},
        {"signature_drawn": "data:image/png;base64," + base64.b64encode(b"<svg onload=alert(1)>").decode()},
        {"signature_drawn": "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode()},
        {"signature_drawn": INK[: len(INK) // 2]},
    ],
)
def test_what_is_no_signature_is_refused_beside_its_field(
    sqlite_cast: Cast, client_of: ClientOf, fields: dict[str, str]
) -> None:
    joint, tan = begin(sqlite_cast, SIGNED), client_of("tan")
    answer = post(tan, f"/cases/{joint.number}/agree", opinion="同意这样办", **fields)
    assert answer.status_code == 422
    assert 'id="ask-signature-error"' in answer.text
    assert "同意这样办</textarea>" in answer.text
    assert joint.seats()["覃明远"] == "open"
    assert _rows(sqlite_cast, Attachment) == []


def test_a_signature_outlives_a_refusal(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, SIGNED), client_of("tan")
    answer = post(tan, f"/cases/{joint.number}/agree", opinion=" ", signature_drawn=INK)
    assert answer.status_code == 422
    kept = re.search(r'name="signature_drawn" value="(data:image/jpeg;base64,[^"]+)"', answer.text)
    assert kept
    assert post(tan, f"/cases/{joint.number}/agree", opinion="同意", signature_drawn=kept[1]).status_code == 302


def test_without_a_seat_the_signature_stands_with_the_step(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, f"{{who: {WHO}, mode: any, sign: true}}")
    assert post(client_of("meng"), f"/cases/{joint.number}/agree", signature_drawn=INK).status_code == 302
    (kept,) = _rows(sqlite_cast, Attachment)
    assert f"/attachments/{kept.id}/small" in get(client_of("zhou"), f"/cases/{joint.number}").text


def test_people_outside_the_circle_see_nothing_of_a_confidential_decision(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    joint = begin(sqlite_cast, "{who: [principal@school, counsellor@school], mode: all}", confidential=True)
    assert get(client_of("qin"), f"/cases/{joint.number}/verb/urge").status_code == 404
    assert _use(client_of("qin"), joint, "watch", note="请办结").status_code == 404
    assert "这是保密事项" in get(client_of("tan"), f"/cases/{joint.number}/verb/copy").text
    assert _use(client_of("tan"), joint, "copy", to=_id(sqlite_cast, "qin")).status_code == 302
    assert get(client_of("qin"), f"/cases/{joint.number}").status_code == 200


def test_a_page_that_is_out_of_date_is_told_so(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    before = sqlite_cast.case(joint.number).rev
    joint.act("meng", "return_it", target="draft")
    joint.act("zhou", "submit")
    answer = _use(tan, joint, "hand_over", to=_id(sqlite_cast, "chen"), note="外出开会", rev=str(before))
    assert answer.status_code == 422
    assert "刚被别人办理过" in answer.text
    assert "外出开会</textarea>" in answer.text
    assert sqlite_cast.case(joint.number).state == "review"


def test_words_typed_for_a_verb_wait_until_it_is_used(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    path = f"/cases/{joint.number}/verb/hand_over"
    kept_at = html.unescape(re.search(r'data-draft-url="([^"]+)"', get(tan, path).text)[1])  # type: ignore[index]
    post(tan, kept_at, note="外出开会，请陈老师看", to=_id(sqlite_cast, "chen"))
    page = get(tan, path).text
    assert "外出开会，请陈老师看" in page
    assert "的草稿" in page
    assert f'value="{_id(sqlite_cast, "chen")}" checked' in page
    assert "外出开会" not in get(tan, f"/cases/{joint.number}/verb/delegate").text
    assert "外出开会" not in get(client_of("meng"), path).text, "each keeps their own"
    assert _use(tan, joint, "hand_over", to="", note="外出开会，改一改").status_code == 422
    with sqlite_cast.database.session(system_scope("tests")) as session:
        sealed = [draft.content_sealed for draft in session.scalars(select(Draft))]
        assert len(sealed) == 1
        assert "外出".encode() not in sealed[0]
    assert _use(tan, joint, "hand_over", to=_id(sqlite_cast, "chen"), note="外出开会").status_code == 302
    assert _rows(sqlite_cast, Draft) == []


def test_words_about_one_seat_do_not_wait_at_another(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, ALL), client_of("tan")
    for login in ("chen", "zhou"):
        assert _use(tan, joint, "add_signer", to=_id(sqlite_cast, login), when="after").status_code == 302
    addresses = [
        html.unescape(found)
        for found in re.findall(r'href="([^"]*verb/remove_signer[^"]*)"', get(tan, f"/cases/{joint.number}").text)
    ]
    assert len(addresses) == 2
    first, second = addresses
    kept_at = html.unescape(re.search(r'data-draft-url="([^"]+)"', get(tan, first).text)[1])  # type: ignore[index]
    post(tan, kept_at, note="请错了人", seat=first.split("seat=")[1])
    assert "请错了人" in get(tan, first).text
    assert "请错了人" not in get(tan, second).text


def test_an_opinion_outlives_an_expired_log_in(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint, tan = begin(sqlite_cast, SIGNED), client_of("tan")
    path = f"/cases/{joint.number}/agree"
    kept_at = html.unescape(re.search(r'data-draft-url="([^"]+)"', get(tan, path).text)[1])  # type: ignore[index]
    post(tan, kept_at, opinion="同意，家访每周一次", signature_drawn=INK)
    page = get(tan, path).text
    assert "同意，家访每周一次" in page
    assert INK not in page, "one signs at the moment of deciding"
    assert post(tan, path, opinion="同意", signature_drawn=INK).status_code == 302
    assert _rows(sqlite_cast, Draft) == []
