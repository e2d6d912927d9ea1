"""What a curious person asks: every GET route with every row, guessed numbers, searches and foreign filters."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from models.case import Case
from models.channel import Channel
from models.job import Job
from models.notice import Notice
from models.place import Place
from models.record import Record
from models.roster import HeadingSynonym
from models.school_year import Term
from models.staff import Appointment, Staff
from tests.web.marked import CLASSES, GUESSED, LOGINS, Marked, number_beside

TABS = ("overview", "care", "card", "records", "pairing", "plan", "cases", "changes")


def arguments_of(world: Marked) -> dict[str, list[str]]:
    """Return what can stand in each part of an address."""
    return {
        "<to>": ["zh"],
        "<screen>": ["children", "staff"],
        "<channel>": [*map(str, world.ids(Channel)), "9"],
        "<notice>": [*map(str, world.ids(Notice)), "9"],
        "<job>": [*map(str, world.ids(Job)), "9"],
        "<verb>": ["on", "off", "again", "nothing"],
        "<path:filename>": ["css/tokens.css"],
        "<export_type>": ["xlsx"],
        "<number>": [*world.cases.values(), *world.pairings.values(), *world.plans.values(), "MD-2026-9999"],
        "<transition>": ["complete", "not_left_behind", "check", "submit"],
        "<person>": [str(person.staff_id) for person in world.cast.actors.values()],
        "<delegation>": ["1", "12345"],
        "<case_verb>": ["copy", "urge", "hand_over", "watch"],
        "<paper>": ["case", "pledge", "plan", "inspection"],
        "<entry>": [str(entry) for code in CLASSES for entry in world.entries(code)[:9]],
        "<case>": [str(found) for found in world.ids(Case)],
        "<child>": [str(found) for found in world.children.values()],
        "<form>": ["talk", "guardian_meeting", "contact_card", "nothing"],
        "<record>": [str(found) for found in world.ids(Record)],
        "<attachment>": [str(found) for found in world.attachments.values()],
        "<level>/<code>": ["township/LX", "township/BT", "township/-", "school/ZX", "school/BX", "school/XZ",
                           *(f"class/{code}" for code in CLASSES), "city/QZ"],
        "<class_code>": [*CLASSES, "ZX", "-"],
        "<place>": ["LX", "BT", "ZX", "BX", "QZ", "ZX-2302", "-"],
        "<school>": ["ZX", "SQ", "BX", "XZ", "LX", "-"],
        "<draw>": [*world.draws.values(), "CQ-2026-9999"],
        "<int(max=9223372036854775807):batch_id>": [str(found) for found in world.batches.values()],
    }  # fmt: skip


def paths(world: Marked, rule: str) -> list[str]:
    """Return a rule's addresses with every row, own and foreign, in its place."""
    arguments = arguments_of(world)
    named = [name for name in arguments if name in rule]
    found = []
    for values in itertools.product(*(arguments[name] for name in named)):
        path = rule
        for name, value in zip(named, values, strict=True):
            path = path.replace(name, value)
        found.append(path)
    return found


def _searches(world: Marked) -> list[str]:
    words = ["林", "lin", "名", *(f"林{code.replace('-', '')}" for code in CLASSES), "bx2101", *world.cases.values()]
    return [f"q={quote(word)}" for word in [*words, "MD-2026-", "BX", "%", "_"]]


