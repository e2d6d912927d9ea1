"""Who may go where: every route and method as every person, against a table that was written by hand.

`access.md`: a route that is not in the role × route table fails. Rows are believable ones of the class ZX-2302.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.vault import Keystore
from tests.cast import Cast
from tests.web.marked import LOGINS, Marked, marked_site

PEOPLE = (*LOGINS, "stranger")

# One letter a person:
#   chen office of the township, qin office of the school, zhou class teacher of ZX-2302, shi class teacher of ZX-2101
#   and counsellor at SQ, meng counsellor, tan principal, feng inspector of the county, bai office of the neighbouring
#   township, sys, sec, aud the three officers, nobody without a post, and a stranger who has not logged in.
#   o answered   x refused (403)   m not found (404)   l sent to the log-in page   f the form is refused (400, 409, 422)
TABLE = """
GET  /                                  oooooooooooo l
GET  /login                             oooooooooooo o
POST /login                             oooooooooooo o
GET  /language/<to>                     oooooooooooo o
GET  /healthz                           oooooooooooo o
GET  /readyz                            oooooooooooo o
GET  /metrics                           oooooooooooo o
GET  /static/<path:filename>            oooooooooooo o
GET  /account                           oooooooooooo l
POST /account                           oooooooooooo l
POST /account/appearance                oooooooooooo l
GET  /account/password                  oooooooooooo l
POST /account/password                  oooooooooooo l
GET  /account/sessions                  oooooooooooo l
POST /account/sessions/end              mmmmmmmmmmmm l
POST /account/sessions/end-others       oooooooooooo l
GET  /deputies/<person>/new             xxxxxoxxoxxx l
POST /deputies/<person>/new             xxxxxfxxfxxx l
GET  /deputies/<delegation>/end         xxxxxxxxmxxx l
POST /deputies/<delegation>/end         xxxxxxxxmxxx l
POST /account/stay                      oooooooooooo l
POST /drafts                            oooooooooooo l
GET  /search                            ooooooxoxxxx l

GET  /children/                         ooooooxoxxxx l
GET  /children/details/                 ooomooxmxxxx l
GET  /children/edit/                    ooomxxxmxxxx l
POST /children/edit/                    fffmxxxmxxxx l
GET  /children/new/                     xxxxxxxxxxxx l
POST /children/new/                     xxxxxxxxxxxx l
GET  /children/reveal/                  ooomoxxmxxxx l
POST /children/reveal/                  fffmfxxmxxxx l
GET  /children/confirm/                 xxxxxxxxxxxx l
POST /children/action/                  xxxxxxxxxxxx l
POST /children/delete/                  xxxxxxxxxxxx l
POST /children/ajax/update/             xxxxxxxxxxxx l
GET  /children/ajax/lookup/             ooooooxoxxxx l
GET  /children/export/<export_type>/    ooxxxxxoxxxx l

GET  /relatives/                        xxxxxxxxxxxx l
GET  /relatives/details/                xxxxxxxxxxxx l
GET  /relatives/new/                    ooomxxxmxxxx l
POST /relatives/new/                    fffmxxxmxxxx l
GET  /relatives/edit/                   ooomxxxmxxxx l
POST /relatives/edit/                   fffmxxxmxxxx l
GET  /relatives/confirm/                ooomxxxmxxxx l
POST /relatives/action/                 ooomxxxmxxxx l
POST /relatives/delete/                 xxxxxxxxxxxx l
POST /relatives/ajax/update/            xxxxxxxxxxxx l
GET  /relatives/ajax/lookup/            xxxxxxxxxxxx l
GET  /relatives/export/<export_type>/   xxxxxxxxxxxx l

