"""Sent twice, at once, late or by somebody who has gone meanwhile: one effect, nothing undone, nothing half done."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.case import Case, CaseMove
from models.child import Child, Relative
from models.draft import Draft
from models.place import Place
from models.school_year import Term
from models.scope import system_scope
from models.staff import Appointment, LoginSession, Staff
from models.vault import Keystore
from tests.cast import NOW, Cast
from tests.web.browser import get, token
from tests.web.marked import Marked, file_of, marked_site


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, peopled_sqlite: tuple[Path, Cast], keystore: Keystore
) -> Iterator[Marked]:
    """The peopled site, everybody logged in."""
    with marked_site(tmp_path_factory.mktemp("twice"), peopled_sqlite, keystore) as opened:
        opened.log_everybody_in()
        yield opened


def _new_case(world: Marked) -> str:
    return world.cast.open_case(world.cast.add_child("ZX-2302"), "qin")


def _moves(world: Marked, number: str) -> list[str]:
    with world.cast.database.session(system_scope("tests")) as session:
        moves = select(CaseMove.transition).join(Case).where(Case.number == number).order_by(CaseMove.id)
        return list(session.scalars(moves))


def _at_once(*calls: Callable[[], Any]) -> list[int]:
    """Call all in the same moment; their status codes, sorted."""
    barrier, found = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        found.append(call().status_code)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_a_second_press_of_the_button_leads_to_the_same_page(world: Marked) -> None:
    number = _new_case(world)
    typed = {**file_of("ZX-2302"), "rev": "1", "request_key": "double"}
    first, second = (world.send("zhou", f"/cases/{number}/complete", **typed) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.location == second.location == f"/cases/{number}"
    assert _moves(world, number) == ["open", "complete"]


def test_a_key_that_is_used_again_for_another_case_does_nothing_there(world: Marked) -> None:
    number, other = _new_case(world), _new_case(world)
    typed = {**file_of("ZX-2302"), "rev": "1", "request_key": "again"}
    assert world.send("zhou", f"/cases/{number}/complete", **typed).status_code == 302
    answer = world.send("zhou", f"/cases/{other}/complete", **typed)
    assert answer.status_code == 422
    assert "这个请求编号已用于另一件事" in answer.text
    assert _moves(world, other) == ["open"]


def test_a_key_of_a_case_that_is_sent_with_another_form_breaks_nothing(world: Marked) -> None:
    number = _new_case(world)
    typed = {**file_of("ZX-2302"), "rev": "1", "request_key": "crossed"}
    assert world.send("zhou", f"/cases/{number}/complete", **typed).status_code == 302
    child = world.children["ZX-2302"]
    fields = {"slot": "other", "name": "林二叔", "request_key": "crossed"}
    assert world.send("zhou", f"/relatives/new/?child={child}", **fields).status_code in (302, 409, 422)


def test_a_relative_that_is_added_twice_is_added_once_and_to_the_right_child(world: Marked) -> None:
    one, two = world.cast.add_child("ZX-2302"), world.cast.add_child("ZX-2302")
    fields = {"slot": "other", "name": "林三叔", "request_key": "uncle"}
    for child in (one, one, two):
        world.send("zhou", f"/relatives/new/?child={child}", **fields)
    with world.cast.database.session(system_scope("tests")) as session:
        named = select(Relative.child_id).where(Relative.name == "林三叔")
        assert list(session.scalars(named)).count(one) == 1


def test_of_two_people_who_act_at_once_one_is_told_who_was_faster(world: Marked) -> None:
    number, typed = _new_case(world), {**file_of("ZX-2302"), "rev": "1"}
    again = world.log_in("zhou")
    csrf = token(again, "/account")

    def elsewhere() -> Any:
        fields = {"csrf_token": csrf, "request_key": "b", **typed}
        return again.post(f"/cases/{number}/complete", data=fields, base_url="https://localhost")

    codes = _at_once(lambda: world.send("zhou", f"/cases/{number}/complete", request_key="a", **typed), elsewhere)
    assert codes[0] == 302
    assert codes[1] in (409, 422)
    assert _moves(world, number) == ["open", "complete"]


def test_a_key_sent_by_two_windows_at_once_has_one_effect(world: Marked) -> None:
    number, again = _new_case(world), world.log_in("zhou")
    csrf = token(again, "/account")
    typed = {**file_of("ZX-2302"), "rev": "1", "request_key": "same"}

    def elsewhere() -> Any:
        fields = {"csrf_token": csrf, **typed}
        return again.post(f"/cases/{number}/complete", data=fields, base_url="https://localhost")

    codes = _at_once(lambda: world.send("zhou", f"/cases/{number}/complete", **typed), elsewhere)
    assert codes == [302, 302]
    assert _moves(world, number) == ["open", "complete"]


def _forms(world: Marked) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    """An address, who may change it, what the first and what the second one types."""
    zhou = world.one(Staff, Staff.login == "zhou")
    post = world.one(Appointment, Appointment.staff_id == zhou.id).id
    place = world.cast.places
    return [
        (f"/children/edit/?id={world.children['ZX-2302']}", "qin", {"village": "甲村"}, {"village": "乙村"}),
        (f"/relatives/edit/?id={world.relatives['ZX-2302']}", "qin", {"occupation": "木工"}, {"occupation": "瓦工"}),
        (f"/places/edit/?id={place['ZX'].id}", "qin", {"name": "甲小学"}, {"name": "乙小学"}),
        (f"/staff/edit/?id={zhou.id}", "sys", {"name": "周甲", "place": "ZX"}, {"name": "周乙", "place": "ZX"}),
        (f"/appointments/edit/?id={post}", "sec", {"purpose": "甲"}, {"purpose": "乙"}),
        (f"/terms/edit/?id={world.one(Term).id}", "qin", {"note": "甲"}, {"note": "乙"}),
    ]


def _as_opened(page: str) -> dict[str, str]:
    """What a form's boxes hold when it is opened, as a browser would send them."""
    found = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    found |= dict(re.findall(r'<input[^>]*value="([^"]*)"[^>]*name="(\w+)"', page)) if not found else {}
    return {key: value.replace("&#34;", '"').replace("&#39;", "'") for key, value in found.items() if value}


