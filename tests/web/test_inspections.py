"""Inspections on screen: the list, the places to inspect, and the draw by lot with its proof."""

from __future__ import annotations

import hashlib
import html
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models.case import Case
from models.draw import PlaceDraw
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.pictures import photo
from tests.playing import appoint
from tests.steps import CIRCULAR, FOUND, NOTICE, RECHECKED, RECTIFIED, SELF_CHECK
from tests.web.browser import ClientOf, get, post
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission

DRAWS = "/inspections/draws/"


def words(client: FlaskClient, path: str) -> str:
    answer = get(client, path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text.split('id="main"')[-1])).split())


def inspect(cast: Cast, place: str, login: str = "feng", **answers: Any) -> str:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        begun = Beginning(NOTICE | answers)
        return open_case_about(tx, "inspection", "place", cast.places[place].id, begun).number


def act(cast: Cast, login: str, number: str, step: str, answers: dict[str, Any], days: int = 0) -> None:
    at = NOW + timedelta(days=days)
    with cast.acting(login, Permission.CASE_ACT, at) as tx:
        act_on_case(tx, number, Request(step, answers=answers))


def with_findings(cast: Cast, until: str) -> str:
    number = inspect(cast, "ZX")
    act(cast, "qin", number, "self_check", SELF_CHECK)
    row = FOUND["findings"][0]
    found = FOUND | {"findings": [row | {"until": until}, row | {"problem": "缺家访记录"}]}
    act(cast, "feng", number, "find", found)
    return number


def prepared(client: FlaskClient, place: str = "", **many: str) -> str:
    fields = {f"many-{key.replace('_', ':', 1)}": value for key, value in many.items()}
    answer = post(client, f"{DRAWS}new", **fields, **({"township": place} if place else {}))
    assert answer.status_code == 302, answer.text
    return answer.location