GET  /records/                          ooooooxoxxxx l
GET  /records/details/                  ooomooxmxxxx l
GET  /records/new/                      xxxxxxxxxxxx l
POST /records/new/                      xxxxxxxxxxxx l
GET  /records/edit/                     xxxxxxxxxxxx l
POST /records/edit/                     xxxxxxxxxxxx l
GET  /records/confirm/                  xxxxxxxxxxxx l
POST /records/action/                   xxxxxxxxxxxx l
POST /records/delete/                   xxxxxxxxxxxx l
POST /records/ajax/update/              xxxxxxxxxxxx l
GET  /records/ajax/lookup/              ooooooxoxxxx l
GET  /records/export/<export_type>/     ooxxxxxoxxxx l
GET  /records/write/<form>              xxoooxxxxxxx l
POST /records/write/<form>              xxfffxxxxxxx l
GET  /records/write/<form>/<child>      xxomoxxxxxxx l
POST /records/write/<form>/<child>      xxfmfxxxxxxx l
GET  /records/correct/<record>          ooomxxxmxxxx l
POST /records/correct/<record>          fffmxxxmxxxx l
POST /records/void/<record>             ooomxxxmxxxx l
GET  /records/print/<record>            ooomooxmxxxx l
POST /records/attach/<record>           ooomooxmxxxx l
GET  /attachments/<attachment>          ooomooxmxxxx l
GET  /attachments/<attachment>/small    ooomooxmxxxx l
POST /attachments/<attachment>/remove   ooomxxxmxxxx l
POST /case-files/<number>               ooomooxmxxxx l
POST /case-parts/<part>                 mmmmmmxmxxxx l
POST /case-parts/seats/<seat>           mmmmmmxmxxxx l
GET  /children/move/                    ooxxxxxmxxxx l
POST /children/move/                    ffxxxxxmxxxx l

GET  /calendar/                         ooxxxxxooxxx l
POST /calendar/days                     ffxxxxxffxxx l
POST /calendar/hours                    ffxxxxxffxxx l

GET  /turns/                            ooxxxxxoxxxx l
GET  /turns/waves/<place>               ooxxxxxmxxxx l
POST /turns/waves/<place>               ooxxxxxmxxxx l
GET  /turns/schools/<school>            ooxxxxxmxxxx l
POST /turns/schools/<school>/check      ooxxxxxmxxxx l
POST /turns/schools/<school>            ooxxxxxmxxxx l

GET  /cases/                            ooooooxoxxxx l
GET  /cases/filter                      ooooooxoxxxx l
GET  /cases/<number>                    ooomooxmxxxx l
GET  /cases/<number>/<transition>       xxomxxxmxxxx l
POST /cases/<number>/<transition>       xxfmxxxmxxxx l
GET  /cases/<number>/verb/<case_verb>   ooomooxmxxxx l
POST /cases/<number>/verb/<case_verb>   fffmffmmxxxx l
GET  /bulk/                             ooooooooxxxx l
GET  /bulk/choose                       ooooooxoxxxx l
POST /bulk/choose                       mmmmmmxmxxxx l
POST /bulk/check                        mmmmmmxmxxxx l
POST /bulk/start                        mmmmmmxmxxxx l
GET  /bulk/<job>                        mommmmmmxxxx l
POST /bulk/<job>/cancel                 mommmmmmxxxx l
GET  /bulk/<job>/export                 moxxxxxmxxxx l

GET  /inbox/                            ooooooxoxxxx l
GET  /inbox/count                       ooooooxoxxxx l
POST /inbox/check                       mmmmmmmmxxxx l
POST /inbox/decide                      mmmmmmmmxxxx l
POST /inbox/claim                       mmmmmmmmxxxx l
GET  /inbox/export                      ooxxxxxoxxxx l
GET  /open/<workflow>/<kind>/<int(max=9223372036854775807):number> ooomxxxmxxxx l
POST /open/<workflow>/<kind>/<int(max=9223372036854775807):number> fffmxxxmxxxx l
GET  /focus/                            ooooxxxoxxxx l
GET  /focus/<class_code>                ooomxxxmxxxx l
POST /focus/<class_code>                ooomxxxmxxxx l
GET  /papers/<paper>/<number>           ooomooxmxxxx l
GET  /papers/blank/<form>               ooooooxoxxxx l
GET  /papers/contact-card/<child>       ooomooxmxxxx l
POST /papers/contact-card/<child>       fffmfxxmxxxx l
GET  /papers/class-cards/<class_code>   ooomooxmxxxx l
POST /papers/class-cards/<class_code>   fffmfxxmxxxx l
GET  /filing/                           ooooxoooxxxx l
GET  /filing/missing/<level>/<code>     ooomooxmxxxx l

