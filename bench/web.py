"""Pages through the real site, in this process: first page, deep page, search, edit, save, inbox, filing rate."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from admin_app import create_app
from admin_app.listing.cursor import edge, seal
from admin_app.views.children import ChildScreen
from bench.data import EVERYWHERE, World
from bench.figure import Figure, p50, p95, times_ms
from models.child import Child

BASE = "https://localhost"
CITY = "tangmy"  # the office that sees every child
TEACHER, SCHOOL, TOWNSHIP = "zhou", "qin", "chen"
REPEAT = 60
DEEP = 200_000
TOKEN = re.compile(r'(?:name="csrf_token"[^>]*value|data-csrf)="([^"]+)"')


def opened(world: World) -> Flask:
    """Return the site over the measured database, its clock standing at the measured moment."""
    return create_app(world.settings, clock=lambda: world.now)


def browser(world: World, app: Flask, login: str) -> FlaskClient:
    """Log one of the people in."""
    client = app.test_client()
    fields = {"login": login, "password": world.passwords[login], "csrf_token": _token(client, "/login")}
    answer = client.post("/login", data=fields, base_url=BASE)
    if answer.status_code != 302:
        raise RuntimeError(f"{login} cannot log in: {answer.status_code}")
    return client


def _token(client: FlaskClient, page: str) -> str:
    found = TOKEN.search(client.get(page, base_url=BASE).text)
    if found is None:
        raise RuntimeError(f"{page} has no form")
    return found[1]


def _page(client: FlaskClient, path: str) -> Callable[[], int]:
    def get() -> int:
        answer = client.get(path, base_url=BASE)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        return len(answer.data)

    return get


def _timed(name: str, work: Callable[[], int], bar: float, **details: object) -> Figure:
    taken, busy = times_ms(work, REPEAT)
    return Figure(name, p50(taken), "ms", bar, details={"p95": round(p95(taken), 2), "cpu": round(busy, 2), **details})


def list_first(world: World) -> Iterator[Figure]:
    """Measure the first page of fifty of the whole roll."""
    get = _page(browser(world, opened(world), CITY), "/children/")
    size = get() / 1000
    yield _timed("list first page p50", get, 10, kB=round(size, 1))
    yield Figure("list first page size", size, "kB", 60)


def list_deep(world: World) -> Iterator[Figure]:
    """Measure the page that begins at row 200,000 (or near the end where there are fewer)."""
    app = opened(world)
    order = ChildScreen.sort_orders[0]
    with world.database.session(EVERYWHERE) as session:
        depth = min(DEEP, (session.scalar(select(func.count()).select_from(Child)) or 0) * 9 // 10)
        row = session.scalars(select(Child).order_by(*order.columns).offset(depth).limit(1)).one()
    with app.test_request_context(base_url=BASE):
        at = seal(f"{ChildScreen.key}:{order.key}", edge(row, order.names, True))
    client = browser(world, app, CITY)
    yield _timed(f"list page at row {depth:,} p50", _page(client, f"/children/?at={at}"), 10)


def search(world: World) -> Iterator[Figure]:
    """Measure the search by part of a name, by its reading and by its initials."""
    client = browser(world, opened(world), CITY)
    for kind, words in (("part", "子轩"), ("reading", "zixuan"), ("initials", "wzx")):
        yield _timed(f"search by {kind} of a name p50", _page(client, f"/search?q={words}"), 10)


def edit(world: World) -> Iterator[Figure]:
    """Measure opening a child's form and saving it with audit, each with its record committed."""
    client = browser(world, opened(world), TEACHER)
    with world.database.session(EVERYWHERE) as session:
        codes = [post.branch.code for post in world.actor(TEACHER).posts]
        child = session.scalars(select(Child.id).where(Child.class_code.in_(codes)).limit(1)).one()
    path = f"/children/edit/?id={child}"
    yield _timed("edit page p50", _page(client, path), 10)
    fields = _form(client.get(path, base_url=BASE).text)
    yield _timed("save with audit p50", _save(client, path, fields), 8)


def _save(client: FlaskClient, path: str, fields: dict[str, str]) -> Callable[[], int]:
    def save() -> int:
        shown = json.loads(fields["base"]) | {"interests": fields["interests"]}
        fields["base"] = json.dumps(shown, ensure_ascii=False)
        fields["interests"] = "下棋" if fields["interests"] != "下棋" else "画画"
        answer = client.post(path, data=fields, base_url=BASE)
        if answer.status_code != 302:
            raise RuntimeError(f"not saved: {answer.status_code}")
        fields["rev"] = str(int(fields["rev"]) + 1)
        return 0

    return save


def _form(page: str) -> dict[str, str]:
    """Return the fields of a page's form as a browser would send them back."""
    main = page[page.index("<main") :]
    fields = dict(_inputs(main))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.S):
        chosen = re.search(
            r'<option[^>]*selected[^>]*value="([^"]*)"|<option[^>]*value="([^"]*)"[^>]*selected', options
        )
        fields[name] = next((value for value in chosen.groups() if value), "") if chosen else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', main, re.S):
        fields[name] = unescape(text.strip())
    return fields


def _inputs(page: str) -> Iterator[tuple[str, str]]:
    for tag in re.findall(r"<input[^>]*>", page):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        if name is None or (kind and kind[1] in ("checkbox", "radio") and "checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        yield name[1], unescape(value[1]) if value else ""


def inbox(world: World) -> Iterator[Figure]:
    """Measure the inbox of a class teacher, of a school's, a township's and the city's office, and its count."""
    app = opened(world)
    for login in (TEACHER, SCHOOL, TOWNSHIP, CITY):
        client = browser(world, app, login)
        yield _timed(f"inbox of {login} p50", _page(client, "/inbox/"), 50)
        yield _timed(f"what {login} did p50", _page(client, "/inbox/?tab=done"), 50)
        yield _timed(f"count of the menu for {login} p50", _page(client, "/inbox/count"), 50)


def filing(world: World) -> Iterator[Figure]:
    """Measure the page of filing rates over all cases of the city."""
    yield _timed("filing rate page p50", _page(browser(world, opened(world), CITY), "/filing/"), 5)