def test_the_list_tells_state_score_open_findings_and_the_nearest_limit(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = with_findings(sqlite_cast, "2026-12-01")
    for login in ("feng", "qin", "chen", "tan"):
        told = words(client_of(login), "/inspections/")
        assert re.search(rf"柳溪镇中心小学 限期整改 县督查一组 2026-11-27 11 2 2026-12-01 {number}", told), (
            login,
            told,
        )


def test_a_limit_that_has_passed_is_told_until_the_rectification_is_reported(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    number = with_findings(sqlite_cast, "2026-11-18")
    feng = client_of("feng")
    assert "逾期 2 天 2026-11-18" in words(feng, "/inspections/")
    assert number in words(feng, "/inspections/?state=late")
    act(sqlite_cast, "qin", number, "rectify", RECTIFIED)
    assert "逾期 2 天" not in words(feng, "/inspections/")
    assert number not in words(feng, "/inspections/?state=late")
    assert number in words(feng, "/inspections/?state=rechecking")


def test_nobody_lists_inspections_of_other_places(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = with_findings(sqlite_cast, "2026-12-01")
    for login in ("bai", "zhou", "shi"):
        for path in (
            "/inspections/",
            "/inspections/?township=LX",
            "/inspections/?school=ZX",
            "/inspections/?state=late",
        ):
            assert number not in words(client_of(login), path), login


@pytest.mark.parametrize(
    "query", ["state=x", "before=x", "after=0", "township=-", "school=%00a"[:8], "before=9999999999999999999"]
)
def test_a_broken_address_shows_a_list(client_of: ClientOf, query: str) -> None:
    assert words(client_of("feng"), f"/inspections/?{query}")
    assert words(client_of("feng"), f"/inspections/places?{query}&kind=x")


def test_places_to_inspect_show_the_last_inspection_and_the_way(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = inspect(sqlite_cast, "ZX")
    feng = client_of("feng")
    page = get(feng, "/inspections/places").text
    assert f'href="/cases/{number}"' in page
    assert f'href="/open/inspection/place/{sqlite_cast.places["SQ"].id}"' in page
    assert f'href="/open/inspection/place/{sqlite_cast.places["ZX"].id}"' not in page
    assert "四（2）班 柳溪镇中心小学" in words(feng, "/inspections/places?kind=class&school=ZX")
    assert "白塔小学" not in words(feng, "/inspections/places?township=LX")
    assert "白塔小学" in words(feng, "/inspections/places?q=白塔")
    assert get(client_of("qin"), "/inspections/places").status_code == 403


def test_an_inspector_opens_an_inspection_from_the_list_and_comes_back_to_it(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    feng, path = client_of("feng"), f"/open/inspection/place/{sqlite_cast.places['SQ'].id}"
    form = get(feng, path)
    assert 'href="/inspections/places"' in form.text
    assert 'href="/places/details/' not in form.text
    answer = post(feng, path, **NOTICE)
    assert answer.status_code == 302
    assert "石桥小学 待自查" in words(feng, "/inspections/")


def test_a_draw_hides_the_seed_until_the_word_is_said_and_proves_itself_then(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    feng = client_of("feng")
    place = prepared(feng, school_primary="2", school_nine_year="1")
    before = get(feng, place).text
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(PlaceDraw)).one()
        seed, seal = kept.seed, kept.commitment
    assert seed is not None
    assert seal in before
    assert seed not in before
    assert seed not in get(feng, f"{place}?again=1").text
    for code in ("BX", "SQ", "XZ", "ZX"):
        assert code in before
    answer = post(feng, place, word="4 1 6")
    assert answer.status_code == 302
    after = words(feng, f"{place}?again=1")
    assert seed in after
    assert "重抽一遍，与记录全部相符" in after
    assert after.count("相符 ") >= 4
    first = min(("BX", "SQ", "ZX"), key=lambda code: hashlib.sha256(f"{seed}:4 1 6:{code}".encode()).hexdigest())
    assert f"{seed}:4 1 6:{first}' | sha256sum" in after


def test_a_changed_draw_is_told_on_its_page(sqlite_cast: Cast, client_of: ClientOf) -> None:
    feng = client_of("feng")
    place = prepared(feng, school_primary="1")
    post(feng, place, word="7")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        drawn = session.scalars(select(PlaceDraw)).one().drawn[0]
        session.execute(update(PlaceDraw).values(drawn=[next(c for c in ("BX", "SQ", "ZX") if c != drawn)]))
    told = words(feng, f"{place}?again=1")
    assert "有不相符的地方" in told
    assert "重抽一遍，与记录全部相符" not in told


@pytest.mark.parametrize("many", ["", "0", "-1", "2.5", "四", "99999", "4", "٣"])
def test_a_draw_of_nothing_or_too_much_is_refused_with_what_was_typed(client_of: ClientOf, many: str) -> None:
    answer = post(client_of("feng"), f"{DRAWS}new", **{"many-school:primary": many})
    assert answer.status_code == 422
    assert f'value="{many}"' in answer.text


def test_a_word_is_asked_for_and_a_second_one_changes_nothing(sqlite_cast: Cast, client_of: ClientOf) -> None:
    feng = client_of("feng")
    place = prepared(feng, school_primary="1")
    refused = post(feng, place, word=" ")
    assert refused.status_code == 422
    assert "请填写现场报出的数或字" in refused.text
    post(feng, place, word="7")
    again = post(feng, place, word="8")
    assert again.status_code == 422
    assert "已经抽过，结果不能更改" in again.text
    assert post(feng, place, word="7").status_code == 302
    assert len(sqlite_cast.events("draw.made")) == 1


def test_sent_twice_a_request_prepares_one_draw(sqlite_cast: Cast, client_of: ClientOf) -> None:
    feng = client_of("feng")
    fields = {"many-school:primary": "1", "request_key": "one"}
    assert post(feng, f"{DRAWS}new", **fields).location == post(feng, f"{DRAWS}new", **fields).location
    assert len(sqlite_cast.events("draw.prepared")) == 1


def test_one_notice_opens_an_inspection_at_each_drawn_place_and_tells_where_not(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    feng = client_of("feng")
    inspect(sqlite_cast, "SQ")
    place = prepared(feng, "LX", school_primary="2")
    assert get(feng, f"{place}/notice").status_code == 302
    post(feng, place, word="7")
    refused = post(feng, f"{place}/notice", group_name="县督查三组", visit_on="")
    assert refused.status_code == 422
    assert "县督查三组" in refused.text
    assert post(feng, f"{place}/notice", **NOTICE).location == place
    told = words(feng, place)
    assert "已发起 1 件督查。" in told
    assert "石桥小学：已有一件同类事项在办" in told
    post(feng, f"{place}/notice", **NOTICE)
    assert "没有新发起的督查。" in words(feng, place)
    assert len(sqlite_cast.events("case.opened")) == 2


def test_the_inspected_check_the_draw_that_led_to_them_and_nobody_else_does(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    feng = client_of("feng")
    place = prepared(feng, "LX", school_primary="2")
    assert get(client_of("qin"), place).status_code == 404
    post(feng, place, word="7")
    assert get(client_of("qin"), place).status_code == 404
    post(feng, f"{place}/notice", **NOTICE)
    told = words(client_of("qin"), f"{place}?again=1")
    assert "重抽一遍，与记录全部相符" in told
    assert "石桥小学" not in told
    assert " SQ " in told
    for login in ("bai", "zhou"):
        assert get(client_of(login), place).status_code == 404, login
    assert place not in get(client_of("qin"), DRAWS).text
    assert place in get(client_of("chen"), DRAWS).text


@pytest.mark.parametrize("login", ["chen", "qin", "tan", "zhou"])
def test_only_an_inspector_is_offered_a_draw_or_an_opening(sqlite_cast: Cast, client_of: ClientOf, login: str) -> None:
    page = get(client_of(login), "/inspections/").text
    assert "/inspections/draws/new" not in page
    assert "/inspections/places" not in page
    feng = client_of("feng")
    place = prepared(feng, "LX", school_primary="1")
    assert post(client_of(login), place, word="7").status_code in (403, 404)
    assert sqlite_cast.events("draw.made") == []


def test_a_place_out_of_reach_is_no_place_to_draw_from(site: Flask, client_of: ClientOf) -> None:
    for query in ("township=XX", "school=-", "county=QZ", "township=BT&school=ZX-2302"):
        assert get(client_of("feng"), f"{DRAWS}new?{query}").status_code in (200, 404)
    assert get(client_of("feng"), f"{DRAWS}new?township=XX").status_code == 404
    assert get(client_of("feng"), f"{DRAWS}CQ-2026-9999").status_code == 404


def circulated(cast: Cast) -> str:
    number = with_findings(cast, "2026-12-01")
    act(cast, "qin", number, "rectify", RECTIFIED)
    act(cast, "feng", number, "accept", RECHECKED)
    act(cast, "feng", number, "circulate", CIRCULAR)
    return number


def test_an_inspector_reads_the_inspections_of_the_county_and_acts_in_none_of_others(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    appoint(sqlite_cast, "bai", "inspector", "QH")
    number = with_findings(sqlite_cast, "2026-12-01")
    bai = client_of("bai")
    shown = get(bai, f"/cases/{number}")
    assert shown.status_code == 200
    assert "缺家访记录" in shown.text
    assert f"/cases/{number}/" not in shown.text
    assert sqlite_cast.events("case.read")[-1]["facts"]["number"] == number
    for step in ("not_yet", "accept", "rectify", "call_off", "circulate"):
        assert get(bai, f"/cases/{number}/{step}").status_code in (403, 404), step
        assert post(bai, f"/cases/{number}/{step}", reason="x").status_code in (403, 404), step
    assert words(bai, "/inspections/").count(number) == 1


def test_a_circulated_inspection_stays_readable_for_its_inspectors(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = circulated(sqlite_cast)
    feng = client_of("feng")
    told = words(feng, f"/cases/{number}")
    assert "已通报" in told
    assert "缺家访记录" in told
    assert f'href="/cases/{number}"' in get(feng, "/inspections/").text


def test_an_inspector_opens_no_case_of_a_child(sqlite_cast: Cast, client_of: ClientOf) -> None:
    inspect(sqlite_cast, "ZX")
    child = sqlite_cast.add_child("ZX-2302")
    number = sqlite_cast.open_case(child)
    feng = client_of("feng")
    assert get(feng, f"/cases/{number}").status_code == 404
    assert get(feng, f"/children/details/?id={child}").status_code == 403
    assert number not in get(feng, "/inspections/").text
    assert number not in get(feng, "/cases/").text
    for workflow in ("identification", "archive", "pairing", "individual_plan"):
        assert get(feng, f"/open/{workflow}/child/{child}").status_code in (403, 404), workflow


def test_the_way_from_an_inspection_to_its_draw_cannot_be_typed(sqlite_cast: Cast, client_of: ClientOf) -> None:
    feng = client_of("feng")
    place = prepared(feng, "LX", school_primary="2")
    post(feng, place, word="7")
    post(feng, f"{place}/notice", **NOTICE, drawn_how="由组长指定")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Case)).all()
    assert [case.facts["drawn_how"].split("，")[0] for case in kept] == ["随机抽取 CQ-2026-0001"] * 2
    page = get(client_of("qin"), f"/cases/{next(c.number for c in kept if c.school_code == 'ZX')}").text
    assert f'href="{place}"' in page
    typed = inspect(sqlite_cast, "BX", drawn_how="随机抽取 CQ-2026-0001")
    assert f'href="{place}"' not in get(feng, f"/cases/{typed}").text


def test_an_inspection_is_played_on_screen_by_group_and_school(sqlite_cast: Cast, client_of: ClientOf) -> None:
    feng, qin = client_of("feng"), client_of("qin")
    opened = post(feng, f"/open/inspection/place/{sqlite_cast.places['ZX'].id}", **NOTICE)
    case = opened.location
    for client, step, answers, state in (
        (qin, "self_check", SELF_CHECK, "待现场检查"),
        (feng, "find", FOUND, "限期整改"),
        (qin, "rectify", RECTIFIED, "待复查"),
        (feng, "not_yet", FOUND, "限期整改"),
        (qin, "rectify", RECTIFIED, "待复查"),
        (feng, "accept", RECHECKED, "待通报"),
        (feng, "circulate", CIRCULAR, "已通报"),
    ):
        assert get(client, f"{case}/{step}").status_code == 200, step
        answer = post(client, f"{case}/{step}", **flat(answers))
        assert (answer.status_code, answer.location) == (302, case), (step, answer.text)
        assert state in words(client, case)


def test_a_school_answers_each_finding_of_the_group_beside_its_words(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = with_findings(sqlite_cast, "2026-12-01")
    form = get(client_of("qin"), f"/cases/{number}/rectify").text
    for row, problem in enumerate(("两份责任书未签字", "缺家访记录")):
        assert re.search(rf'name="rectified-{row}-problem"[^>]* value="{problem}"', form), problem
    row = RECTIFIED["rectified"][0] | {"problem": "学校改写的问题"}
    act(sqlite_cast, "qin", number, "rectify", {"rectified": [row]})
    again = get(client_of("feng"), f"/cases/{number}/not_yet").text
    assert 'value="缺家访记录"' in again
    assert "学校改写的问题" not in again


def test_evidence_is_sent_along_and_seen_by_inspectors_before_and_after_the_end(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    appoint(sqlite_cast, "bai", "inspector", "QH")
    number = with_findings(sqlite_cast, "2026-12-01")
    qin, case = client_of("qin"), f"/cases/{number}"
    proof = (BytesIO(photo(60, 40)), "补签的责任书.jpg")
    sent = post(qin, f"{case}/rectify", **flat(RECTIFIED), proofs=proof)
    assert sent.status_code == 302, sent.text
    for login in ("feng", "bai", "tan"):
        page = get(client_of(login), f"{case}?tab=files").text
        assert "补签的责任书.jpg" in page, login
        address = re.search(r"/attachments/\d+", page)
        assert address, login
        file = get(client_of(login), address[0])
        assert (file.status_code, file.mimetype) == (200, "image/jpeg")
        shown = file.headers["Content-Disposition"]
        assert shown.isascii()
        assert quote("补签的责任书.jpg") in shown
    assert sqlite_cast.events("attachment.read")[-1]["facts"]["part"] == "whole"
    assert get(client_of("zhou"), address[0]).status_code in (403, 404)
    before = post(client_of("bai"), f"/attachments/{address[0].rpartition('/')[2]}/remove", reason="看错了")
    assert before.status_code in (403, 404)
    added = post(client_of("bai"), f"/case-files/{number}", files=(BytesIO(photo(60, 40)), "现场.jpg"))
    assert added.status_code in (403, 404)
    act(sqlite_cast, "feng", number, "accept", RECHECKED)
    act(sqlite_cast, "feng", number, "circulate", CIRCULAR)
    assert get(client_of("feng"), address[0]).status_code == 200


def test_the_inspection_of_a_class_names_its_school(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = inspect(sqlite_cast, "ZX-2302")
    assert "学校班级 柳溪镇中心小学 四（2）班" in words(client_of("feng"), f"/cases/{number}")
    assert number in words(client_of("zhou"), "/inspections/")


def flat(answers: Any) -> dict[str, Any]:
    """Answers as a form sends them: rows by number."""
    fields: dict[str, Any] = {}
    for key, value in answers.items():
        if isinstance(value, list) and isinstance(value[0], dict):
            fields |= {f"{key}-{n}-{column}": cell for n, row in enumerate(value) for column, cell in row.items()}
        else:
            fields[key] = value
    return fields