GET  /roster/                           ooxxxxxoxxxx l
POST /roster/                           ffxxxxxmxxxx l
GET  /roster/template                   ooxxxxxoxxxx l
GET  /roster/<batch>                    ooxxxxxmxxxx l
GET  /roster/<batch>/headings           ooxxxxxmxxxx l
POST /roster/<batch>/headings           ooxxxxxmxxxx l
GET  /roster/<batch>/check              ooxxxxxmxxxx l
GET  /roster/<batch>/refused            ooxxxxxmxxxx l
POST /roster/<batch>/import             ooxxxxxmxxxx l
POST /roster/<batch>/undo               ooxxxxxmxxxx l
POST /roster/<batch>/drop               ooxxxxxmxxxx l

GET  /inspections/                      ooooxoooxxxx l
GET  /inspections/places                xxxxxxoxxxxx l
GET  /inspections/draws/                ooooxoooxxxx l
GET  /inspections/draws/new             xxxxxxoxxxxx l
POST /inspections/draws/new             xxxxxxfxxxxx l
GET  /inspections/draws/<draw>          mmmmxmomxxxx l
POST /inspections/draws/<draw>          mmmmxmfmxxxx l
GET  /inspections/draws/<draw>/notice   mmmmxmomxxxx l
POST /inspections/draws/<draw>/notice   mmmmxmfmxxxx l

GET  /audit/                            xxxxxxoxxxox l
GET  /audit/entries/<entry>             xxxxxxoxxxox l
GET  /audit/cases/<case>                xxxxxxoxxxox l
GET  /audit/children/<child>            xxxxxxoxxxox l
GET  /audit/export                      xxxxxxoxxxox l

GET  /places/                           ooxxxoxoooxx l
GET  /places/details/                   ooxxxoxmooxx l
GET  /places/new/                       ooxxxxxmoxxx l
POST /places/new/                       ffxxxxxmfxxx l
GET  /places/edit/                      ooxxxxxmoxxx l
POST /places/edit/                      ffxxxxxmfxxx l
GET  /places/move/                      ooxxxxxmoxxx l
POST /places/move/                      ffxxxxxmfxxx l
GET  /places/confirm/                   ooxxxxxmoxxx l
POST /places/action/                    ooxxxxxxoxxx l
POST /places/delete/                    xxxxxxxxxxxx l
POST /places/ajax/update/               xxxxxxxxxxxx l
GET  /places/ajax/lookup/               ooxxxoxoooxx l
GET  /places/export/<export_type>/      xxxxxxxxxxxx l

GET  /staff/                            ooxxxoxoooxx l
GET  /staff/details/                    ooxxxoxmooxx l
GET  /staff/roles/                      ooxxxoxoooxx l
GET  /staff/new/                        xxxxxxxxoxxx l
POST /staff/new/                        xxxxxxxxfxxx l
GET  /staff/leave/                      xxxxxxxxxoxx l
POST /staff/leave/                      xxxxxxxxxfxx l
GET  /staff/edit/                       xxxxxxxxoxxx l
POST /staff/edit/                       xxxxxxxxfxxx l
GET  /staff/confirm/                    xxxxxxxxxoxx l
POST /staff/action/                     xxxxxxxxxoxx l
POST /staff/delete/                     xxxxxxxxxxxx l
POST /staff/ajax/update/                xxxxxxxxxxxx l
GET  /staff/ajax/lookup/                ooxxxoxoooxx l
GET  /staff/export/<export_type>/       xxxxxxxxxxxx l

GET  /appointments/                     ooxxxoxoooxx l
GET  /appointments/details/             xxxxxxxxxxxx l
GET  /appointments/new/                 xxxxxxxxxoxx l
POST /appointments/new/                 xxxxxxxxxfxx l
GET  /appointments/edit/                xxxxxxxxxoxx l
POST /appointments/edit/                xxxxxxxxxfxx l
GET  /appointments/confirm/             xxxxxxxxxoxx l
POST /appointments/action/              xxxxxxxxxoxx l
POST /appointments/delete/              xxxxxxxxxxxx l
POST /appointments/ajax/update/         xxxxxxxxxxxx l
GET  /appointments/ajax/lookup/         ooxxxoxoooxx l
GET  /appointments/export/<export_type>/ xxxxxxxxxxxx l

