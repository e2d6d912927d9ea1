"""Every route of every screen over a table, called as every person of the cast; what is not in the tables fails."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_admin.contrib.sqla import ModelView
from sqlalchemy import select

from admin_app.screen import OfficeView
from admin_app.views.screens import SCREENS
from models.child import Relative
from models.roster import HeadingSynonym
from models.school_year import SchoolYear
from models.scope import system_scope
from models.staff import Appointment
from tests.cast import PEOPLE, Cast
from tests.office import act
from tests.web.browser import ClientOf, get, token
from workflows.operations.heading import teach_heading
from workflows.operations.record import write_record
from workflows.policy import Permission

LOGINS = frozenset(login for login, *_rest in PEOPLE)
OFFICES = {"chen", "qin", "bai"}
CLASS_TEACHERS = {"zhou", "shi"}
READERS = OFFICES | CLASS_TEACHERS | {"meng", "tan"}
DIRECTORY = OFFICES | {"tan", "sys", "sec"}

# Who passes the permission of a route (the row may still be out of their scope); written by hand from the matrix.
PASSES: dict[str, dict[str, set[str]]] = {
    "children": {
        "index_view": READERS, "details_view": READERS, "edit_view": OFFICES | CLASS_TEACHERS, "create_view": set(),
        "export": OFFICES, "reveal_view": OFFICES | CLASS_TEACHERS | {"meng"}, "ajax_lookup": READERS,
        "confirm_view": READERS, "action_view": READERS, "delete_view": set(), "ajax_update": set(),
    },
    "relatives": {
        "index_view": set(), "details_view": set(), "edit_view": OFFICES | CLASS_TEACHERS,
        "create_view": OFFICES | CLASS_TEACHERS, "export": set(), "ajax_lookup": set(),
        "confirm_view": OFFICES | CLASS_TEACHERS, "action_view": OFFICES | CLASS_TEACHERS, "delete_view": set(),
        "ajax_update": set(),
    },
    "records": {
        "index_view": READERS, "details_view": READERS, "edit_view": set(), "create_view": set(), "export": OFFICES,
        "ajax_lookup": READERS, "confirm_view": READERS, "action_view": READERS, "delete_view": set(),
        "ajax_update": set(),
    },
    "places": {
        "index_view": DIRECTORY, "details_view": DIRECTORY, "edit_view": OFFICES | {"sys"},
        "create_view": OFFICES | {"sys"}, "export": set(), "ajax_lookup": DIRECTORY, "confirm_view": DIRECTORY,
        "action_view": DIRECTORY, "delete_view": set(), "ajax_update": set(), "move_view": OFFICES | {"sys"},
    },
    "staff": {
        "index_view": DIRECTORY, "details_view": DIRECTORY, "roles_view": DIRECTORY, "edit_view": {"sys"},
        "create_view": {"sys"}, "export": set(), "ajax_lookup": DIRECTORY, "confirm_view": DIRECTORY,
        "action_view": DIRECTORY, "delete_view": set(), "ajax_update": set(),
    },
    "appointments": {
        "index_view": DIRECTORY, "details_view": set(), "edit_view": {"sec"}, "create_view": {"sec"}, "export": set(),
        "ajax_lookup": DIRECTORY, "confirm_view": DIRECTORY, "action_view": DIRECTORY, "delete_view": set(),
        "ajax_update": set(),
    },
    "terms": {
        "index_view": OFFICES | {"sys"}, "details_view": set(), "edit_view": OFFICES | {"sys"},
        "create_view": OFFICES | {"sys"}, "export": set(), "ajax_lookup": OFFICES | {"sys"},
        "confirm_view": OFFICES | {"sys"}, "action_view": OFFICES | {"sys"}, "delete_view": set(),
        "ajax_update": set(),
    },
    "school_years": {
        "index_view": OFFICES | {"sys"}, "details_view": set(), "edit_view": set(), "create_view": OFFICES | {"sys"},
        "export": set(), "ajax_lookup": OFFICES | {"sys"}, "confirm_view": OFFICES | {"sys"},
        "action_view": OFFICES | {"sys"}, "delete_view": set(), "ajax_update": set(),
    },
    "headings": {
        "index_view": OFFICES, "details_view": set(), "edit_view": set(), "create_view": OFFICES, "export": set(),
        "ajax_lookup": OFFICES, "confirm_view": OFFICES, "action_view": OFFICES, "delete_view": set(),
        "ajax_update": set(),
    },
}  # fmt: skip
# Beside the route, a verb requires its own permission.
VERBS: dict[str, tuple[str, set[str]]] = {
    "places": ("close", OFFICES | {"sys"}),
    "staff": ("reset", {"sys"}),
    "appointments": ("end", {"sec"}),
    "relatives": ("remove", OFFICES | CLASS_TEACHERS),
    "headings": ("forget", OFFICES),
}
# Whose scope holds the rows of `_rows` (all in 四（2）班 of 柳溪镇中心小学); terms and words hold for everybody.
NEAR = {"chen", "qin", "zhou", "meng", "tan", "sys", "sec"}
SHARED = {"terms", "school_years", "headings"}


def _rows(cast: Cast) -> dict[str, dict[str, Any]]:
    child = cast.add_child("ZX-2302", home_phone="13800001234")
    word = act(cast, "chen", Permission.HEADING_MANAGE, teach_heading, "娃儿名字", "child.name")
    held = {"held_on": "2026-11-20", "kind": "meeting", "topics": "安全"}
    meeting = act(cast, "zhou", Permission.RECORD_WRITE, write_record, "guardian_meeting", [child], held)
    with cast.database.session(system_scope("tests")) as session:
        relative = session.scalars(select(Relative.id)).one()
        year = session.scalars(select(SchoolYear.id)).one()
        post = session.scalars(select(Appointment.id).where(Appointment.staff_id == cast["zhou"].staff_id)).one()
        assert session.get(HeadingSynonym, word.id)
    return {
        "children": {"id": child, "field": "home_phone"},
        "relatives": {"id": relative, "child": child},
        "records": {"id": meeting.records[0]},
        "places": {"id": cast.places["ZX-2302"].id, "parent": cast.places["ZX-2302"].parent_id},
        "staff": {"id": cast["zhou"].staff_id},
        "appointments": {"id": post, "staff": cast["zhou"].staff_id},
        "terms": {"id": cast.term_id},
        "school_years": {"id": year},
        "headings": {"id": word.id},
    }


def test_every_route_of_every_screen_stands_in_the_table(site: Flask) -> None:
    keys = {screen.key for screen in SCREENS}
    found = {tuple(rule.endpoint.split(".", 1)) for rule in site.url_map.iter_rules()}
    assert {pair for pair in found if pair[0] in keys} == {(key, route) for key in PASSES for route in PASSES[key]}


@pytest.mark.parametrize("login", sorted(LOGINS))
def test_nobody_passes_a_route_that_the_matrix_does_not_give(
    site: Flask, sqlite_cast: Cast, client_of: ClientOf, login: str
) -> None:
    rows, client = _rows(sqlite_cast), client_of(login)
    csrf = token(client, "/account")
    # Verbs come last: they change the rows that the other routes show.
    for rule in sorted(site.url_map.iter_rules(), key=lambda rule: rule.endpoint.endswith(".action_view")):
        key, _dot, route = rule.endpoint.partition(".")
        if key not in PASSES:
            continue
        values = rows[key] | {"export_type": "xlsx", "verb": VERBS.get(key, ("none",))[0], "rev": 1, "name": "place"}
        with site.test_request_context():
            path = site.url_for(rule.endpoint, **values)
        if "GET" in (rule.methods or ()):
            answer = get(client, path).status_code
        else:
            answer = client.post(path, data={"csrf_token": csrf}, base_url="https://localhost").status_code
        assert answer in _expected(key, route, login), (login, path, answer)


def _expected(key: str, route: str, login: str) -> set[int]:
    if login not in PASSES[key][route]:
        return {403}
    if route in ("confirm_view", "action_view"):
        if key not in VERBS or login not in VERBS[key][1]:
            return {403}
        if login not in NEAR and key not in SHARED:
            # Places are a public directory: their operation says that the person may not, not that there is none.
            return {403} if key == "places" and route == "action_view" else {404}
        return {200} if route == "confirm_view" else {200, 302} if key == "staff" else {302}
    if route in ("index_view", "export", "ajax_lookup", "roles_view") or key in SHARED:
        return {200}
    return {200} if login in NEAR else {404}


def test_a_person_without_a_session_is_sent_to_the_log_in(site: Flask, sqlite_cast: Cast) -> None:
    client = site.test_client()
    for key in PASSES:
        with site.test_request_context():
            path = site.url_for(f"{key}.index_view")
        answer = get(client, path)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login")


def test_there_is_one_subclass_of_the_model_view_and_its_own_writes_are_closed() -> None:
    assert [found for found in ModelView.__subclasses__() if found.__module__.startswith("admin_app")] == [OfficeView]
    for name in ("get_list", "get_one", "get_query", "get_count_query", "create_model", "update_model",
                 "delete_model", "create_form", "edit_form", "handle_action"):  # fmt: skip
        with pytest.raises(NotImplementedError):
            getattr(SCREENS[0](), name)()


def test_flask_admins_own_pages_are_not_in_the_site(site: Flask) -> None:
    assert not [rule.rule for rule in site.url_map.iter_rules() if rule.endpoint.split(".")[0] == "admin"]
