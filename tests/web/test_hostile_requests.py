"""Whatever is sent to any route, however broken: never a fault of the site, never a stack trace, a page in Chinese."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.roster import HeadingSynonym
from models.school_year import SchoolYear
from models.staff import Staff
from models.vault import Keystore
from tests.cast import Cast
from tests.web.marked import Marked, marked_site
from workflows.fields import BY_SUBJECT

HUGE = "9" * 30
VALUES = ("0", "-1", "1,2", "abc", HUGE, "9" * 5000, "%00", "' OR 1=1 --", "㊀１２", "😀\u202e\ufdd0", "x" * 3000,
          "../..", "{{7*7}}", "<script>")  # fmt: skip
PATHS = ("0", "-1", HUGE, "9" * 5000, "%00", "a\0b", "%2e%2e", "林", "' OR 1=1", "x" * 3000)
ALL_AT_ONCE = ("id", "rev", "verb", "field", "relative", "parent", "child", "staff", "place", "before", "after", "size",
               "at", "order", "q", "county", "township", "school", "class", "tab", "name", "query", "next", "for",
               "state", "care", "risk", "status", "role", "held", "kind", "active", "back", "page", "kept")  # fmt: skip
# Who may go far enough to be dangerous: the deepest code runs for them.
PERSON = {"staff": "sys", "appointments": "sec", "cases": "zhou", "audit": "feng"}
DEEP = "[" * 1_500
TURNS = (0, 4, 9)  # each parameter meets three values; all of them in the deep run


def _shuffled(names: Iterable[str], values: Sequence[Any], turn: int) -> dict[str, Any]:
    """Give each name another of the values, and other ones at every turn."""
    return {name: values[(place + turn) % len(values)] for place, name in enumerate(names)}


def _turns(most: int, some: Sequence[int]) -> list[Any]:
    return [n if n in some else pytest.param(n, marks=pytest.mark.deep) for n in range(most)]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, peopled_sqlite: tuple[Path, Cast], keystore: Keystore
) -> Iterator[Marked]:
    """The peopled site, everybody logged in."""
    with marked_site(tmp_path_factory.mktemp("hostile"), peopled_sqlite, keystore) as opened:
        opened.log_everybody_in()
        yield opened


def _rules(world: Marked, method: str) -> list[str]:
    rules = {rule.rule for rule in world.site.url_map.iter_rules() if method in (rule.methods or ())}
    return sorted(rules - {"/logout", "/static/<path:filename>"})


def _screen(rule: str) -> str:
    return rule.strip("/").split("/")[0]


def _person(rule: str) -> str:
    return PERSON.get(_screen(rule), "qin")


def _address(world: Marked, rule: str) -> str:
    """Fill in a rule what one of the cast may well ask: a row of class ZX-2302, a paper that its workflow has."""
    if "<paper>" in rule:
        rule = rule.replace("<paper>", "pledge").replace("<number>", world.pairings["ZX-2101"])
    for part, value in {
        "<number>": world.cases["ZX-2302"],
        "<int(max=9223372036854775807):number>": str(world.children["ZX-2302"]),
        "<transition>": "complete",
        "<workflow>": "pairing",
        "<kind>": "child",
        "<form>": "talk",
        "<level>": "class",
        "<code>": "ZX-2302",
        "<class_code>": "ZX-2302",
        "<place>": "ZX",
        "<school>": "ZX",
        "<screen>": "children",
        "<export_type>": "xlsx",
        "<to>": "zh",
        "<part>": "small",
        "<seat>": "1",
        "<draw>": world.draws["ZX"],
        "<channel>": str(world.rows["channel"]),
        "<notice>": str(world.rows["notice"]),
        "<job>": str(world.rows["job"]),
        "<verb>": "off",
        "<case_verb>": "copy",
        "<person>": str(world.cast["zhou"].staff_id),
        "<delegation>": "1",
        "<entry>": str(world.rows["entry"]),
        "<case>": str(world.rows["case"]),
        "<child>": str(world.children["ZX-2302"]),
        "<record>": str(world.rows["records"]),
        "<attachment>": str(world.attachments["ZX-2302"]),
        "<int(max=9223372036854775807):batch_id>": str(world.batches["ZX"]),
    }.items():
        rule = rule.replace(part, value)
    return rule


def _row(world: Marked, rule: str) -> dict[str, Any]:
    rows = world.rows
    found: dict[str, Any] = {"id": rows.get(_screen(rule), 1)}
    if "/new/" in rule:
        found = {"child": rows["children"], "parent": rows["school"], "staff": rows["staff"]}
    if "/reveal/" in rule:
        found["field"] = "home_phone"
    return found


def _fault(answer: Any) -> str | None:
    """What is wrong with an answer: a fault of the site, a trace, or an error that is no page in Chinese."""
    with answer:
        if answer.status_code >= 500:
            return str(answer.status_code)
        body = answer.get_data().decode(errors="replace")
        if "Traceback" in body or "sqlalchemy" in body.casefold():
            return "a stack trace"
        is_told = any("\u4e00" <= letter <= "\u9fff" for letter in body)
        return None if answer.status_code < 400 or is_told else f"{answer.status_code} without a word of Chinese"


def _open(world: Marked, rule: str, address: str, query: Any, method: str = "GET", **more: Any) -> str | None:
    client = world.clients[_person(rule)]
    return _fault(client.open(address, method=method, query_string=query, base_url="https://localhost", **more))


def test_every_part_of_every_address_is_known_to_these_tests(world: Marked) -> None:
    rules = {*_rules(world, "GET"), *_rules(world, "POST")}
    assert [rule for rule in sorted(rules) if "<" in _address(world, rule)] == []
    assert world.get("zhou", _address(world, "/papers/<paper>/<number>")).status_code == 200


@pytest.mark.parametrize("turn", _turns(len(VALUES), TURNS))
def test_no_address_breaks_a_page(world: Marked, turn: int) -> None:
    faults = []
    for place, rule in enumerate(_rules(world, "GET")):
        every = _shuffled(ALL_AT_ONCE, VALUES, turn + place)
        query = every | _row(world, rule) if turn % 2 == 0 else every
        if fault := _open(world, rule, _address(world, rule), query):
            faults.append(f"{rule} {fault}")
    assert faults == []


@pytest.mark.parametrize("value", PATHS, ids=lambda value: value[:8].replace("\0", "0"))
def test_no_part_of_a_path_breaks_a_page(world: Marked, value: str) -> None:
    faults = []
    for rule in _rules(world, "GET"):
        parts = [part for part in rule.split("/") if "<" in part]
        for part in parts:
            address = _address(world, rule.replace(part, value))
            if fault := _open(world, rule, address, {}):
                faults.append(f"{rule} {part} {fault}")
    assert faults == []


def test_parameters_given_twice_or_as_lists_break_nothing(world: Marked) -> None:
    faults = []
    for rule in _rules(world, "GET"):
        row = _row(world, rule)
        twice = [*row.items(), *((key, "zzz") for key in row), ("id[]", "1"), ("size", "50"), ("size", "0050999999")]
        query = "&".join(f"{key}={value}" for key, value in twice) + "&&=&id&%ff=%fe&at=%ed%a0%80"
        if fault := _open(world, rule, _address(world, rule), query):
            faults.append(f"{rule} {fault}")
    assert faults == []


def test_a_size_that_is_not_offered_is_not_taken(world: Marked) -> None:
    for written in ("0050999999", "050", "1000000", "+50", "５０"):
        assert 'aria-current="true">50<' in world.get("chen", f"/children/?size={written}").text or (
            world.get("chen", f"/children/?size={written}").text.count("<tr") <= 52
        )


def _names(world: Marked) -> list[str]:
    keys = set(itertools.chain(*BY_SUBJECT.values()))
    form = world.get("zhou", f"/cases/{world.cases['ZX-2302']}/complete").text
    keys |= {part.split('"')[0] for part in form.split('name="')[1:]}
    keys |= {"is_sure", "year", "place", "role", "first_year", "word", "field", "school", "header", "was", "remember",
             "reason", "reason_choice", "theme", "language", "size", "session", "accepted", "login", "password",
             "current", "new", "repeat", "verb", "to", "note", "base", "request_key", "kept",
             "kept_before"}  # fmt: skip
    return sorted(keys - {"csrf_token", "viewport", "theme-color"})


def _some(names: Iterable[str], *chosen: str) -> list[Any]:
    return [name if name in chosen else pytest.param(name, marks=pytest.mark.deep) for name in names]


BODIES: dict[str, Any] = {
    "nothing": {},
    "oversized": "x" * 300,
    "deep": DEEP,
    "numbers": json.dumps({"name": 1, "note": None, "phone": ["a"]}),
    "turn 0": 0,
    "turn 5": 5,
}
TYPED = (*VALUES, "[1]", "a\r\n\tb\u2028c\x0b\x1b", ["1", "2", "3"], "2016-02-31", "0000-00-00", "9999-12-31", "")


def _believable(world: Marked, rule: str, person: str) -> dict[str, Any]:
    """The revision that stands now, so that broken values get past the check for stale forms."""
    current = {"children": 2, "cases": 3}.get(_screen(rule), 1)
    return {"csrf_token": world.tokens[person], "rev": str(current)}


@pytest.mark.parametrize("body", _some(BODIES, "nothing", "oversized", "deep", "turn 5"))
def test_no_form_breaks_a_page(world: Marked, body: str) -> None:
    faults, names, value = [], _names(world), BODIES[body]
    for rule in _rules(world, "POST"):
        typed: dict[str, Any] = {} if value == {} else dict.fromkeys(names, value)
        if body == "oversized":
            typed |= dict.fromkeys(("name", "note", "reason", "base", "request_key", "header"), "x" * 20_000) | {
                "name": "界" * 900
            }
        if isinstance(value, int):
            typed = _shuffled(names, TYPED, value + len(rule))
        if "/account/password" in rule or rule == "/login":
            typed = {key: typed[key] for key in ("current", "repeat") if key in typed}  # a verification takes long
        typed |= _believable(world, rule, _person(rule))
        if fault := _open(world, rule, _address(world, rule), _row(world, rule), "POST", data=typed):
            faults.append(f"{rule} {fault}")
    assert faults == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b'{"name": ["x"], "rev": {"a": 1}}'),
        pytest.param("application/json", b"{not json", marks=pytest.mark.deep),
        pytest.param("text/plain", b"name=x", marks=pytest.mark.deep),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\ncut off"),
        ("application/x-www-form-urlencoded; charset=utf-99", b"name=%ff%fe&rev=%ED%A0%80&=&&"),
        ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
        pytest.param("", b"\xff\xfe\x00", marks=pytest.mark.deep),
    ],
)  # fmt: skip
def test_no_kind_of_body_breaks_a_page(world: Marked, kind: str, content: bytes) -> None:
    faults = []
    for rule in _rules(world, "POST"):
        headers = {"X-CSRFToken": world.tokens[_person(rule)], "Referer": "https://localhost/"}
        more: dict[str, Any] = {"data": content, "content_type": kind, "headers": headers}
        if fault := _open(world, rule, _address(world, rule), _row(world, rule), "POST", **more):
            faults.append(f"{rule} {fault}")
    assert faults == []


def test_a_verb_on_a_hostile_number_changes_nothing(world: Marked) -> None:
    before = world.ids(SchoolYear), world.ids(Staff), world.ids(HeadingSynonym)
    for screen, verb in (("staff", "reset"), ("headings", "forget"), ("places", "close"), ("relatives", "remove")):
        for value in ("1,2", HUGE, "%00", "1"):
            typed = {"csrf_token": world.tokens[_person(screen)], "id": value, "verb": verb, "rev": value}
            assert _open(world, screen, f"/{screen}/action/", {}, "POST", data=typed) is None
            assert _open(world, screen, f"/{screen}/action/", {"id": value}, "POST", data=typed) is None
    assert (world.ids(SchoolYear), world.ids(Staff), world.ids(HeadingSynonym)) == before


def test_no_other_method_is_answered(world: Marked) -> None:
    methods = itertools.cycle(["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
    for rule, method in zip(_rules(world, "GET"), methods, strict=False):
        answer = world.clients["qin"].open(_address(world, rule), method=method, base_url="https://localhost")
        assert answer.status_code in (400, 404, 405), f"{method} {rule}: {answer.status_code}"
        answer.close()


def test_headers_that_no_browser_sends_break_nothing(world: Marked) -> None:
    for name, value in (("Referer", "https://["), ("User-Agent", "x" * 5000), ("Accept-Language", "zh;q=ab,,;"),
                        ("Cookie", "shouwang=zzz.zzz"), ("HX-Request", "maybe"), ("Range", "bytes=9-1"),
                        ("If-None-Match", '"'), ("X-Forwarded-For", "a, b"), ("Sec-Fetch-Site", "x")):  # fmt: skip
        for path in ("/", "/login", "/children/", "/search?q=a", "/account/sessions", "/static/css/tokens.css"):
            assert _open(world, "/", path, None, headers={name: value}) is None, (name, path)
        typed = {"csrf_token": world.tokens["qin"], "theme": "auto"}
        sent = {"data": typed, "headers": {name: value}}
        assert _open(world, "/", "/account/appearance", None, "POST", **sent) is None, name