GET  /terms/                            ooxxxxxooxxx l
GET  /terms/details/                    xxxxxxxxxxxx l
GET  /terms/new/                        ooxxxxxooxxx l
POST /terms/new/                        ffxxxxxffxxx l
GET  /terms/edit/                       ooxxxxxooxxx l
POST /terms/edit/                       ffxxxxxffxxx l
GET  /terms/confirm/                    xxxxxxxxxxxx l
POST /terms/action/                     xxxxxxxxxxxx l
POST /terms/delete/                     xxxxxxxxxxxx l
POST /terms/ajax/update/                xxxxxxxxxxxx l
GET  /terms/ajax/lookup/                ooxxxxxooxxx l
GET  /terms/export/<export_type>/       xxxxxxxxxxxx l

GET  /school-years/                     ooxxxxxooxxx l
GET  /school-years/details/             xxxxxxxxxxxx l
GET  /school-years/new/                 ooxxxxxooxxx l
POST /school-years/new/                 ffxxxxxffxxx l
GET  /school-years/edit/                xxxxxxxxxxxx l
POST /school-years/edit/                xxxxxxxxxxxx l
GET  /school-years/confirm/             xxxxxxxxxxxx l
POST /school-years/action/              xxxxxxxxxxxx l
POST /school-years/delete/              xxxxxxxxxxxx l
POST /school-years/ajax/update/         xxxxxxxxxxxx l
GET  /school-years/ajax/lookup/         ooxxxxxooxxx l
GET  /school-years/export/<export_type>/ xxxxxxxxxxxx l

GET  /headings/                         ooxxxxxoxxxx l
GET  /headings/details/                 xxxxxxxxxxxx l
GET  /headings/new/                     ooxxxxxoxxxx l
POST /headings/new/                     ffxxxxxfxxxx l
GET  /headings/edit/                    xxxxxxxxxxxx l
POST /headings/edit/                    xxxxxxxxxxxx l
GET  /headings/confirm/                 ooxxxxxoxxxx l
POST /headings/action/                  ooxxxxxoxxxx l
POST /headings/delete/                  xxxxxxxxxxxx l
POST /headings/ajax/update/             xxxxxxxxxxxx l
GET  /headings/ajax/lookup/             ooxxxxxoxxxx l
GET  /headings/export/<export_type>/    xxxxxxxxxxxx l

GET  /officers/                         xxxxxxxxxoxx l
GET  /officers/switch                   xxxxxxxxxoxx l
POST /officers/switch                   xxxxxxxxxfxx l

GET  /notices/                          oooooooooooo l
GET  /notices/<notice>                  mmommmmmmmmm l
POST /notices/read                      oooooooooooo l

GET  /channels/                         ooxxxxxooxxx l
GET  /channels/new/<kind>               ooxxxxxooxxx l
POST /channels/new/<kind>               ffxxxxxffxxx l
GET  /channels/<channel>                ooxxxxxmoxxx l
GET  /channels/<channel>/edit           ooxxxxxmoxxx l
POST /channels/<channel>/edit           ffxxxxxmfxxx l
GET  /channels/<channel>/remove         ooxxxxxmoxxx l
POST /channels/<channel>/<verb>         ffxxxxxmfxxx l

POST /lists/<screen>/columns            ooooooxoxxxx l
GET  /lists/<screen>/save               ooooooxoxxxx l
POST /lists/<screen>/save               ffffffxfxxxx l
POST /lists/<screen>/drop               mmmmmmxmxxxx l