@pytest.mark.parametrize("which", range(6))
def test_a_form_that_was_opened_before_another_one_was_saved_undoes_nothing(world: Marked, which: int) -> None:
    address, login, first, second = _forms(world)[which]
    rev = _as_opened(world.get(login, address).text)["rev"]
    saved = world.send(login, address, rev=rev, **first)
    assert saved.status_code == 302, saved.text
    late = world.send(login, address, rev=rev, **second)
    assert late.status_code == 409
    assert "Traceback" not in late.text
    key, mine = next(iter(second.items()))
    assert mine in late.text, "what was typed is not lost"
    assert first[key] in world.get(login, address).text, "what stood there is not overwritten"


def test_of_two_saves_at_once_one_is_kept_whole(world: Marked) -> None:
    child = world.cast.add_child("ZX-2302")
    address = f"/children/edit/?id={child}"
    codes = _at_once(
        lambda: world.send("zhou", address, rev="1", village="甲村", interests="画画"),
        lambda: world.send("qin", address, rev="1", village="乙村", interests="唱歌"),
    )
    assert codes == [302, 409]
    kept = world.one(Child, Child.id == child)
    assert (kept.village, kept.interests) in {("甲村", "画画"), ("乙村", "唱歌")}


def test_a_session_that_was_ended_between_the_form_and_its_sending_writes_nothing(world: Marked) -> None:
    number, client = _new_case(world), world.log_in("zhou")
    csrf = token(client, f"/cases/{number}/complete")
    newest = world.ids(LoginSession)[-1]
    assert world.send("zhou", "/account/sessions/end", session=str(newest)).status_code == 302
    typed = {**file_of("ZX-2302"), "csrf_token": csrf, "rev": "1"}
    answer = client.post(f"/cases/{number}/complete", data=typed, base_url="https://localhost")
    assert answer.status_code == 302
    assert answer.location.startswith("/login")
    assert "kept" not in answer.location
    assert _moves(world, number) == ["open"]
    with world.cast.database.session(system_scope("tests")) as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_post_that_ended_between_the_form_and_its_sending_gives_nothing(world: Marked) -> None:
    number, client = _new_case(world), world.log_in("shi")
    other = world.cases["ZX-2101"]
    csrf = token(client, f"/cases/{other}/complete")
    with world.cast.database.transaction(system_scope("tests")) as session:
        held = select(Appointment).join(Staff, Staff.id == Appointment.staff_id).where(Staff.login == "shi")
        for post in session.scalars(held):
            post.from_on = post.until_on = NOW.date().replace(month=9)
    typed = {**file_of("ZX-2101"), "csrf_token": csrf, "rev": "3"}
    answer = client.post(f"/cases/{other}/complete", data=typed, base_url="https://localhost")
    assert answer.status_code == 403
    assert get(client, "/children/").status_code == 403
    assert get(client, f"/cases/{number}").status_code == 403
    assert _moves(world, other)[-1] == "send_back"


def test_a_place_that_was_closed_twice_is_closed_once(world: Marked) -> None:
    place = world.one(Place, Place.code == "ZX-2301")
    codes = _at_once(*(lambda: world.send("qin", f"/places/action/?id={place.id}&verb=close&rev={place.rev}"),) * 2)
    assert codes == [302, 302]
    kept = world.one(Place, Place.code == "ZX-2301")
    assert (kept.is_closed, kept.rev) == (True, place.rev + 1)


def test_what_somebody_else_saved_meanwhile_can_be_taken_over_on_a_form_of_a_case(world: Marked) -> None:
    number = _new_case(world)
    with world.cast.database.transaction(system_scope("tests")) as session:
        child = session.scalars(select(Child).join(Case, Case.child_id == Child.id).where(Case.number == number)).one()
        child.care_situation = "relatives"
    late = world.send("zhou", f"/cases/{number}/complete", **file_of("ZX-2302"), request_key="late", rev="0")
    assert late.status_code == 422
    stale = late.text.split('class="card conflict"')[1].split("</section>")[0]
    assert "亲朋监护" in stale
    assert "祖辈监护" in stale
    chosen = {**file_of("ZX-2302"), "keep_care_situation": "theirs", "request_key": "later"}
    assert world.send("zhou", f"/cases/{number}/complete", **chosen, rev="1").status_code == 302
    with world.cast.database.session(system_scope("tests")) as session:
        kept = select(Child.care_situation).join(Case, Case.child_id == Child.id).where(Case.number == number)
        assert session.scalars(kept).one() == "relatives"