def queries(world: Marked, rule: str) -> list[str]:
    """Return what is asked of a rule: every row, guessed ones, searches, foreign filters, forged cursors."""
    rows: dict[str, list[int]] = {
        "children": list(world.children.values()),
        "relatives": list(world.relatives.values()),
        "records": world.ids(Record),
        "places": world.ids(Place),
        "staff": world.ids(Staff),
        "appointments": world.ids(Appointment),
        "terms": world.ids(Term),
        "headings": world.ids(HeadingSynonym),
    }
    screen, page = [*rule.strip("/").split("/"), ""][:2]
    of_screen = rows.get(screen, [])
    if page != "details" and len(of_screen) > len(CLASSES):
        of_screen = of_screen[::3]  # the directory's forms: some rows of each place are enough
    ids = [*map(str, of_screen), *GUESSED, number_beside(of_screen[-1] if of_screen else 0)]
    foreign = [f"{level}={code}" for level, code in (("township", "BT"), ("school", "BX"), ("class", "BX-2101"))]
    lists = [*_searches(world), *foreign, "size=100&order=new", "at=AAAA", f"before={world.children['BX-2101']}"]
    if rule in ("/search", "/cases/", "/children/", "/bulk/choose"):
        return ["", *lists]
    if rule == "/records/":
        return ["", *lists, *(f"child={child}" for child in rows["children"]), "by=mine", "state=voided", "until=x"]
    if rule == f"/{screen}/" and screen in rows:
        return ["", *foreign, f"q={quote('林')}", "q=b", "q=%25", "at=AAAA&size=100"]
    if page == "export":
        return ["", *foreign, f"q={quote('林')}"]
    if page == "details" and screen == "children":
        return [f"id={row}&tab={tab}" for row in of_screen for tab in TABS] + [f"id={row}" for row in GUESSED]
    if page in ("details", "edit", "move", "leave"):
        return [f"id={row}" for row in ids]
    if page == "confirm":
        verbs = {"relatives": "remove", "places": "close", "staff": "deactivate", "appointments": "end"}
        return [f"id={row}&verb={verbs.get(screen, 'forget')}&rev=1" for row in ids]
    if page == "reveal":
        own = [f"id={row}&field={field}" for row in ids for field in ("home_phone", "note")]
        pairs = [(row, relative) for row in rows["children"][:2] for relative in rows["relatives"][::2]]
        return own + [f"id={row}&relative={relative}&field=phone" for row, relative in pairs]
    if page == "new":
        named = {"relatives": "child", "appointments": "staff", "places": "parent"}.get(screen, "id")
        of_new = rows[{"child": "children", "staff": "staff", "parent": "places"}.get(named, "terms")]
        return [f"{named}={row}" for row in of_new]
    if page == "ajax":
        return [f"name=place&query={quote(word)}" for word in ("", "B", "%")]
    if rule in ("/audit/", "/audit/export"):
        people = ("", "qin", "白若川", "child=MD-2026-0004", f"child={quote('林')}", "case=MD-2026-0004", "refused=1")
        asked_for = [word if "=" in word else f"person={quote(word)}" for word in people]
        return asked_for + [f"whom={world.children[code]}" for code in ("ZX-2302", "BX-2101")]
    if rule in ("/inspections/", "/inspections/places", "/inspections/draws/new"):
        return ["", *foreign, "state=late", "state=x&before=1", "kind=class", f"q={quote('林')}", "place=BT"]
    if rule == "/inspections/draws/<draw>":
        return ["", "again=1"]
    if rule == "/filing/":
        return ["", *(f"place={code}" for code in ("QZ", "LX", "BT", "ZX", "BX", "XZ", "BX-2101", "-"))]
    if rule == "/focus/":
        return ["", *(f"place={code}" for code in ("QZ", "LX", "BT", "ZX", "BX", "BX-2101", "-"))]
    if rule == "/focus/<class_code>":
        return ["", "take=proposed"]
    if rule == "/roster/":
        return ["", "school=BX", "school=ZX", f"before={world.batches['BX']}"]
    if rule in ("/bulk/", "/bulk/<job>"):
        return ["", "before=9", "after=1", "reason=x"]
    return ["", "tab=diagram", "tab=records"] if rule == "/cases/<number>" else [""]


def text_of(answer: Any) -> str:
    """Return all that an answer says: its body, the cells of a sheet, its headers."""
    if "spreadsheet" in (answer.content_type or ""):
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            body = "".join(book.read(name).decode(errors="replace") for name in book.namelist())
    else:
        body = answer.get_data().decode(errors="replace")
    return body + unquote(" ".join(f"{key}: {value}" for key, value in answer.headers))


def asked(world: Marked, login: str, every: int) -> Iterator[tuple[str, Any]]:
    """Ask every GET route for every row; a route that refuses the person twice is not asked further.

    With `every` above one, only so many of a route's questions are put, other ones to each person.
    """
    first = LOGINS.index(login) % every if login in LOGINS else 0
    for rule in sorted({r.rule for r in world.site.url_map.iter_rules() if "GET" in (r.methods or ())}):
        if rule in ("/language/<to>", "/healthz", "/readyz"):
            continue
        refused = 0
        questions = list(itertools.product(paths(world, rule), queries(world, rule)))
        for path, query in questions[first::every] or questions[:1]:
            answer = world.get(login, f"{path}?{query}" if query else path)
            yield f"{path}?{query}", answer
            refused += answer.status_code in (302, 401, 403) and "<number>" not in rule and "batch" not in rule
            if refused == 2:
                break