POST /logout                            llllllllllll l
"""
LINES = [line.split() for line in TABLE.splitlines() if line]
EXPECTED = {(method, rule): dict(zip(PEOPLE, letters + last, strict=True)) for method, rule, letters, last in LINES}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, peopled_sqlite: tuple[Path, Cast], keystore: Keystore
) -> Iterator[Marked]:
    """The peopled site, everybody logged in."""
    with marked_site(tmp_path_factory.mktemp("routes"), peopled_sqlite, keystore) as opened:
        opened.log_everybody_in()
        yield opened


def _routes(world: Marked) -> set[tuple[str, str]]:
    return {
        (method, rule.rule.replace("<int(max=9223372036854775807):batch_id>", "<batch>"))
        for rule in world.site.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_stands_in_the_table_and_nothing_else(world: Marked) -> None:
    routes = _routes(world)
    assert sorted(routes - set(EXPECTED)) == [], "a route without a line in the table"
    assert sorted(set(EXPECTED) - routes) == [], "a line of the table without a route"


def _address(world: Marked, rule: str) -> str:
    found = {
        "/channels/new/<kind>": "/channels/new/wecom",
        "<channel>": str(world.rows["channel"]),
        "<notice>": str(world.rows["notice"]),
        "<job>": str(world.rows["job"]),
        "<verb>": "off",
        "<to>": "zh",
        "<screen>": "children",
        "<path:filename>": "css/tokens.css",
        "<export_type>": "xlsx",
        "<number>": world.cases["ZX-2302"],
        "<transition>": "complete",
        "<case_verb>": "copy",
        "<person>": str(world.cast["tan"].staff_id),
        "<delegation>": "12345",
        "<paper>": "case",
        "<form>": "guardian_meeting",
        "<workflow>": "pairing",
        "<kind>": "child",
        "<int(max=9223372036854775807):number>": str(world.children["ZX-2302"]),
        "<record>": str(world.records["ZX-2302"]),
        "<attachment>": str(world.attachments["ZX-2302"]),
        "<level>": "class",
        "<code>": "ZX-2302",
        "<class_code>": "ZX-2302",
        "<place>": "ZX",
        "<school>": "ZX",
        "<draw>": world.draws["QH"],
        "<entry>": str(world.rows["entry"]),
        "<case>": str(world.rows["case"]),
        "<child>": str(world.children["ZX-2302"]),
        "<part>": "1",
        "<seat>": "1",
        "<batch>": str(world.batches["ZX-drop" if rule.endswith("/drop") else "ZX"]),
    }
    for name, value in found.items():
        rule = rule.replace(name, value)
    return rule


def _query(world: Marked, rule: str) -> dict[str, Any]:
    """The row that a request is about: one of the class ZX-2302, and a revision that no row has."""
    rows = world.rows
    verbs = {"relatives": "remove", "places": "close", "staff": "deactivate", "appointments": "end",
             "headings": "forget"}  # fmt: skip
    screen, page = [*rule.strip("/").split("/"), ""][:2]
    query: dict[str, Any] = {}
    if page in ("details", "edit", "confirm", "action", "reveal", "move"):
        query = {"id": rows.get(screen, 1), "rev": 0}
    if page in ("confirm", "action"):
        query["verb"] = verbs.get(screen, "none")
    if page == "reveal":
        query["field"] = "home_phone"
    if page == "new":
        query |= {"child": rows["children"], "parent": rows["school"], "staff": rows["staff"]}
    if page in ("leave", "move"):
        query = {"id": rows.get(screen, 1), "rev": 0}
    if page == "ajax":
        query = {"name": "place", "query": "小学"}
    return {"q": "林", "for": "/x"} | query


BODIES: dict[str, dict[str, str]] = {
    "/account": {"language": "zh", "theme": "auto", "size": "normal"},
    "/account/appearance": {"theme": "auto"},
    "/account/sessions/end": {"session": "12345"},
    "/drafts": {"note": "未完"},
    "/roster/": {"school": "ZX"},
    "/login": {"login": "nobody", "password": "not-the-password"},
    "/cases/<number>/<transition>": {"rev": "0"},
}


def _outcome(answer: Any, method: str) -> str:
    if answer.status_code == 401 or (answer.status_code == 302 and answer.location.startswith("/login")):
        return "l"
    letter = {403: "x", 404: "m", 400: "f", 409: "f", 422: "f"}.get(answer.status_code)
    return letter or ("o" if answer.status_code < 400 else str(answer.status_code))


@pytest.mark.parametrize("person", PEOPLE)
def test_every_route_answers_each_person_as_the_table_says(world: Marked, person: str) -> None:
    wrong = []
    for (method, rule), expected in EXPECTED.items():
        address = _address(world, rule)
        query = _query(world, rule)
        body = {"csrf_token": world.tokens[person], **BODIES.get(rule, {})}
        answer = world.clients[person].open(
            address, method=method, query_string=query, data=body if method == "POST" else None,
            base_url="https://localhost",
        )  # fmt: skip
        if (found := _outcome(answer, method)) != expected[person]:
            wrong.append(f"{method} {rule}: {found}, expected {expected[person]}")
        answer.close()
    assert wrong == []
